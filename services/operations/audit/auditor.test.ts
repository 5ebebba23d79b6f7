import { register } from 'prom-client';
import * as assert from 'uvu/assert';
import { testLog as log } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { Auditor, type AuditorOptions } from './auditor.ts';
import type { AuditReport } from './report.ts';

const test = suite('the auditor');

const clock = () => new Date('2026-01-31T12:00:00Z');

function report(broken: number, more = false): AuditReport {
  const rows = Array.from({ length: broken }, (_, row) => ({ row, time: new Date(0), n: null }));
  const words = { says: 's', unit: 'u', means: 'm', repair: 'r' };
  return {
    startTime: '2026-01-31T12:00:00.000Z',
    tookMs: 5,
    graceMs: 60_000,
    sources: { orders: 'here' },
    checks: [{ id: 'I1', where: 'orders', ...words, checked: 7, inFlight: 1, broken: rows, more }],
  };
}

const auditor = (run: AuditorOptions['run'], intervalSeconds = 0) =>
  new Auditor({ run, intervalSeconds, log, clock });

const metric = async () =>
  (await register.getSingleMetric('purser_invariant_violations')!.get()).values;

test('one audit at a time, whose progress is told until it has ended', async () => {
  const steps = Promise.withResolvers<AuditReport>();
  let runs = 0;
  const tested = auditor(({ onProgress }) => {
    runs += 1;
    onProgress?.(3, 20);
    return steps.promise;
  });
  assert.is(tested.state.lastReport, undefined);
  const [first, second] = [tested.run(), tested.run()];
  await Promise.resolve();
  assert.equal(tested.state.progress, { startTime: clock(), doneSteps: 3, totalSteps: 20 });
  steps.resolve(report(0));
  await Promise.all([first, second]);
  assert.is(runs, 1);
  assert.is(tested.state.progress, undefined);
  assert.is(tested.state.lastReport?.sound, true);
  await tested.run();
  assert.is(runs, 2);
});

test('what is broken is told in the report and by a metric, until it is mended', async () => {
  const found = [report(50, true), report(0)];
  const tested = auditor(async () => found.shift()!);
  await tested.run();
  const [check] = tested.state.lastReport!.checks;
  assert.is(tested.state.lastReport?.sound, false);
  assert.equal(check?.brokenRows[1], { row: 1, time: '1970-01-01T00:00:00.000Z', n: null });
  assert.is(check?.hasMore, true);
  assert.equal(
    (await metric()).map(({ value, labels }) => [labels, value]),
    [[{ invariant: 'I1', where: 'orders' }, 51]],
  );
  await tested.run();
  assert.is((await metric())[0]?.value, 0);
});

test('an audit that cannot look is told beside the last that could', async () => {
  let isDown = false;
  const tested = auditor(async () => {
    if (isDown) throw new Error('no database answers');
    return report(0);
  });
  await tested.run();
  isDown = true;
  await tested.run();
  assert.is(tested.state.problem, 'no database answers');
  assert.equal(tested.state.problemTime, clock());
  assert.ok(tested.state.lastReport);
  isDown = false;
  await tested.run();
  assert.equal([tested.state.problem, tested.state.problemTime], ['', undefined]);
});

test('without an interval only those audits are made that somebody asks for', () => {
  assert.equal(auditor(async () => report(0)).jobs(), []);
  const [job] = auditor(async () => report(0), 900).jobs();
  assert.is(job?.intervalMs, 900_000);
});

test('a stop does not wait for the audit in hand', async () => {
  const stop = new AbortController();
  const [job] = auditor(() => new Promise(() => {}), 1).jobs();
  const running = job!.run(stop.signal);
  stop.abort();
  await running;
});

test.run();
