import { randomBytes } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import * as assert from 'uvu/assert';
import { quietLog } from '#lib/outbox/outbox-fixture.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { BreakableNats } from './breakable-nats.ts';
import { Broker } from './broker.ts';
import type { Received } from './delivery.ts';
import { type Pull, pullSource } from './pull-source.ts';
import { streamOf } from './topology.ts';

const test = suite('pull source');

const domain = `test_${randomBytes(4).toString('hex')}`;
const stream = streamOf(domain, { bytesMax: 16 * 1024 * 1024 });

let nats: BreakableNats;
let broker: Broker;
let pull: Pull;
let received: Received[];
let room: number;
test.before.each(async () => {
  nats = await BreakableNats.create();
  await nats.start();
  const onLost = (error: Error) => {
    throw error;
  };
  broker = new Broker({ url: nats.url, name: 'test', log: quietLog, onLost });
  received = [];
  room = 100;
  pull = await open();
});
test.after.each(async () => {
  await pull.close();
  await broker.close();
  await nats.stop();
});

function open(): Promise<Pull> {
  const filterSubject = `purser.v1.${domain}.happened.*`;
  const source = pullSource({ broker, stream, durable: 'payments', filterSubject });
  return source.open({
    room: () => room - received.length,
    onMessage: (message) => received.push(message),
  });
}

async function publish(count: number): Promise<void> {
  const client = jetstream(broker.connection());
  const subject = `purser.v1.${domain}.happened.0`;
  const sent = Array.from({ length: count }, (_, index) => client.publish(subject, `${index}`));
  await Promise.all(sent);
}

const arrived = (count: number) =>
  eventually(
    async () => received.length,
    (now) => now === count,
  );

test('messages come in order, up to the room there is, and more after a refill', async () => {
  await publish(250);
  await arrived(100);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.is(received.length, 100);
  room = 300;
  pull.refill();
  await arrived(250);
  const texts = received.map(({ payload }) => Buffer.from(payload).toString());
  assert.equal(
    texts,
    Array.from({ length: 250 }, (_, index) => `${index}`),
  );
  assert.is(received[0]?.deliveries, 1);
  assert.is(received[0]?.streamed?.sequence, 1n);
  assert.ok(Math.abs(Date.now() - received[0]!.streamed!.time.getTime()) < 60_000);
});

test('a message given back comes again, one that is done does not', async () => {
  await publish(3);
  await arrived(3);
  received[0]?.ack();
  received[1]?.nak();
  received[2]?.nak(300);
  await arrived(4);
  assert.is(Buffer.from(received[3]?.payload ?? []).toString(), '1');
  assert.is(received[3]?.deliveries, 2);
  await arrived(5);
  assert.is(Buffer.from(received[4]?.payload ?? []).toString(), '2');
  received[3]?.term();
  received[4]?.ack();
  const manager = await jetstreamManager(broker.connection());
  const info = () => manager.consumers.info(stream.name, 'payments');
  await eventually(info, ({ num_ack_pending: unanswered }) => unanswered === 0);
});

test('a frozen server ends the pull by its silence', async () => {
  await nats.freeze();
  const start = performance.now();
  const reason = await pull.ended;
  nats.thaw();
  assert.match(reason.message, /no heartbeats/);
  const took = performance.now() - start;
  assert.ok(took > 900 && took < 6_000, `${took} ms`);
});

test('an idle pull does not end while the server is there', async () => {
  const ended = await Promise.race([
    pull.ended,
    new Promise((resolve) => setTimeout(resolve, 3_500, 'still there')),
  ]);
  assert.is(ended, 'still there');
});

test('a full buffer hears no heartbeats and does not miss them', async () => {
  await publish(100);
  await arrived(100);
  const ended = await Promise.race([
    pull.ended,
    new Promise((resolve) => setTimeout(resolve, 3_500, 'still there')),
  ]);
  assert.is(ended, 'still there');
});

test("a deleted durable ends the pull at once with the server's reason", async () => {
  const manager = await jetstreamManager(broker.connection());
  await manager.consumers.delete(stream.name, 'payments');
  assert.match((await pull.ended).message, /409 Consumer Deleted/);
});

test('a closed pull has delivered all that the server sent it', async () => {
  const reason = pull.ended;
  // All of them are at the server, and the last ones on their way to us.
  await publish(90);
  await pull.close();
  assert.match((await reason).message, /closed/);
  const manager = await jetstreamManager(broker.connection());
  const { delivered } = await manager.consumers.info(stream.name, 'payments');
  // The server may have picked one more for us at the very moment when the subscription ended.
  assert.ok(delivered.stream_seq - received.length <= 1, `${received.length} received`);
});

test('a reconnect ends the pull', async () => {
  await nats.kill();
  await nats.start();
  assert.match((await pull.ended).message, /reconnected/);
});

test('answers on a connection that is gone are dropped without an error', async () => {
  await publish(2);
  await arrived(2);
  await nats.kill();
  received[0]?.ack();
  await eventually(
    async () => broker.isConnected(),
    (up) => !up,
  );
  received[1]?.ack();
});

test.run();
