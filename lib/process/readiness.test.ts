import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import { createLogger } from '#lib/log/logger.ts';
import { Readiness, type Check } from './readiness.ts';

const test = suite('readiness');
const log = createLogger({ service: 'test', instance: '0', level: 'silent' });

function readiness(checks: Record<string, Check>, timeoutMs = 50): Readiness {
  return new Readiness({ checks, log, timeoutMs });
}

test('a process whose checks pass is ready', async () => {
  const report = await readiness({ database: async () => 'pong', broker: () => true }).report();
  assert.equal(report, {
    ready: true,
    degraded: false,
    checks: ['broker', 'database'],
    failures: {},
  });
});

test('a report names what failed and what did not answer in time', async () => {
  const report = await readiness({
    database: () => Promise.reject(new Error('refused')),
    broker: () => sleep(500, undefined, { ref: false }),
    thrown: () => {
      throw new Error('at once');
    },
    fine: () => undefined,
  }).report();
  assert.is(report.ready, false);
  assert.equal(report.failures, { database: 'failed', broker: 'timeout', thrown: 'failed' });
});

test('without what it can do without, a process is ready and degraded', async () => {
  const failing = new Set(['extra']);
  const check = (name: string) => () => {
    if (failing.has(name)) throw new Error('away');
  };
  const checks = { extra: check('extra'), needed: check('needed') };
  const subject = new Readiness({ checks, dispensable: ['extra'], log });
  const { ready, degraded, failures } = await subject.report();
  assert.equal([ready, degraded, failures], [true, true, { extra: 'failed' }]);
  failing.add('needed');
  const worse = await subject.report();
  assert.equal([worse.ready, worse.degraded], [false, false]);
  failing.clear();
  const well = await subject.report();
  assert.equal([well.ready, well.degraded], [true, false]);
});

test('a stopping process is not ready, even while a round is under way', async () => {
  const subject = readiness({ slow: () => sleep(30) });
  const underWay = subject.report();
  subject.stop();
  assert.equal((await underWay).failures, { process: 'stopping' });
  assert.equal((await subject.report()).failures, { process: 'stopping' });
});

test('probes that arrive during a round share it', async () => {
  let rounds = 0;
  const subject = readiness({
    slow: async () => {
      rounds += 1;
      await sleep(20);
    },
  });
  await Promise.all([subject.report(), subject.report(), subject.report()]);
  assert.is(rounds, 1);
  await subject.report();
  assert.is(rounds, 2);
});

test('a watcher hears of the first state and of each change, until it ends', async () => {
  let up = false;
  const subject = readiness({ database: () => up || Promise.reject(new Error('down')) });
  const heard: boolean[] = [];
  const unwatch = subject.watch((ready) => heard.push(ready), 5);
  await sleep(30);
  up = true;
  await sleep(30);
  subject.stop();
  await sleep(30);
  assert.equal(heard, [false, true, false]);
  unwatch();
});

test('a watcher that ended hears nothing more', async () => {
  const heard: boolean[] = [];
  const unwatch = readiness({}).watch((ready) => heard.push(ready), 5);
  unwatch();
  await sleep(20);
  assert.equal(heard, []);
});

test.run();
