import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { staffCaller } from '#lib/grpc/callers.ts';
import { auditorRole, operationsRole } from '#lib/pg/rights.ts';
import { identityUri } from '#lib/tls/peer-identity.ts';
import { tlsFiles } from '#lib/tls/tls-folder.ts';
import { Authority, type CertificateRequest } from './authority.ts';

/** This machine, beside the name under which a container is found. */
const here = ['localhost', '127.0.0.1', '::1'];

const service = (name: string): CertificateRequest => ({ name, hosts: [name] });
const client = (name: string): CertificateRequest => ({ name, server: false });

/**
 * Everyone who takes part in a connection. The name of a PostgreSQL role is that role's; Operations
 * has the name of its own.
 */
const holders: readonly CertificateRequest[] = [
  service('orders'),
  service('payments'),
  service('notifications'),
  service(operationsRole),
  client('gateway'),
  client('orders_owner'),
  client('payments_owner'),
  client('notifications_owner'),
  client(auditorRole),
  client(staffCaller),
  // The superuser of the PostgreSQL that npm start runs.
  client('postgres'),
  { name: 'database', hosts: ['orders-db', 'payments-db', 'notifications-db'], client: false },
  { name: 'nats', hosts: ['nats'], client: false },
];

const authorityFolder = 'authority';
const authorityDays = 365;

/** An authority that expires sooner than its certificates is not used again. */
const marginMs = 24 * 3_600_000;

/**
 * Writes a certificate for each process and role into a folder of its own below `folder`: tls.crt,
 * tls.key, ca.crt. The authority is kept in `authority` and used again, so that a second run renews
 * what is there and everybody still believes everybody. Keys are for the owner of the files alone.
 * Servers can be reached on this machine, under the names of the containers, and as `hosts`.
 * Returns the names.
 */
export async function writeCertificates(
  folder: string,
  { days, hosts = [] }: { days: number; hosts?: readonly string[] },
): Promise<string[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const authority = await keptAuthority(join(folder, authorityFolder), days);
  for (const holder of holders) {
    const own = holder.hosts && [...new Set([...holder.hosts, ...here, ...hosts])];
    const request = { ...holder, ...(own && { hosts: own }), uri: identityUri(holder.name), days };
    const pair = await authority.issue(request);
    writeFiles(join(folder, holder.name), {
      [tlsFiles.cert]: pair.cert,
      [tlsFiles.key]: pair.key,
      [tlsFiles.ca]: authority.cert,
    });
  }
  return holders.map(({ name }) => name);
}

async function keptAuthority(folder: string, days: number): Promise<Authority> {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  if (existsSync(join(folder, tlsFiles.key))) {
    const kept = await Authority.restore({ cert: read(tlsFiles.cert), key: read(tlsFiles.key) });
    if (kept.notAfter.getTime() > Date.now() + days * 24 * 3_600_000 + marginMs) return kept;
  }
  const authority = await Authority.create(Math.max(authorityDays, 2 * days));
  const { cert, key } = await authority.pair();
  writeFiles(folder, { [tlsFiles.cert]: cert, [tlsFiles.key]: key });
  return authority;
}

/** Each file is complete under its name: a process may read it at any moment. */
function writeFiles(folder: string, files: Record<string, string>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    writeFileSync(`${path}.new`, text, { mode: name === tlsFiles.key ? 0o600 : 0o644 });
    renameSync(`${path}.new`, path);
  }
}
