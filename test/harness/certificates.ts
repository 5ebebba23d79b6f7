import { writeFileSync } from 'node:fs';
import { identityUri } from '#lib/tls/peer-identity.ts';
import { TlsFolder, tlsFiles } from '#lib/tls/tls-folder.ts';
import { Authority, type CertificateRequest, type Pair } from '../../tools/certs/authority.ts';
import { temporaryFolder } from './temporary-folder.ts';

export { Authority };

/** A folder as PURSER_TLS_FOLDER names it. */
export interface CertificateFolder {
  path: string;
  tls: TlsFolder;
  /** Puts other files in the place of those that are there. */
  replace(pair: Pair, ca: string): void;
}

export function certificateFolder(pair: Pair, ca: string): CertificateFolder {
  const path = temporaryFolder();
  const replace = ({ cert, key }: Pair, authorities: string) => {
    const files = { [tlsFiles.cert]: cert, [tlsFiles.key]: key, [tlsFiles.ca]: authorities };
    for (const [name, text] of Object.entries(files)) writeFileSync(`${path}/${name}`, text);
  };
  replace(pair, ca);
  return { path, tls: new TlsFolder(path, { lookEveryMs: 50 }), replace };
}

/** The certificate of a process of ours on this machine, or one that differs from it in `more`. */
export function issue(
  authority: Authority,
  name: string,
  more: Partial<CertificateRequest> = {},
): Promise<Pair> {
  return authority.issue({ name, uri: identityUri(name), hosts: ['127.0.0.1'], ...more });
}

/** A folder with the certificate of a process, which believes the authority that issued it. */
export async function folderOf(
  authority: Authority,
  name: string,
  more?: Partial<CertificateRequest>,
): Promise<CertificateFolder> {
  return certificateFolder(await issue(authority, name, more), authority.cert);
}
