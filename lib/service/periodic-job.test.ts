import * as assert from 'uvu/assert';
import type { Timing } from '#lib/batch/timing.ts';
import { testLog } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { PeriodicJob } from './periodic-job.ts';

const test = suite('periodic job');

/** Time that passes as soon as somebody waits for it; `slept` is how long each wait was. */
function timing(random: number): Timing & { slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    now: () => 0,
    random: () => random,
    sleep: async (ms) => {
      slept.push(ms);
      await new Promise((resume) => setImmediate(resume));
    },
  };
}

test('runs go on after a failure, an interval apart, until it is stopped', async () => {
  const time = timing(0.5);
  let runs = 0;
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const run = async () => {
    runs += 1;
    if (runs === 2) throw new Error('the second run fails');
    if (runs === 4) resolve();
  };
  const job = new PeriodicJob(
    { name: 'j', intervalMs: 1_000, run },
    { log: testLog, timing: time },
  );
  job.start();
  await enough;
  await job.stop();
  const runsAtStop = runs;
  await new Promise((resume) => setTimeout(resume, 20));
  assert.is(runs, runsAtStop);
  assert.equal(time.slept.slice(0, 4), [500, 1_000, 1_000, 1_000]);
});

test('a stop aborts the run in flight and waits for its end', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  let ended = false;
  const run = async (signal: AbortSignal) => {
    begin();
    await new Promise((resume) => signal.addEventListener('abort', resume, { once: true }));
    ended = true;
  };
  const options = { log: testLog, timing: timing(0) };
  const job = new PeriodicJob({ name: 'j', intervalMs: 1_000, run }, options);
  job.start();
  await begun;
  await job.stop();
  assert.ok(ended);
});

test.run();
