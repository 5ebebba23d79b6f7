import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { tlsFiles } from '#lib/tls/tls-folder.ts';
import type { Owner } from './postgres-owner.ts';

/** Who may come in; the containers have the same rules. */
const rulesFile = resolve(import.meta.dirname, '../../deploy/postgres/pg_hba.tls.conf');

/**
 * The settings that make a server take connections over mutual TLS alone. PostgreSQL believes a key
 * only when its file belongs to the server's own user, so the files are copied.
 */
export function tlsSettings(
  tlsFolder: string,
  dataDir: string,
  owner: Owner | undefined,
): Record<string, string> {
  const folder = join(dataDir, 'tls');
  mkdirSync(folder, { recursive: true });
  const give = (path: string) => owner && chownSync(path, owner.uid, owner.gid);
  give(folder);
  for (const name of Object.values(tlsFiles)) {
    copyFileSync(join(tlsFolder, name), join(folder, name));
    chmodSync(join(folder, name), 0o600);
    give(join(folder, name));
  }
  const rules = join(folder, 'pg_hba.conf');
  writeFileSync(rules, readFileSync(rulesFile));
  give(rules);
  return {
    ssl: 'on',
    ssl_cert_file: join(folder, tlsFiles.cert),
    ssl_key_file: join(folder, tlsFiles.key),
    ssl_ca_file: join(folder, tlsFiles.ca),
    ssl_min_protocol_version: 'TLSv1.3',
    hba_file: rules,
  };
}
