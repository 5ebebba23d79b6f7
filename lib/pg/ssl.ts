import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { minVersion, tlsFiles, type TlsFolder } from '#lib/tls/tls-folder.ts';

/** Parameters of an address that PostgreSQL's own clients have as well. */
export const sslParameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const;

/**
 * Options of TLS for the driver. The certificate is read again for every connection, so that it can
 * be renewed while the pool lives. A class, because what merges options copies plain objects and
 * would read it once for all.
 */
export class SslOptions {
  /** The name that the server's certificate has to be made for. */
  readonly host: string;
  declare readonly secureContext: SecureContext;

  constructor(host: string, readContext: () => SecureContext) {
    this.host = host;
    Object.defineProperty(this, 'secureContext', { enumerable: true, get: readContext });
  }
}

/**
 * What an address says about TLS: `sslmode=disable`, or `sslmode=verify-full`, in which the server
 * must have a certificate for its host; the latter where it says nothing and there is `tls`. The
 * authority is that of `sslrootcert`, the client's certificate that
 * of `sslcert` and `sslkey`; what is not given is taken from `tls`, and without that, authorities
 * are those of Node. Returns the address without these parameters.
 */
export function sslOf(address: string, tls?: TlsFolder): { url: string; ssl: false | SslOptions } {
  const url = new URL(address);
  const [mode, rootFile, certFile, keyFile] = sslParameters.map((name) => {
    const value = url.searchParams.get(name) ?? undefined;
    url.searchParams.delete(name);
    return value;
  });
  const isSecure = mode === undefined ? tls !== undefined : mode === 'verify-full';
  if (!isSecure) return { url: url.href, ssl: false };
  const readContext = () => {
    const given = {
      ...(rootFile !== undefined && { ca: readFileSync(rootFile) }),
      ...(certFile !== undefined && { cert: readFileSync(certFile) }),
      ...(keyFile !== undefined && { key: readFileSync(keyFile) }),
    };
    return createSecureContext({ minVersion, ...tls?.read(), ...given });
  };
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { url: url.href, ssl: new SslOptions(host, readContext) };
}

/** The address of a database over mutual TLS, with the certificate in the folder. */
export function withCertificate(address: string, folder: string): string {
  const url = new URL(address);
  url.searchParams.set('sslmode', 'verify-full');
  url.searchParams.set('sslrootcert', join(folder, tlsFiles.ca));
  url.searchParams.set('sslcert', join(folder, tlsFiles.cert));
  url.searchParams.set('sslkey', join(folder, tlsFiles.key));
  return url.href;
}
