import { Counter, Histogram } from 'prom-client';

export const callsHandled = new Counter({
  name: 'purser_grpc_server_calls_total',
  help: 'gRPC calls answered, by method and status code.',
  labelNames: ['method', 'code'] as const,
});

export const callDuration = new Histogram({
  name: 'purser_grpc_server_call_duration_seconds',
  help: 'Time from the arrival of a gRPC call to its answer.',
  labelNames: ['method'] as const,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
});

export const callsRefused = new Counter({
  name: 'purser_grpc_server_calls_refused_total',
  help: 'gRPC calls refused because the server has as many in hand as it takes, by method.',
  labelNames: ['method'] as const,
});

/**
 * A rise is seen only from a value that was there before it: without these the first fault of a
 * process, or its first wave of refusals, would raise no alert.
 */
export function beginCounting(method: string): void {
  callsHandled.inc({ method, code: 'INTERNAL' }, 0);
  callsRefused.inc({ method }, 0);
}
