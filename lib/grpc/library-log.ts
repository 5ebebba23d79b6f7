import { setLogger } from '@grpc/grpc-js';
import type { Logger } from '#lib/log/logger.ts';

/**
 * Sends what grpc-js itself has to say to our log, at level debug. Left alone it writes to standard
 * error, and repeats there what strangers sent, such as a malformed user id. Holds for the whole
 * process.
 */
export function logLibraryTo(log: Logger): void {
  const write = (...parts: unknown[]) =>
    log.debug({ detail: parts.map(String).join(' ') }, 'grpc-js');
  setLogger({ error: write, info: write, debug: write });
}
