import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import * as assert from 'uvu/assert';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { BreakableNats } from './breakable-nats.ts';
import { type ConsumerFixture, durable, openConsumers, type Running } from './consumer-fixture.ts';
import { streamOf } from './topology.ts';

const test = suite('consumer and a broken broker');

let nats: BreakableNats;
let fixture: ConsumerFixture;
test.before.each(async () => {
  nats = await BreakableNats.create();
  fixture = openConsumers(nats.url);
});
test.after.each(async () => {
  await fixture.close();
  await nats.stop();
});

/** A consumer that has handled one event, so that it stands. */
async function standing(): Promise<Running> {
  await nats.start();
  const running = fixture.consume({ ackWaitMs: 1_000 });
  await handles(running, await fixture.publish(1));
  return running;
}

async function handles({ handled }: Running, ids: string[]): Promise<number> {
  const start = performance.now();
  await eventually(async () => ids.every((id) => handled.includes(id)), Boolean, 15_000);
  return performance.now() - start;
}

async function manager() {
  return jetstreamManager(await fixture.broker.connected());
}

test('a consumer that starts before the broker works once there is one', async () => {
  const running = fixture.consume();
  await sleep(300);
  await nats.start();
  await handles(running, await fixture.publish(2));
});

test('it can be stopped while there is no broker', async () => {
  const running = fixture.consume();
  await sleep(50);
  await running.stop();
});

test(
  'a broker that is killed three times under load loses it no event',
  async () => {
    const running = await standing();
    const ids: string[] = [];
    for (let crash = 0; crash < 3; crash += 1) {
      ids.push(...(await fixture.publish(200)));
      await nats.kill();
      await sleep(100);
      await nats.start();
      ids.push(...(await fixture.publish(50)));
    }
    const took = await handles(running, ids);
    assert.ok(took < 8_000, `${took} ms`);
  },
  { timeoutMs: 120_000 },
);

test('a stream that is deleted and made again is consumed', async () => {
  const running = await standing();
  await (await manager()).streams.delete(streamOf(fixture.domain).name);
  const took = await handles(running, await fixture.publish(2));
  assert.ok(took < 8_000, `${took} ms`);
});

/** nats-server 2.9 may trip over its own folder as it deletes it; the durable is gone then. */
async function deleteDurable(): Promise<void> {
  const { consumers } = await manager();
  await consumers.delete(streamOf(fixture.domain).name, durable).catch((error: Error) => {
    if (!/directory not empty/.test(error.message)) throw error;
  });
}

test('a durable that is deleted is made again', async () => {
  const running = await standing();
  await deleteDurable();
  const took = await handles(running, await fixture.publish(2));
  assert.ok(took < 8_000, `${took} ms`);
});

test('a broker that lost its storage is consumed again', async () => {
  const running = await standing();
  await nats.killAndWipe();
  await nats.start();
  await handles(running, await fixture.publish(2));
});

for (const ms of [1_000, 7_000]) {
  test(
    `a broker that froze for ${ms} ms is consumed again`,
    async () => {
      const running = await standing();
      await nats.freeze();
      await sleep(ms);
      nats.thaw();
      const took = await handles(running, await fixture.publish(2));
      assert.ok(took < 8_000, `${took} ms`);
    },
    { timeoutMs: 120_000 },
  );
}

test('a stop while the broker is frozen is quick', async () => {
  const running = await standing();
  await nats.freeze();
  const start = performance.now();
  await running.stop();
  assert.ok(performance.now() - start < 3_000);
  nats.thaw();
});

test.run();
