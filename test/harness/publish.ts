import { randomUUID } from 'node:crypto';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { ensureStream, streamOf } from '#lib/nats/topology.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';

export interface TestPublisher {
  /**
   * Publishes the event as its service's relay would, each time under a transport id of its own.
   */
  publish(event: OutboxEvent): Promise<void>;
  connection: NatsConnection;
  close(): Promise<void>;
}

/** Stands in for another service: speaks to its stream, past the broker's dedup. */
export async function testPublisher(url: string, domain: string): Promise<TestPublisher> {
  const connection = await connect({ servers: url });
  await ensureStream(connection, streamOf(domain));
  const client: JetStreamClient = jetstream(connection);
  return {
    connection,
    async publish(event) {
      const values = headers();
      values.set('ce-id', event.eventId);
      values.set('ce-type', event.type);
      values.set('ce-subject', event.about);
      values.set('ce-time', new Date().toISOString());
      await client.publish(event.subject, event.payload, { msgID: randomUUID(), headers: values });
    },
    close: () => connection.close(),
  };
}
