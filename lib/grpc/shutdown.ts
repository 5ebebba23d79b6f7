import type { Server } from '@grpc/grpc-js';
import type { Logger } from '#lib/log/logger.ts';
import type { Bag } from '#lib/memory/bag.ts';
import type { CallLimits } from './call-limits.ts';

/** How long calls in flight may go on. */
const finishMs = 5_000;

/** How long answers to interrupted calls may take to leave. */
const leaveMs = 300;

export interface Shutdown {
  /** Where the server listens, `host:port`. */
  address: string;
  inFlight: Bag<CallLimits>;
  log: Logger;
}

/**
 * Takes no more calls, lets those in flight finish for 5 s, then answers them with
 * DEPENDENCY_UNAVAILABLE and aborts their handlers. What is still open after that, such as a
 * stream that watches health, is cut off.
 */
export async function shutdown(server: Server, options: Shutdown): Promise<void> {
  const { address, inFlight, log } = options;
  const interrupt = setTimeout(() => {
    log.warn({ calls: inFlight.size, finishMs }, 'calls still in flight are interrupted');
    for (const limits of inFlight) limits.interrupt();
  }, finishMs);
  // `drain` comes first, and forceShutdown is of no use: it cuts no connection when channelz is
  // off (grpc-js 1.14.7).
  server.drain(address, finishMs + leaveMs);
  await new Promise<void>((resolve) => {
    server.tryShutdown(() => resolve());
  });
  clearTimeout(interrupt);
}
