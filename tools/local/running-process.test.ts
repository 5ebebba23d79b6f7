import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { isRunning } from './running-process.ts';

const test = suite('running process');

/** Listens, and has threads that take the kernel a while to end: each has touched much memory. */
const program = `
  import { createServer } from 'node:net';
  import { Worker } from 'node:worker_threads';
  const work = 'const kept = Buffer.alloc(50_000_000, 1); setInterval(() => kept, 1_000)';
  for (let count = 0; count < 4; count += 1) new Worker(work, { eval: true });
  const server = createServer().listen(0, '127.0.0.1', () => process.send(server.address().port));
`;

test('a killed process counts as gone once its port is free, not before', async () => {
  const file = join(temporaryFolder(), 'program.mjs');
  writeFileSync(file, program);
  // Where the threads were not waited for, the port was taken 34 times of 40.
  for (let round = 0; round < 5; round += 1) {
    const child = fork(file, { stdio: 'inherit' });
    const exited = once(child, 'exit');
    const [port] = (await once(child, 'message')) as [number];
    child.kill('SIGKILL');
    while (isRunning(child.pid!));
    const server = createServer().listen(port, '127.0.0.1');
    // Throws when the port is taken.
    await once(server, 'listening');
    server.close();
    await exited;
  }
});

test.run();
