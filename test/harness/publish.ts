import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { messageHeaders } from '#lib/nats/publisher.ts';
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
  let publication = 0;
  const client: JetStreamClient = jetstream(connection);
  return {
    connection,
    async publish(event) {
      publication += 1;
      const row = { ...event, publication, createTime: new Date() };
      const headers = messageHeaders(row, `purser/${domain}`);
      await client.publish(event.subject, event.payload, { headers });
    },
    close: () => connection.close(),
  };
}
