import * as assert from 'uvu/assert';
import type { InstanceStatus } from '#gen/purser/operations/v1/system_status.ts';
import { Instance, InstanceCounters } from '#gen/purser/operations/v1/instance.ts';
import { suite } from '#test/harness/suite.ts';
import { Sampler } from './sampler.ts';

const test = suite('the sampler');

function fixture() {
  const state = { seconds: 0, ordersPaid: 0n, asked: 0 };
  const ask = async (): Promise<InstanceStatus[]> => {
    state.asked += 1;
    const counters = {
      ...InstanceCounters.decode(new Uint8Array()),
      ordersPaid: state.ordersPaid,
    };
    const startTime = new Date(0);
    const instance = { ...Instance.decode(new Uint8Array()), runId: 'a', startTime, counters };
    return [{ service: 'orders', address: 'a', instance, problem: '' }];
  };
  const clock = () => new Date(1_000_000 + state.seconds * 1_000);
  const sampler = new Sampler({ ask, clock });
  const look = async () => {
    state.seconds += 5;
    await sampler.job().run(new AbortController().signal);
  };
  return { state, sampler, look };
}

test('who asks before the first sample gets one, others at that time the same', async () => {
  const { state, sampler } = fixture();
  const [one, two] = await Promise.all([sampler.status(), sampler.status()]);
  assert.is(state.asked, 1);
  assert.equal(one, two);
  assert.equal(one.throughput, []);
  await sampler.status();
  assert.is(state.asked, 1);
});

test('what was done between samples is kept for ten minutes, oldest first', async () => {
  const { state, sampler, look } = fixture();
  for (let round = 1; round <= 125; round += 1) {
    state.ordersPaid += BigInt(round);
    await look();
  }
  const { throughput } = await sampler.status();
  assert.is(throughput.length, 120);
  assert.is(throughput.at(-1)?.ordersPaid, 125n);
  assert.is(throughput[0]?.ordersPaid, 6n);
  assert.is(throughput[0]?.intervalMs, 5_000);
});

test.run();
