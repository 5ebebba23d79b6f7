// Makes certificates for development: `npm run certs -- [--out FOLDER] [--days N]`. A second run
// renews them, and processes that run take them up by themselves.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeCertificates } from './write-certificates.ts';

const usage = 'npm run certs -- [--out FOLDER] [--days 1…90]';

try {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: '.purser/certificates' },
      days: { type: 'string', default: '30' },
    },
  });
  const days = Number(values.days);
  if (!/^\d{1,2}$/.test(values.days) || days < 1 || days > 90) {
    throw new Error(`--days takes 1 to 90, not ${values.days}.`);
  }
  const folder = resolve(values.out);
  const names = await writeCertificates(folder, { days });
  console.log(`Certificates for ${days} days in ${folder}: ${names.join(', ')}.`);
  console.log('For development only. PURSER_TLS_FOLDER of each process is its folder in there.');
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`);
  process.exitCode = 1;
}
