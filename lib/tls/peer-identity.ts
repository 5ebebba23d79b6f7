import {
  checkServerIdentity as checkHostName,
  type PeerCertificate,
  type ConnectionOptions,
} from 'node:tls';

/** What a process is called in its certificate: `spiffe://purser/orders`. */
export function identityUri(name: string): string {
  return `spiffe://purser/${name}`;
}

const uriPattern = /^URI:spiffe:\/\/purser\/([a-z][a-z0-9_-]{0,62})$/;

/**
 * The name of the process that a certificate was made for: `gateway` of `spiffe://purser/gateway`.
 * Undefined unless it is the one URI among the subject's alternative names, as SPIFFE demands.
 * Whether the certificate is to be believed was decided before, by the handshake.
 */
export function identityOf(
  certificate: Pick<PeerCertificate, 'subjectaltname'>,
): string | undefined {
  const text = certificate.subjectaltname ?? '';
  // Node quotes names with commas in them, which could pass for more than one name.
  if (text.includes('"')) return undefined;
  const uris = text.split(', ').filter((name) => name.startsWith('URI:'));
  return uris.length === 1 ? uriPattern.exec(uris[0]!)?.[1] : undefined;
}

/** Believes a server only under the name of its host, and only when it is the process `name`. */
export function serverMustBe(
  name: string | undefined,
): NonNullable<ConnectionOptions['checkServerIdentity']> {
  return (host, certificate) => {
    const wrongHost = checkHostName(host, certificate);
    if (wrongHost !== undefined || name === undefined) return wrongHost;
    const found = identityOf(certificate);
    if (found === name) return undefined;
    return new Error(`${host} is ${found ?? 'nobody that we know'}, and should be ${name}`);
  };
}
