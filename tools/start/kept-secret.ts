import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** The secret in a file that only its owner may read; a new one of 192 bits when there is none. */
export function keptSecret(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const secret = randomBytes(24).toString('base64url');
  // Flushed: what the secret opens outlives a power loss, and nobody could come in.
  writeFileSync(file, `${secret}\n`, { mode: 0o600, flush: true });
  return secret;
}
