import { randomBytes } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import * as assert from 'uvu/assert';
import type { Logger } from '#lib/log/logger.ts';
import { Broker } from '#lib/nats/broker.ts';
import { ensureStream, streamOf } from '#lib/nats/topology.ts';
import { quietLog } from '#lib/outbox/outbox-fixture.ts';
import { testNats } from '#test/harness/servers.ts';
import { suite } from '#test/harness/suite.ts';
import { makeStreamRoom } from './stream-room.ts';

const test = suite('stream room');

const { url } = await testNats();
const onLost = (error: Error) => {
  throw error;
};
const broker = new Broker({ url, name: 'test', log: quietLog, onLost });
const connection = await broker.connected();
test.after(() => broker.close());

const signal = new AbortController().signal;

test('makes room, and tells once that it could not, until it could again', async () => {
  const domain = `test_${randomBytes(4).toString('hex')}`;
  const stream = streamOf(domain, { bytesMax: 1024 * 1024 });
  const told: unknown[] = [];
  const log = { warn: (fields: object) => told.push(fields) } as unknown as Logger;
  const job = makeStreamRoom(broker, stream, log);
  const manager = await jetstreamManager(connection);
  const fill = async () => {
    const subject = `purser.v1.${domain}.happened.ann`;
    for (let n = 0; n < 100; n += 1) {
      await jetstream(connection).publish(subject, new Uint8Array(10_000));
    }
  };
  await job.run(signal);
  assert.is(told.length, 0, 'a stream that nobody has made has room');
  for (const round of [1, 2]) {
    await manager.streams.add({
      name: stream.name,
      subjects: [stream.subject],
      max_bytes: stream.bytesMax,
      deny_purge: true,
    });
    await fill();
    await job.run(signal);
    await job.run(signal);
    assert.is(told.length, round, 'the broker does not let it');
    await manager.streams.delete(stream.name);
    await ensureStream(connection, stream);
    await fill();
    await job.run(signal);
    const { state } = await manager.streams.info(stream.name);
    assert.ok(state.messages > 50 && state.messages < 70, `${state.messages} are left`);
    await manager.streams.delete(stream.name);
  }
});

test.run();
