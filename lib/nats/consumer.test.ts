import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { headers } from '@nats-io/transport-node';
import * as assert from 'uvu/assert';
import { systemTiming, type Timing } from '#lib/batch/timing.ts';
import { eventually } from '#test/harness/service.ts';
import { testNats } from '#test/harness/servers.ts';
import { suite } from '#test/harness/suite.ts';
import { type ConsumerFixture, openConsumers } from './consumer-fixture.ts';
import type { Delivery } from './delivery.ts';

const test = suite('consumer');

let fixture: ConsumerFixture;
test.before.each(async () => {
  const { url } = await testNats();
  fixture = openConsumers(url);
});
test.after.each(() => fixture.close());

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

const sum = (numbers: readonly number[]) => numbers.reduce((one, other) => one + other, 0);

/** Every message of the durable is answered for good, so none will ever come again. */
async function allAnswered(): Promise<void> {
  await eventually(
    () => fixture.info().catch(() => undefined), // not there before the first consumer made it
    (info) => info !== undefined && info.num_ack_pending + info.num_pending === 0,
  );
}

test('what arrives while a batch is handled is the next one, and all is acknowledged', async () => {
  const ids = await fixture.publish(300);
  const gate = Promise.withResolvers<void>();
  const { batches, handled } = fixture.consume({ handle: () => gate.promise, batchSizeMax: 200 });
  await eventually(
    async () => batches.length,
    (count) => count === 1,
  );
  await sleep(200);
  gate.resolve();
  await eventually(
    async () => handled.length,
    (count) => count === 300,
  );
  assert.equal(handled, ids);
  assert.ok(batches.length <= 3, `${batches.length} batches`);
  assert.ok(batches.every(({ length }) => length <= 200));
  await allAnswered();
});

test('while few wait after a batch of many, the next one gathers', async () => {
  const delivered = async (count: number) => {
    await eventually(
      () => fixture.info(),
      ({ num_pending, num_ack_pending }) => num_pending === 0 && num_ack_pending === count,
    );
    await sleep(100);
  };
  const pauses: { ms: number; handled: number }[] = [];
  const timing: Timing = {
    ...systemTiming,
    async sleep(ms, signal) {
      if (ms > 60) return systemTiming.sleep(ms, signal);
      pauses.push({ ms, handled: handled.length });
      if (pauses.length > 1) return;
      for (const count of [2, 3]) await fixture.publish(count);
      await delivered(35 - handled.length);
    },
  };
  await fixture.publish(30);
  const handle = () => (handled.length === 0 ? delivered(30) : Promise.resolve());
  const { batches, handled } = fixture.consume({ handle, timing, batchSizeMax: 10 });
  await eventually(
    async () => handled.length,
    (count) => count === 35,
  );
  const [first] = pauses;
  assert.ok(first!.handled >= 20, `paused after ${first!.handled} of 30`);
  assert.is(first!.ms, 10);
  const sizes = batches.map(({ length }) => length);
  const before = sizes.findIndex((_, index) => sum(sizes.slice(0, index + 1)) === first!.handled);
  assert.is(sizes[before + 1], Math.min(10, 35 - first!.handled));
});

test('a single event is handled milliseconds after it was published', async () => {
  const { handled } = fixture.consume();
  await fixture.publish(1);
  await eventually(
    async () => handled.length,
    (count) => count === 1,
  );
  const latencies: number[] = [];
  for (let round = 2; round <= 12; round += 1) {
    await fixture.publish(1);
    const start = performance.now();
    while (handled.length < round) await new Promise(setImmediate);
    latencies.push(performance.now() - start);
  }
  latencies.sort((one, other) => one - other);
  assert.ok((latencies[5] ?? 0) < 1_000, `median ${latencies[5]} ms`);
});

test('an event carries what its message said', async () => {
  const { batches } = fixture.consume();
  const [id = ''] = await fixture.publish(1);
  await eventually(
    async () => batches.length,
    (count) => count === 1,
  );
  const [{ payload, time, streamed, ...delivery }] = batches[0] as [Delivery];
  assert.equal(delivery, {
    eventId: id,
    type: 'purser.test.v1.Happened',
    about: `orders/${id}`,
    subject: `purser.v1.${fixture.domain}.happened.0`,
    traceparent: undefined,
    deliveries: 1,
  });
  assert.equal([...payload], [1]);
  assert.is(streamed?.sequence, 1n);
  assert.ok(Math.abs(Date.now() - (time?.getTime() ?? 0)) < 10_000);
});

test('a poison event among good ones goes to the dead letters, alone and once', async () => {
  const ids = await fixture.publish(20);
  const poison = ids[7] as string;
  const { handled, letters } = fixture.consume({
    ackWaitMs: 1_000,
    async handle(batch) {
      if (batch.some(({ eventId }) => eventId === poison)) throw new TypeError('bad amount');
    },
  });
  await allAnswered();
  assert.equal(handled.toSorted(), ids.filter((id) => id !== poison).toSorted());
  assert.equal(
    letters.map(({ letter }) => letter.eventId),
    [poison],
  );
  assert.is(letters[0]?.letter.source, 'payments');
  assert.match(String(letters[0]?.error), /bad amount/);
  await sleep(1_500);
  assert.is(letters.length, 1, 'it came again');
});

test('a fault of ours buries nothing: the event waits, and those behind it go on', async () => {
  const [held = '', ...others] = await fixture.publish(10);
  const missingColumn = Object.assign(new Error('no such column'), {
    severity: 'ERROR',
    code: '42703',
  });
  const { handled, letters } = fixture.consume({
    async handle(batch) {
      if (batch.some(({ eventId }) => eventId === held)) throw missingColumn;
    },
  });
  await eventually(
    async () => handled.length,
    (count) => count === others.length,
  );
  assert.equal(handled.toSorted(), others.toSorted());
  assert.equal(letters, []);
  assert.is((await fixture.info()).num_ack_pending, 1, 'the broker still has it');
});

test('a message that is no event goes to the dead letters with its payload', async () => {
  await fixture.publish(1);
  fixture.publishRaw('who am I');
  const { handled, letters } = fixture.consume();
  await allAnswered();
  assert.is(handled.length, 1);
  const [{ letter, error } = {}] = letters;
  assert.is(letter?.eventId, undefined);
  assert.is(Buffer.from(letter?.payload ?? []).toString(), 'who am I');
  assert.match(String(error), /ce-id is no UUID/);
});

test('a failure that passes is met with the same batch again', async () => {
  const ids = await fixture.publish(5);
  let failures = 3;
  const { batches, handled, letters } = fixture.consume({
    async handle() {
      if (failures > 0) {
        failures -= 1;
        throw refused;
      }
    },
  });
  await allAnswered();
  assert.equal(handled, ids);
  const [first, ...again] = batches.slice(0, 4);
  assert.equal(again, [first, first, first]);
  assert.equal(letters, []);
});

test('while a batch is tried for longer than the broker waits, nobody else gets it', async () => {
  await fixture.publish(5);
  let down = true;
  const handle = async () => {
    if (down) throw refused;
  };
  const slow = fixture.consume({ handle, ackWaitMs: 1_000 });
  await eventually(
    async () => slow.batches.length,
    (count) => count > 0,
  );
  const other = fixture.consume({ ackWaitMs: 1_000 });
  await sleep(3_000);
  assert.equal(other.batches, []);
  down = false;
  await allAnswered();
  assert.is(slow.handled.length, 5);
});

test('what a crashed consumer had in hand comes to another one', async () => {
  const ids = await fixture.publish(5);
  const hung = Promise.withResolvers<void>();
  const crashed = fixture.consume({ handle: () => hung.promise, ackWaitMs: 1_000 });
  await eventually(
    async () => crashed.batches.length,
    (count) => count === 1,
  );
  await crashed.broker.close();
  const other = fixture.consume({ ackWaitMs: 1_000 });
  await allAnswered();
  assert.equal(other.handled.toSorted(), ids.toSorted());
  assert.ok(other.batches.flat().every(({ deliveries }) => deliveries > 1));
  hung.resolve();
});

test('a stop handles and acknowledges what was received, and takes no more', async () => {
  const ids = await fixture.publish(10);
  const gate = Promise.withResolvers<void>();
  const first = fixture.consume({ handle: () => gate.promise, batchSizeMax: 4 });
  await eventually(
    async () => first.batches.length,
    (count) => count === 1,
  );
  await eventually(
    () => fixture.info(),
    ({ num_ack_pending: taken }) => taken === 10,
  );
  const stopping = first.consumer.stop();
  await sleep(100);
  const late = await fixture.publish(3);
  gate.resolve();
  await stopping;
  assert.equal(first.handled, ids);
  await eventually(
    () => fixture.info(),
    ({ num_ack_pending: unanswered }) => unanswered === 0,
  );
  assert.is((await fixture.info()).num_pending, 3);
  const second = fixture.consume();
  await allAnswered();
  assert.equal(second.handled, late);
});

test('a stop while the database is away gives the batch back', async () => {
  const ids = await fixture.publish(3);
  const failing = fixture.consume({
    ackWaitMs: 1_000,
    async handle() {
      throw refused;
    },
  });
  await eventually(
    async () => failing.batches.length,
    (count) => count > 1,
  );
  const start = performance.now();
  await failing.stop();
  assert.ok(performance.now() - start < 1_000);
  const { handled } = fixture.consume({ ackWaitMs: 1_000 });
  await allAnswered();
  assert.equal(handled.toSorted(), ids.toSorted());
});

test('an event that came twice is handed over once, and both messages are answered', async () => {
  const gate = Promise.withResolvers<void>();
  const [first = ''] = await fixture.publish(1);
  const { batches, handled } = fixture.consume({ handle: () => gate.promise });
  await eventually(
    async () => batches.length,
    (count) => count === 1,
  );
  const twice = randomUUID();
  const wire = headers();
  wire.set('ce-id', twice);
  wire.set('ce-type', 'purser.test.v1.Happened');
  for (const _ of [1, 2, 3]) {
    fixture.publishRaw('x', wire);
  }
  await sleep(200);
  gate.resolve();
  await allAnswered();
  assert.equal(handled, [first, twice]);
});

test('a consumer that is busy takes no more than its buffer holds', async () => {
  await fixture.publish(500);
  const gate = Promise.withResolvers<void>();
  const { batches, handled } = fixture.consume({
    handle: () => gate.promise,
    batchSizeMax: 20,
    bufferMax: 50,
  });
  await eventually(
    async () => batches.length,
    (count) => count === 1,
  );
  await sleep(300);
  const { num_ack_pending: taken } = await fixture.info();
  assert.ok(taken <= 70, `${taken} taken`);
  gate.resolve();
  await eventually(
    async () => handled.length,
    (count) => count === 500,
  );
});

test('a burial that fails for a moment is tried again, one that fails waits', async () => {
  const ids = await fixture.publish(2);
  const outcomes = new Map([
    [ids[0], [refused]],
    [ids[1], [new Error('no such table')]],
  ]);
  const buried: string[] = [];
  fixture.consume({
    async handle() {
      throw new TypeError('bad amount');
    },
    async deadLetter({ eventId = '' }) {
      const error = outcomes.get(eventId)?.shift();
      if (error !== undefined) throw error;
      buried.push(eventId);
    },
  });
  await eventually(
    async () => buried,
    ({ length }) => length === 1,
  );
  await eventually(
    () => fixture.info(),
    ({ num_ack_pending: left }) => left === 1,
  );
  assert.equal(buried, [ids[0]]);
});

test('two consumers share the events', async () => {
  const slowly = () => sleep(5);
  const options = { handle: slowly, batchSizeMax: 10, bufferMax: 20 };
  const all = [1, 2].map(() => fixture.consume(options));
  await Promise.all(all.map(({ broker }) => broker.connected()));
  const ids = await fixture.publish(400);
  await allAnswered();
  assert.equal(all.flatMap(({ handled }) => handled).toSorted(), ids.toSorted());
  assert.ok(all.every(({ handled }) => handled.length > 50));
});

test.run();
