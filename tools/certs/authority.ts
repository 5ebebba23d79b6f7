import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as Crypto);

/** Small and quick, and every end of a connection knows it. */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const dayMs = 24 * 3_600_000;

/** So that a machine whose clock is a little late believes a new certificate at once. */
const earlyMs = 5 * 60_000;

/** A certificate and its key, both PEM. */
export interface Pair {
  cert: string;
  key: string;
}

export interface CertificateRequest {
  /** The common name: for PostgreSQL, that of the role. */
  name: string;
  /** The identity among our processes, `spiffe://purser/orders`; undefined for none. */
  uri?: string | undefined;
  /** Names and addresses under which it can be reached. */
  hosts?: readonly string[];
  /** May answer connections, may open them; default both. */
  server?: boolean;
  client?: boolean;
  days?: number;
  notBefore?: Date;
  notAfter?: Date;
}

/** Issues certificates. For development and tests: a production has an authority of its own. */
export class Authority {
  readonly #certificate: x509.X509Certificate;
  readonly #privateKey: webcrypto.CryptoKey;

  private constructor(certificate: x509.X509Certificate, privateKey: webcrypto.CryptoKey) {
    this.#certificate = certificate;
    this.#privateKey = privateKey;
  }

  /** A new one, whose own certificate lives for `days`. */
  static async create(days: number, name = 'Purser development'): Promise<Authority> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const now = Date.now();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name} ${randomBytes(4).toString('hex')}`,
      serialNumber: serialNumber(),
      notBefore: new Date(now - earlyMs),
      notAfter: new Date(now + days * dayMs),
      signingAlgorithm: algorithm,
      keys: keys as webcrypto.CryptoKeyPair,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as CryptoKey),
      ],
    });
    return new Authority(certificate, keys.privateKey);
  }

  /** One that was kept. */
  static async restore({ cert, key }: Pair): Promise<Authority> {
    const der = x509.PemConverter.decodeFirst(key);
    const privateKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
    return new Authority(new x509.X509Certificate(cert), privateKey);
  }

  /** PEM, public. */
  get cert(): string {
    return `${this.#certificate.toString('pem')}\n`;
  }

  get notAfter(): Date {
    return this.#certificate.notAfter;
  }

  /** Both, to be kept where nobody else can read. */
  async pair(): Promise<Pair> {
    return { cert: this.cert, key: await privatePem(this.#privateKey) };
  }

  async issue(request: CertificateRequest): Promise<Pair> {
    const { name, uri, hosts = [], server = true, client = true, days = 30 } = request;
    const now = Date.now();
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const names: x509.JsonGeneralNames = [
      ...(uri === undefined ? [] : [{ type: 'url' as const, value: uri }]),
      ...hosts.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
    ];
    const purposes = [
      ...(server ? [x509.ExtendedKeyUsage.serverAuth] : []),
      ...(client ? [x509.ExtendedKeyUsage.clientAuth] : []),
    ];
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: `CN=${name}`,
      issuer: this.#certificate.subject,
      notBefore: request.notBefore ?? new Date(now - earlyMs),
      notAfter: request.notAfter ?? new Date(now + days * dayMs),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey as CryptoKey,
      signingKey: this.#privateKey as CryptoKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(purposes),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
      ],
    });
    return { cert: `${certificate.toString('pem')}\n`, key: await privatePem(keys.privateKey) };
  }
}

/** Positive, and of 128 bits nobody can guess. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0]! &= 0x7f;
  bytes[0]! |= 0x40;
  return bytes.toString('hex');
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}
