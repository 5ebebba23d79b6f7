import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { healthOf } from './health.ts';

const test = suite('health of the system');

test('every part is listed, those that do not run with what is wrong', () => {
  const report = {
    ready: false,
    checks: ['payments', 'orders'],
    failures: { payments: 'timeout' },
  };
  assert.equal(healthOf(report), {
    kind: 'not-ready',
    parts: [
      { name: 'gateway', outcome: 'ok' },
      { name: 'orders', outcome: 'ok' },
      { name: 'payments', outcome: 'timeout' },
    ],
  });
});

test('what can be done without is told apart', () => {
  const checks = ['notifications', 'orders'];
  const failures = { notifications: 'failed' };
  const report = { ready: true, degraded: true, checks, failures };
  assert.is(healthOf(report).kind, 'degraded');
  assert.is(healthOf({ ready: true, degraded: false, checks, failures: {} }).kind, 'ready');
});

test('a gateway that stops names itself', () => {
  const { parts } = healthOf({ ready: false, failures: { process: 'stopping' } });
  assert.equal(parts.at(-1), { name: 'process', outcome: 'stopping' });
});

test('something else that answers is no gateway', () => {
  assert.throws(() => healthOf({ ok: true }), /no report/);
});

test.run();
