import type { Broker } from '#lib/nats/broker.ts';
import type { Logger } from '#lib/log/logger.ts';
import { type StreamSpec, trimStream } from '#lib/nats/topology.ts';
import type { Job } from './periodic-job.ts';

/** At 4,500 messages of 650 bytes a second, a tenth of 512 MiB is full after 18 s. */
const intervalMs = 5_000;

/**
 * Makes room in the service's stream before the broker has to. Where it fails, the broker still
 * does: it is told once, until it has worked again.
 */
export function makeStreamRoom(broker: Broker, stream: StreamSpec, log: Logger): Job {
  let isTold = false;
  return {
    name: 'make-stream-room',
    intervalMs,
    async run() {
      if (!broker.isConnected()) return;
      try {
        await trimStream(broker.connection(), stream);
        isTold = false;
      } catch (error) {
        if (!isTold) log.warn({ error, stream: stream.name }, 'no room was made in the stream');
        isTold = true;
      }
    },
  };
}
