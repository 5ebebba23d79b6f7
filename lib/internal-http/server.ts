import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { collectDefaultMetrics, register } from 'prom-client';
import { arms } from '#lib/failpoint/failpoint.ts';
import { showDependencies } from '#lib/process/process-metrics.ts';
import type { Readiness } from '#lib/process/readiness.ts';

export interface InternalServer {
  /** The port in use, which the system chose when 0 was asked for. */
  port: number;
  stop(): Promise<void>;
}

/**
 * Serves, on a port that only the operators' network reaches: `/healthz` (200 while the process
 * lives), `/readyz` (200, or 503 with the checks that fail), and `/metrics` of prom-client's
 * default registry with the process's own metrics (memory, event loop delay, garbage collection).
 * In a process that PURSER_FAILPOINTS lets fail also `/failpoints`: GET tells how often each was
 * passed, POST arms them, with the text that the variable takes.
 * Throws when the port is taken.
 */
export async function startInternalServer(options: {
  host: string;
  port: number;
  readiness: Readiness;
}): Promise<InternalServer> {
  if (register.getSingleMetric('process_cpu_seconds_total') === undefined) collectDefaultMetrics();
  const server = createServer((request, response) => {
    answer(request, response, options.readiness).catch((error: Error) => response.destroy(error));
  });
  // Nothing here takes a body or long; the limits keep a stuck scraper from holding a socket for
  // ever.
  server.requestTimeout = 5_000;
  server.timeout = 30_000;
  server.maxConnections = 1_000;
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  readiness: Readiness,
): Promise<void> {
  const path = request.url?.split('?', 1)[0];
  if (path === '/healthz') return send(response, 200, 'application/json', '{"alive":true}');
  if (path === '/readyz') {
    const report = await readiness.report();
    return send(response, report.ready ? 200 : 503, 'application/json', JSON.stringify(report));
  }
  if (path === '/metrics') {
    await showDependencies(readiness);
    return send(response, 200, register.contentType, await register.metrics());
  }
  if (arms !== undefined && path === '/failpoints') {
    try {
      if (request.method === 'POST') arms.set(await text(request));
    } catch (error) {
      return send(response, 400, 'text/plain', `must be ${(error as Error).message}\n`);
    }
    return send(response, 200, 'application/json', JSON.stringify(arms.report()));
  }
  return send(response, 404, 'text/plain', 'Try /healthz, /readyz or /metrics.\n');
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(body);
}
