import { join } from 'node:path';
import { tlsFiles } from '#lib/tls/tls-folder.ts';

export interface NatsConfigOptions {
  /** `2.9.10`, as the server itself reports it. */
  version: string;
  name: string;
  port: number;
  storeDir: string;
  pidFile: string;
  /** Upper bound of all streams together, in nats-server's notation: `8GB`. */
  fileStoreMax: string;
  /** A folder with tls.crt, tls.key and ca.crt: then nobody comes in without a certificate. */
  tlsFolder?: string | undefined;
}

/** The configuration file of a local nats-server with JetStream. */
export function renderNatsConfig(options: NatsConfigOptions): string {
  const lines = [
    `server_name: ${JSON.stringify(options.name)}`,
    `listen: "127.0.0.1:${options.port}"`,
    `pid_file: ${JSON.stringify(options.pidFile)}`,
    'jetstream {',
    `  store_dir: ${JSON.stringify(options.storeDir)}`,
    '  max_memory_store: 64MB',
    `  max_file_store: ${options.fileStoreMax}`,
  ];
  // Without it an acknowledged message is flushed to the disk only minutes later, and a power loss
  // takes it away. nats-server 2.9 does not know the setting and refuses to start with it.
  if (isAtLeast(options.version, '2.10.0')) lines.push('  sync_interval: always');
  return [...lines, '}', ...tlsLines(options.tlsFolder), ''].join('\n');
}

function tlsLines(folder: string | undefined): string[] {
  if (folder === undefined) return [];
  const file = (name: string) => JSON.stringify(join(folder, name));
  return [
    'tls {',
    `  cert_file: ${file(tlsFiles.cert)}`,
    `  key_file: ${file(tlsFiles.key)}`,
    `  ca_file: ${file(tlsFiles.ca)}`,
    '  verify: true',
    '}',
  ];
}

/** Compares two versions `a.b.c`; what follows the numbers (`-RC.1`) is not looked at. */
export function isAtLeast(version: string, minimum: string): boolean {
  const found = version.split(/[.-]/).map(Number);
  const wanted = minimum.split('.').map(Number);
  for (const [index, part] of wanted.entries()) {
    const difference = (found[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
