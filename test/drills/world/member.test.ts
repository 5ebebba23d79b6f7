import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { Member } from './member.ts';

const test = suite('a member of the system under drill');

let starts = 0;
let refusals = 0;

async function start() {
  if (refusals > 0) {
    refusals -= 1;
    throw new Error('the port is taken');
  }
  starts += 1;
  // A child of its own, as the sessions of PostgreSQL are.
  const child = spawn('/bin/sh', ['-c', 'sleep 20 & wait'], {
    detached: true,
    stdio: 'ignore',
  });
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (_code, signal) => resolve(String(signal)));
  });
  const end = () => process.kill(-child.pid!, 'SIGKILL');
  return { pid: child.pid!, exited, killNow: end, stop: async () => end() };
}

const member = new Member('sleeper', 'nats', start);
test.before(() => member.start());
test.after(() => member.stop());

const again = (count: number) =>
  eventually(
    async () => [starts, member.pid !== undefined],
    ([seen, isUp]) => seen === count && isUp === true,
  );

const stateOf = (pid: number) => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

test('is started again when it dies, however often its start fails', async () => {
  refusals = 2;
  const { pid } = member;
  assert.ok(await member.kill());
  await again(2);
  assert.is.not(member.pid, pid);
  assert.is(member.deaths, 1);
});

test('stays down while it is held', async () => {
  member.hold();
  await member.kill();
  await sleep(300);
  assert.is(starts, 2);
  assert.is(member.pid, undefined);
  assert.is(await member.kill(), false);
  member.release();
  await member.up();
  assert.is(starts, 3);
});

test('is frozen with its children, and goes on', async () => {
  if (process.platform !== 'linux') return;
  const pid = member.pid!;
  await sleep(50);
  member.freeze();
  await eventually(
    async () => stateOf(pid),
    (state) => state === 'T',
  );
  member.thaw();
  await eventually(
    async () => stateOf(pid),
    (state) => state === 'S',
  );
});

test('can be killed while it is frozen', async () => {
  member.freeze();
  await member.kill();
  await again(4);
});

test.run();
