import * as assert from 'uvu/assert';
import { Instance, InstanceCounters } from '#gen/purser/operations/v1/instance.ts';
import { suite } from '#test/harness/suite.ts';
import { type Sample, throughputBetween } from './throughput.ts';

const test = suite('throughput');

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second));

function instance(
  runId: string,
  startSecond: number,
  counters: Partial<InstanceCounters>,
  outboxMessages = 0n,
) {
  const found: Instance = {
    ...Instance.decode(new Uint8Array()),
    service: runId.slice(0, 1),
    runId,
    startTime: at(startSecond),
    backlog: { outboxMessages, outboxLagMs: 0n, deadLetters: 0n },
    counters: { ...InstanceCounters.decode(new Uint8Array()), ...counters },
  };
  return { service: found.service, address: runId, instance: found, problem: '' };
}

const silent = { service: 'a', address: 'x', instance: undefined, problem: 'CANCELLED' };

test('what all instances did is added up, with what waits once for each service', () => {
  const before: Sample = {
    time: at(10),
    instances: [instance('a1', 0, { ordersPaid: 5n }), instance('a2', 0, { ordersPaid: 1n })],
  };
  const after: Sample = {
    time: at(15),
    instances: [
      instance('a1', 0, { ordersPaid: 9n, messagesPublished: 2n }, 7n),
      instance('a2', 0, { ordersPaid: 2n }, 7n),
      instance('b1', 0, {}, 1n),
    ],
  };
  const done = throughputBetween(before, after);
  assert.is(done.ordersPaid, 5n);
  assert.is(done.messagesPublished, 2n);
  assert.is(done.outboxMessages, 8n);
  assert.is(done.intervalMs, 5_000);
  assert.equal(done.endTime, at(15));
});

test('who started meanwhile has done all of it meanwhile; counting begins anew', () => {
  const before: Sample = { time: at(10), instances: [instance('a1', 0, { ordersPaid: 5_000n })] };
  const after: Sample = { time: at(15), instances: [instance('a2', 12, { ordersPaid: 3n })] };
  assert.is(throughputBetween(before, after).ordersPaid, 3n);
});

test('who did not answer makes no peak when it answers again', () => {
  const before: Sample = { time: at(10), instances: [silent] };
  const after: Sample = { time: at(15), instances: [instance('a1', 0, { ordersPaid: 5_000n })] };
  assert.is(throughputBetween(before, after).ordersPaid, 0n);
  assert.is(throughputBetween(after, { time: at(20), instances: [silent] }).ordersPaid, 0n);
});

test.run();
