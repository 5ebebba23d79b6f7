// Makes certificates for development: `npm run certs`.
import { resolve } from 'node:path';
import { readArguments, wholeNumber } from '../command/read-arguments.ts';
import { writeCertificates } from './write-certificates.ts';

const usage = `npm run certs -- [--out FOLDER] [--days N]
Makes certificates for development. A second run renews them, and processes that run take them up
by themselves.
  --out FOLDER  where; .purser/certificates unless told otherwise
  --days N      how long they are valid, 1 to 90; 30 unless told otherwise`;

const options = {
  out: { type: 'string', default: '.purser/certificates' },
  days: { type: 'string', default: '30' },
} as const;

const { folder, days } = readArguments(usage, { options }, ({ values }) => ({
  folder: resolve(values.out),
  days: wholeNumber('--days', values.days, { min: 1, max: 90 }),
}));
try {
  const names = await writeCertificates(folder, { days });
  console.log(`Certificates for ${days} days in ${folder}: ${names.join(', ')}.`);
  console.log('For development only. PURSER_TLS_FOLDER of each process is its folder in there.');
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
