import { join } from 'node:path';
import { tlsFiles } from '#lib/tls/tls-folder.ts';

/** Where npm start keeps the certificates of its processes. */
export function certificatesIn(dataFolder: string): string {
  return join(dataFolder, 'certificates');
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
