import { randomBytes, randomUUID } from 'node:crypto';
import { type ConsumerInfo, jetstreamManager } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { DeadLetter } from '#lib/dead-letters/insert-dead-letter.ts';
import { quietLog } from '#lib/outbox/outbox-fixture.ts';
import type { OutboxRow } from '#lib/outbox/relay-ports.ts';
import { Broker } from './broker.ts';
import { Consumer, type ConsumerOptions } from './consumer.ts';
import type { Delivery } from './delivery.ts';
import { createPublisher } from './publisher.ts';
import { pullSource } from './pull-source.ts';
import { streamOf } from './topology.ts';

export interface ConsumerFixture {
  domain: string;
  broker: Broker;
  /** Publishes new events and returns their ids; gives up after some seconds. */
  publish(count: number): Promise<string[]>;
  /** Publishes a message as it is, which need not be an event. */
  publishRaw(payload: string, headers?: MsgHdrs): void;
  /** A started consumer with a connection of its own, and what it did so far. */
  consume(options?: Partial<ConsumerOptions> & { ackWaitMs?: number }): Running;
  info(): Promise<ConsumerInfo>;
  close(): Promise<void>;
}

export interface Running {
  consumer: Consumer;
  broker: Broker;
  batches: Delivery[][];
  /** Ids of the events that `handle` accepted, in order. */
  handled: string[];
  letters: { letter: DeadLetter; error: unknown }[];
  stop(): Promise<void>;
}

/** Name of the durable consumer that all consumers of a fixture share. */
export const durable = 'payments';

export function openConsumers(url: string): ConsumerFixture {
  const domain = `test_${randomBytes(4).toString('hex')}`;
  const stream = streamOf(domain, { bytesMax: 64 * 1024 * 1024 });
  const connect = () => new Broker({ url, name: 'test', log: quietLog, onLost: fail });
  const broker = connect();
  const publisher = createPublisher({ broker, stream, source: 'purser/test', log: quietLog });
  const running: Running[] = [];
  return {
    domain,
    broker,
    async publish(count) {
      await broker.connected();
      const rows = Array.from({ length: count }, () => eventRow(domain));
      for (let open = rows, attempt = 0; open.length > 0; attempt += 1) {
        if (attempt > 100) throw new Error('the broker takes no events');
        const outcomes = await publisher.publish(open);
        open = open.filter((_, index) => outcomes[index]?.kind !== 'stored');
        if (open.length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return rows.map(({ eventId }) => eventId);
    },
    publishRaw: (payload, headers) =>
      broker
        .connection()
        .publish(`purser.v1.${domain}.happened.0`, payload, headers && { headers }),
    consume({ ackWaitMs = 10_000, ...options } = {}) {
      const own = connect();
      const filterSubject = `purser.v1.${domain}.happened.*`;
      const source = pullSource({ broker: own, stream, durable, filterSubject, ackWaitMs });
      const one = startConsumer(own, { source, ...options });
      running.push(one);
      return one;
    },
    async info() {
      const manager = await jetstreamManager(broker.connection(), { checkAPI: false });
      return manager.consumers.info(stream.name, durable);
    },
    async close() {
      for (const one of running) await one.stop();
      await broker.close();
    },
  };
}

function startConsumer(
  broker: Broker,
  { handle, ...options }: Partial<ConsumerOptions> & Pick<ConsumerOptions, 'source'>,
): Running {
  const batches: Delivery[][] = [];
  const handled: string[] = [];
  const letters: Running['letters'] = [];
  const consumer = new Consumer({
    name: durable,
    async handle(batch) {
      batches.push(batch);
      await handle?.(batch);
      handled.push(...batch.map(({ eventId }) => eventId));
    },
    async deadLetter(letter, error) {
      letters.push({ letter, error });
    },
    log: quietLog,
    ...options,
  });
  consumer.start();
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await consumer.stop();
    await broker.close();
  };
  return { consumer, broker, batches, handled, letters, stop: () => (stopping ??= stop()) };
}

function eventRow(domain: string): OutboxRow {
  const eventId = randomUUID();
  return {
    tx: '5',
    seq: 1n,
    eventId,
    type: 'purser.test.v1.Happened',
    subject: `purser.v1.${domain}.happened.0`,
    about: `orders/${eventId}`,
    payload: new Uint8Array([1]),
    traceparent: undefined,
    publication: 1,
    createTime: new Date(),
    after: { seen: '6:6:', target: undefined, tx: '0', seq: 0n },
  };
}

function fail(error: Error): never {
  throw error;
}
