import { randomBytes, randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import * as assert from 'uvu/assert';
import { quietLog } from '#lib/outbox/outbox-fixture.ts';
import type { OutboxRow, RelayBroker } from '#lib/outbox/relay-ports.ts';
import { bytesLeft } from '#test/harness/left-in-memory.ts';
import { suite } from '#test/harness/suite.ts';
import { BreakableNats } from './breakable-nats.ts';
import { Broker } from './broker.ts';
import { createPublisher } from './publisher.ts';
import { streamOf } from './topology.ts';

const test = suite('publisher');

const domain = `test_${randomBytes(4).toString('hex')}`;
const stream = streamOf(domain, { bytesMax: 16 * 1024 * 1024 });

let nats: BreakableNats;
let broker: Broker;
let publisher: RelayBroker;
test.before.each(async () => {
  nats = await BreakableNats.create();
  await nats.start();
  const onLost = (error: Error) => {
    throw error;
  };
  broker = new Broker({ url: nats.url, name: 'test', log: quietLog, onLost });
  await broker.connected();
  const source = 'purser/test';
  publisher = createPublisher({ broker, stream, source, log: quietLog, timeoutMs: 500 });
});
test.after.each(async () => {
  await broker.close();
  await nats.stop();
});

function row(changed: Partial<OutboxRow> = {}): OutboxRow {
  return {
    tx: '5',
    seq: 1n,
    eventId: randomUUID(),
    type: 'purser.test.v1.Happened',
    subject: `purser.v1.${domain}.happened.0`,
    about: 'orders/1',
    payload: new Uint8Array([0, 255]),
    traceparent: undefined,
    publication: 1,
    createTime: new Date('2026-01-02T03:04:05.678Z'),
    after: { seen: '6:6:', target: undefined, tx: '0', seq: 0n },
    ...changed,
  };
}

const kinds = async (rows: OutboxRow[]) =>
  (await publisher.publish(rows)).map((outcome) =>
    outcome.kind === 'stored' && outcome.duplicate ? 'duplicate' : outcome.kind,
  );

test('an event is stored as a CloudEvent with the transport id of its publication', async () => {
  const event = row({ traceparent: '00-ab-cd-01' });
  assert.equal(await kinds([event]), ['stored']);
  const manager = await jetstreamManager(broker.connection());
  const message = await manager.streams.getMessage(stream.name, { seq: 1 });
  assert.equal([...(message?.data ?? [])], [0, 255]);
  assert.is(message?.subject, event.subject);
  const values = [...(message?.header ?? [])].map(([name, [value]]) => [name, value]);
  const headers = Object.fromEntries(values);
  assert.equal(headers, {
    'Nats-Msg-Id': `${event.eventId}:1`,
    'ce-specversion': '1.0',
    'ce-id': event.eventId,
    'ce-type': 'purser.test.v1.Happened',
    'ce-source': 'purser/test',
    'ce-time': '2026-01-02T03:04:05.678Z',
    'ce-subject': 'orders/1',
    'ce-datacontenttype': 'application/protobuf',
    traceparent: '00-ab-cd-01',
  });
});

test('a retry is a duplicate, a deliberate replay is stored', async () => {
  const event = row();
  assert.equal(await kinds([event]), ['stored']);
  assert.equal(await kinds([event, { ...event, publication: 2 }]), ['duplicate', 'stored']);
});

test('what can never be sent is refused, and its neighbours are stored', async () => {
  const outcomes = await kinds([
    row(),
    row({ payload: new Uint8Array(1024 * 1024) }),
    row({ about: 'orders/1\r\nNats-Rollup: all' }),
    row({ subject: 'with space' }),
    row(),
  ]);
  assert.equal(outcomes, ['stored', 'refused', 'refused', 'refused', 'stored']);
});

test('a subject that no stream takes may have one later: unknown', async () => {
  assert.equal(await kinds([row({ subject: 'purser.v1.elsewhere.happened.0' })]), ['unknown']);
});

test('without a connection all is unknown at once', async () => {
  await nats.kill();
  while (broker.isConnected()) await new Promise((resolve) => setTimeout(resolve, 5));
  const start = performance.now();
  assert.equal(await kinds([row(), row()]), ['unknown', 'unknown']);
  assert.ok(performance.now() - start < 1_000);
});

test('a frozen server makes the outcome unknown, and the retry a duplicate', async () => {
  const event = row();
  assert.equal(await kinds([row()]), ['stored']);
  await nats.freeze();
  assert.equal(await kinds([event]), ['unknown']);
  nats.thaw();
  assert.equal(await kinds([event]), ['duplicate']);
});

test('what a lost connection leaves unanswered is unknown before its time is over', async () => {
  const source = 'purser/test';
  const log = quietLog;
  const patient = createPublisher({ broker, stream, source, log, timeoutMs: 600_000 });
  assert.is((await patient.publish([row()]))[0]?.kind, 'stored');
  await nats.freeze();
  const outcomes = patient.publish([row()]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await nats.kill();
  await nats.start();
  assert.is((await outcomes)[0]?.kind, 'unknown');
});

test('after a loss of the stream the second attempt finds a new one', async () => {
  await kinds([row()]);
  const manager = await jetstreamManager(broker.connection());
  await manager.streams.delete(stream.name);
  const event = row();
  assert.equal(await kinds([event]), ['unknown']);
  assert.equal(await kinds([event]), ['stored']);
});

test('a stream that is full of other storage limits is not the fault of the event', async () => {
  await kinds([row()]);
  const manager = await jetstreamManager(broker.connection());
  await manager.streams.update(stream.name, { discard: 'new' as never, max_msgs: 1 });
  assert.equal(await kinds([row()]), ['unknown']);
});

test('a published event does not wait for a full collection', async () => {
  const publish = () => publisher.publish(Array.from({ length: 50 }, () => row()));
  const left = (await bytesLeft(publish, 40)) / 50;
  // 220 bytes; 370 with the functions that told the outcome.
  assert.ok(left < 300, `${left} bytes`);
});

test.run();
