import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Logger } from '#lib/log/logger.ts';

/** All ends of these connections are ours: nobody needs an older version. */
export const minVersion = 'TLSv1.3';

export interface TlsMaterial {
  /** PEM: the certificate, and behind it those between it and the authority. */
  cert: Buffer;
  /** PEM, private. */
  key: Buffer;
  /** PEM: the only authorities whose certificates are believed. */
  ca: Buffer;
  minVersion: typeof minVersion;
}

/** The names of the files, as cert-manager gives them to a secret of Kubernetes. */
export const tlsFiles = { cert: 'tls.crt', key: 'tls.key', ca: 'ca.crt' } as const;

/** How often a server looks whether its files have changed, in milliseconds. */
const lookEveryMsDefault = 5_000;

/**
 * The certificate with which a process shows who it is, and the authority that it believes. The
 * files are read again for every new connection, and servers look for changes, so that certificates
 * can be renewed while everything runs. Connections that exist go on with those that they began
 * with.
 */
export class TlsFolder {
  readonly #folder: string;
  readonly #lookEveryMs: number;

  /** Throws a sentence when the files are not there or do not belong together. */
  constructor(folder: string, { lookEveryMs = lookEveryMsDefault } = {}) {
    this.#folder = folder;
    this.#lookEveryMs = lookEveryMs;
    this.clientContext();
  }

  /** The files as they are now; throws a sentence when they cannot be used. */
  read(): TlsMaterial {
    try {
      const file = (name: string) => readFileSync(join(this.#folder, name));
      const { cert, key, ca } = tlsFiles;
      const material = { cert: file(cert), key: file(key), ca: file(ca), minVersion } as const;
      // Throws when the key is another certificate's, as for a moment while files are replaced.
      createSecureContext(material);
      return material;
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(`The certificate in ${this.#folder} cannot be used: ${message}`, { cause });
    }
  }

  /** Where the files are, for clients that read them themselves. */
  files(): { certFile: string; keyFile: string; caFile: string } {
    const path = (name: string) => join(this.#folder, name);
    const { cert, key, ca } = tlsFiles;
    return { certFile: path(cert), keyFile: path(key), caFile: path(ca) };
  }

  /** For one connection to a server. */
  clientContext(): SecureContext {
    return createSecureContext(this.read() satisfies SecureContextOptions);
  }

  /** When the certificate that is there now expires, in seconds since the epoch. */
  expirySeconds(): number {
    return new X509Certificate(this.read().cert).validToDate.getTime() / 1_000;
  }

  /**
   * Calls `onChange` with the files whenever they have changed and can be used. Returns what ends
   * that.
   */
  watch(onChange: (material: TlsMaterial) => void, log: Logger): () => void {
    let known = fingerprint(this.read());
    const look = () => {
      try {
        const material = this.read();
        const found = fingerprint(material);
        if (found === known) return;
        known = found;
        onChange(material);
        log.info({ folder: this.#folder }, 'the TLS certificate has been replaced');
      } catch (error) {
        log.warn({ error }, 'the TLS certificate stays as it is');
      }
    };
    const timer = setInterval(look, this.#lookEveryMs).unref();
    return () => clearInterval(timer);
  }
}

function fingerprint({ cert, key, ca }: TlsMaterial): string {
  return [cert, key, ca].map((bytes) => bytes.toString('latin1')).join('\n');
}
