// The health check of an image: exits 0 when the process beside it says that it is ready.
// Plain JavaScript, because it starts anew every few seconds (measured: 60 ms of processor time, as
// TypeScript 105 ms).
import { request } from 'node:http';

const options = { host: '127.0.0.1', port: Number(process.argv[2]), path: '/readyz', agent: false };
request(options, (answer) => {
  process.exitCode = answer.statusCode === 200 ? 0 : 1;
  answer.pipe(process.stdout);
})
  .setTimeout(8_000, () => process.exit(1))
  .on('error', (error) => {
    process.stdout.write(`${error.message}\n`);
    process.exitCode = 1;
  })
  .end();
