import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { runClosedLoop } from './closed-loop.ts';

const test = suite('the closed loop');

test('keeps each caller at one call at a time, and counts what succeeded', async () => {
  const inFlight = [0, 0, 0];
  let calls = 0;
  const callers = inFlight.map((_, caller) => async () => {
    inFlight[caller]! += 1;
    assert.is(inFlight[caller], 1);
    await sleep(2);
    inFlight[caller]! -= 1;
    return (calls += 1) % 2 === 0;
  });
  const plan = { concurrency: 2, warmUpMs: 0, measureMs: 200 };
  const result = await runClosedLoop(plan, callers);
  assert.ok(result.calls > 10 && result.calls <= calls, String(result.calls));
  assert.ok(Math.abs(result.failures - result.calls / 2) <= 2);
  assert.is(inFlight[2], 0);
});

test('counts nothing of the warm-up', async () => {
  const at: number[] = [];
  let measuredFrom = 0;
  const plan = { concurrency: 1, warmUpMs: 100, measureMs: 100 };
  const caller = async () => {
    await sleep(5);
    at.push(performance.now());
    return true;
  };
  const onMeasure = () => (measuredFrom = performance.now());
  const { calls } = await runClosedLoop({ ...plan, onMeasure }, [caller]);
  assert.ok(calls <= at.filter((time) => time >= measuredFrom - 5).length + 1);
  assert.ok(calls < at.length);
});

test('at a rate, a call that had to wait for its caller counts from when it was due', async () => {
  let first = true;
  const slowOnce = async () => {
    if (first) await sleep(100);
    first = false;
    return true;
  };
  const plan = { concurrency: 1, warmUpMs: 0, measureMs: 150, ratePerSecond: 100 };
  const { latencyMs } = await runClosedLoop(plan, [slowOnce]);
  // Eight calls became due during the slow one. Only counted from then are they slow as well.
  assert.ok(latencyMs.p50 > 10, String(latencyMs.p50));
});

test.run();
