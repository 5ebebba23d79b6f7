import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';

const test = suite('lifecycle');

interface Line {
  msg: string;
  level: string;
  why?: string;
  what?: string;
  error?: { message: string; stack: string };
}

interface Run {
  child: ChildProcess;
  /** Resolves when the line has been printed. */
  printed(text: string): Promise<void>;
  ended: Promise<{ code: number | null; lines: Line[] }>;
}

/** Starts a gateway process whose start function has the given body. */
function run(body: string, options: { ipc?: boolean } = {}): Run {
  const code = `
    const { runService } = await import(${JSON.stringify(import.meta.resolve('./lifecycle.ts'))});
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const forever = setInterval(() => {}, 1000);
    await runService('gateway', async ({ log, onStop, config }) => { ${body} });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit', ...(options.ipc ? (['ipc'] as const) : [])],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const printed = async (text: string) => {
    while (!output.includes(text)) await once(child.stdout as NodeJS.ReadableStream, 'data');
  };
  // Not 'close': it never comes for a child whose IPC channel was closed by hand.
  const closed = Promise.all([
    once(child, 'exit'),
    once(child.stdout as NodeJS.ReadableStream, 'end'),
  ]);
  const ended = closed.then(([[exitCode]]) => ({
    code: exitCode as number | null,
    lines: output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  }));
  return { child, printed, ended };
}

const messages = (lines: Line[]) => lines.map((line) => line.msg);

const openTwo = `
  onStop('first', () => log.info('first closed'));
  onStop('second', async () => { await sleep(20); log.info('second closed'); });`;

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} closes in reverse order and exits with 0`, async () => {
    const service = run(openTwo);
    await service.printed('started');
    service.child.kill(signal);
    const { code, lines } = await service.ended;
    assert.equal(messages(lines), ['started', 'stopping', 'second closed', 'first closed']);
    assert.is(code, 0);
  });
}

test('a second signal while stopping changes nothing', async () => {
  const service = run(`onStop('slow', async () => { await sleep(200); log.info('closed'); });`);
  await service.printed('started');
  service.child.kill('SIGINT');
  await service.printed('stopping');
  service.child.kill('SIGTERM');
  const { code, lines } = await service.ended;
  assert.equal(messages(lines), ['started', 'stopping', 'closed']);
  assert.is(code, 0);
});

test('the end of the launcher stops the service', async () => {
  const service = run(openTwo, { ipc: true });
  await service.printed('started');
  service.child.disconnect();
  const { code, lines } = await service.ended;
  assert.is(lines[1]?.why, 'the launcher is gone');
  assert.is(code, 0);
});

test('a start that fails closes what it had opened and exits with 1', async () => {
  const service = run(`${openTwo} throw new Error('no database');`);
  const { code, lines } = await service.ended;
  assert.equal(messages(lines), ['the start failed', 'stopping', 'second closed', 'first closed']);
  assert.is(lines[0]?.error?.message, 'no database');
  assert.is(code, 1);
});

test('a signal during the start closes what is open so far', async () => {
  const service = run(
    `onStop('first', () => log.info('first closed')); log.info('opening'); await sleep(60_000);`,
  );
  await service.printed('opening');
  service.child.kill('SIGTERM');
  const { code, lines } = await service.ended;
  assert.equal(messages(lines), ['opening', 'stopping', 'first closed']);
  assert.is(code, 0);
});

test('a closer that fails does not keep the others open, and the exit code tells', async () => {
  const service = run(`
    onStop('first', () => log.info('first closed'));
    onStop('second', () => { throw new Error('stuck'); });`);
  await service.printed('started');
  service.child.kill('SIGTERM');
  const { code, lines } = await service.ended;
  assert.equal(messages(lines), ['started', 'stopping', 'closing failed', 'first closed']);
  assert.is(code, 1);
});

test('closing that never ends is cut off within ten seconds', async () => {
  const service = run(`onStop('stuck', () => new Promise(() => {}));`);
  await service.printed('started');
  const startedMs = Date.now();
  service.child.kill('SIGTERM');
  const { code, lines } = await service.ended;
  assert.ok(Date.now() - startedMs < 10_000);
  assert.is(lines.at(-1)?.what, 'stuck');
  assert.is(code, 1);
});

for (const [what, body] of [
  ['an exception', `setTimeout(() => { throw new Error('oops'); }, 10);`],
  ['a rejection', `setTimeout(() => Promise.reject(new Error('oops')), 10);`],
] as const) {
  test(`${what} that nobody catches is logged with its stack, and exits with 1`, async () => {
    const { code, lines } = await run(body).ended;
    // The line that it has started may come after it.
    const fatal = lines.filter(({ level }) => level === 'fatal');
    assert.equal(
      fatal.map(({ error }) => error?.message),
      ['oops'],
    );
    assert.ok(fatal[0]?.error?.stack);
    assert.is(code, 1);
  });
}

test.run();
