import type { Logger } from '#lib/log/logger.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { GrpcClient } from './client.ts';

/** The services that a process calls: one client for each domain of the contracts. */
export type Upstreams = ReadonlyMap<string, GrpcClient>;

/**
 * `targets` has the addresses of each domain, in the form of PURSER_ORDERS_TARGET. Connects in the
 * background; with a folder only to servers whose certificates are made for their domain.
 */
export function connectUpstreams(
  targets: Readonly<Record<string, string>>,
  log: Logger,
  folder?: TlsFolder,
): Upstreams {
  const clients = Object.entries(targets).map(([domain, target]) => {
    const tls = folder && { folder, server: domain };
    return [domain, new GrpcClient({ target, log, tls })] as const;
  });
  return new Map(clients);
}

export function closeUpstreams(upstreams: Upstreams): void {
  for (const client of upstreams.values()) client.close();
}
