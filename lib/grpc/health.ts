import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Readiness } from '#lib/process/readiness.ts';

export interface Health {
  /** Says NOT_SERVING for everything, for good. */
  stop(): void;
}

/**
 * Adds `grpc.health.v1.Health`: the server as a whole (the empty name) and each of its services are
 * SERVING while the process is ready.
 */
export function addHealth(server: Server, services: string[], readiness: Readiness): Health {
  const names = ['', ...services];
  const health = new HealthImplementation(
    Object.fromEntries(names.map((name) => [name, 'NOT_SERVING'])),
  );
  const set = (ready: boolean) => {
    for (const name of names) health.setStatus(name, ready ? 'SERVING' : 'NOT_SERVING');
  };
  health.addToServer(server);
  const unwatch = readiness.watch(set);
  return {
    stop: () => {
      unwatch();
      set(false);
    },
  };
}
