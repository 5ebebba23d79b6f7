import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answer } from './answer.ts';
import type { SiteFile } from './site.ts';

export interface PageServer {
  /** The port in use. */
  port: number;
  /** Takes no more connections, and ends those that are still there after a second. */
  stop(): Promise<void>;
}

/** Serves the site on a port, 0 for any. Throws when the port is taken. */
export async function startPageServer(options: {
  host: string;
  port: number;
  site: ReadonlyMap<string, SiteFile>;
}): Promise<PageServer> {
  const server = createServer((request, response) => answer(options.site, request, response));
  server.requestTimeout = 10_000;
  // Longer than the gateway keeps a connection that it does not use.
  server.keepAliveTimeout = 72_000;
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), 1_000);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
