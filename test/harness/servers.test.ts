import { readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { runProgram } from './program.ts';
import { suite } from './suite.ts';
import { temporaryFolder } from './temporary-folder.ts';

const test = suite('test servers');

const folder = temporaryFolder();

/** A program that starts both servers for itself, prints their addresses, and ends. */
function programEndingBy(ending: string): string {
  const file = join(folder, 'program.ts');
  const servers = resolve(import.meta.dirname, 'servers.ts');
  writeFileSync(
    file,
    `import { testNats, testPostgres } from '${servers}';
    const [postgres, nats] = await Promise.all([testPostgres(), testNats()]);
    console.log(JSON.stringify({ postgres: postgres.url('x'), nats: nats.url }));
    ${ending}`,
  );
  return file;
}

async function isGone(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((done) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => done(false)).once('error', () => done(true));
    socket.once('connect', () => socket.destroy());
  });
}

for (const [how, ending] of [
  ['ends by itself', ''],
  ['throws', `throw new Error('crash');`],
  ['is killed', `process.kill(process.pid, 'SIGKILL');`],
] as const) {
  test(`servers of a test file end with it when it ${how}`, async () => {
    const tmp = temporaryFolder();
    const { PATH, PURSER_DATA } = process.env;
    const env = { PATH, PURSER_DATA, TMPDIR: tmp };
    const { output } = await runProgram(process.execPath, [programEndingBy(ending)], { env });
    const urls = JSON.parse(/\{.*\}/.exec(output)?.[0] ?? output) as Record<string, string>;
    for (const url of Object.values(urls)) {
      while (!(await isGone(url))) await sleep(50);
    }
    // The folders go with the servers.
    while (readdirSync(tmp).length > 0) await sleep(50);
    assert.is(Object.keys(urls).length, 2);
  });
}

test.run();
