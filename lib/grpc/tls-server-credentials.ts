import { ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '#lib/log/logger.ts';
import { minVersion, type TlsFolder } from '#lib/tls/tls-folder.ts';

/**
 * Mutual TLS for a gRPC server: whoever has no certificate of the authority is refused in the
 * handshake. Not `ServerCredentials.createSsl`, which neither asks for TLS 1.3 nor follows files
 * that change; not its certificate providers, which take no version either.
 */
export class TlsServerCredentials extends ServerCredentials {
  readonly #unwatch: () => void;

  constructor(tls: TlsFolder, log: Logger) {
    super({ requestCert: true, rejectUnauthorized: true, minVersion }, tls.read());
    this.#unwatch = tls.watch((material) => this.updateSecureContextOptions(material), log);
  }

  // oxlint-disable-next-line no-underscore-dangle -- the name that grpc-js gave it
  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }

  /** Follows the files no longer. */
  stop(): void {
    this.#unwatch();
  }
}
