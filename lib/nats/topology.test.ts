import { randomBytes } from 'node:crypto';
import { jetstream, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import * as assert from 'uvu/assert';
import { quietLog } from '#lib/outbox/outbox-fixture.ts';
import { suite } from '#test/harness/suite.ts';
import { testNats } from '#test/harness/servers.ts';
import { Broker } from './broker.ts';
import { ensureDurable, ensureStream, streamOf, trimStream } from './topology.ts';

const test = suite('topology');

let broker: Broker;
test.before(async () => {
  const { url } = await testNats();
  const onLost = (error: Error) => {
    throw error;
  };
  broker = new Broker({ url, name: 'test', log: quietLog, onLost });
  await broker.connected();
});
test.after(() => broker.close());

function specs() {
  const domain = `test_${randomBytes(4).toString('hex')}`;
  const stream = streamOf(domain, { bytesMax: 1024 * 1024 });
  const filterSubject = `purser.v1.${domain}.happened.*`;
  return { stream, durable: { stream, durable: 'payments', filterSubject } };
}

test('a stream keeps events of its domain for seven days whether consumed or not', async () => {
  const { stream } = specs();
  await ensureStream(broker.connection(), stream);
  const manager = await jetstreamManager(broker.connection());
  const { config } = await manager.streams.info(stream.name);
  assert.equal(config.subjects, [stream.subject]);
  assert.is(config.retention, 'limits');
  assert.is(config.storage, 'file');
  assert.is(config.max_age, nanos(7 * 24 * 3_600_000));
  assert.is(config.duplicate_window, nanos(60_000));
  assert.is(config.max_bytes, 1024 * 1024);
});

test('a stream is kept by as many servers as asked for, which a single one refuses', async () => {
  const { stream } = specs();
  const outcome = await ensureStream(broker.connection(), { ...stream, replicas: 3 }).catch(
    (error: unknown) => error,
  );
  assert.instance(outcome, JetStreamApiError);
  assert.is((outcome as JetStreamApiError).code, 10_074);
  await ensureStream(broker.connection(), stream);
  const manager = await jetstreamManager(broker.connection());
  assert.is((await manager.streams.info(stream.name)).config.num_replicas, 1);
});

test('the oldest messages go before the stream is full, and the newest stay', async () => {
  const { stream } = specs();
  const connection = broker.connection();
  await ensureStream(connection, stream);
  const subject = stream.subject.replace('>', 'happened.ann');
  const publish = async (count: number) => {
    for (let n = 0; n < count; n += 1) {
      await jetstream(connection).publish(subject, new Uint8Array(9_950));
    }
  };
  const manager = await jetstreamManager(connection);
  const stateOf = async () => (await manager.streams.info(stream.name)).state;
  await publish(90);
  assert.is(await trimStream(connection, stream), 0);
  await publish(12);
  const gone = await trimStream(connection, stream);
  assert.ok(gone > 35 && gone < 45, `${gone} went`);
  const { bytes, messages, first_seq: first, last_seq: last } = await stateOf();
  assert.ok(bytes <= 0.6 * stream.bytesMax, `${bytes} bytes`);
  assert.equal([first, last, messages], [gone + 1, 102, 102 - gone]);
});

test('the stream of a domain is named after it', () => {
  const { name, subject } = streamOf('orders');
  assert.equal({ name, subject }, { name: 'ORDERS', subject: 'purser.v1.orders.>' });
});

test('a durable redelivers for ever and its stream is made with it', async () => {
  const { stream, durable } = specs();
  await ensureDurable(broker.connection(), durable);
  const manager = await jetstreamManager(broker.connection());
  const { config } = await manager.consumers.info(stream.name, 'payments');
  assert.is(config.max_deliver, -1);
  assert.is(config.ack_policy, 'explicit');
  assert.is(config.filter_subject, durable.filterSubject);
  assert.is(config.ack_wait, nanos(10_000));
});

test('many instances may ensure the same at the same time, again and again', async () => {
  const { durable } = specs();
  const connection = broker.connection();
  await Promise.all(Array.from({ length: 8 }, () => ensureDurable(connection, durable)));
  await ensureDurable(connection, durable);
});

test('a publisher brings other limits to its stream, a consumer only to its durable', async () => {
  const { stream, durable } = specs();
  const connection = broker.connection();
  const manager = await jetstreamManager(connection);
  const bytesMax = async () => (await manager.streams.info(stream.name)).config.max_bytes;
  await ensureDurable(connection, durable);
  const larger = { ...stream, bytesMax: 2 * 1024 * 1024 };
  await ensureDurable(connection, { ...durable, stream: larger, ackWaitMs: 2_000 });
  assert.is(await bytesMax(), 1024 * 1024);
  await ensureStream(connection, larger);
  assert.is(await bytesMax(), 2 * 1024 * 1024);
  const { config: consumer } = await manager.consumers.info(stream.name, 'payments');
  assert.is(consumer.ack_wait, nanos(2_000));
});

test('a stream that cannot be made says why', async () => {
  const { stream } = specs();
  await ensureStream(broker.connection(), stream);
  const overlapping = { ...stream, name: `${stream.name}_2` };
  const error = await ensureStream(broker.connection(), overlapping).catch((cause) => cause);
  assert.instance(error, JetStreamApiError);
  assert.match(error.message, /overlap/);
});

test.run();
