import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import { splitAddress } from '#lib/config/parse-value.ts';
import { serverMustBe } from '#lib/tls/peer-identity.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';

/** How a channel shows who it is, and whom it believes. */
export interface ChannelTls {
  folder: TlsFolder;
  /** The name that the server must have in its certificate; undefined takes any of its host's. */
  server: string | undefined;
  /** What its certificate is made for, where the target is only an address of that; default: it. */
  host?: string | undefined;
}

/**
 * Credentials that give a connection up when its peer accepts it and then says nothing: plaintext,
 * or mutual TLS with the certificate that is in the folder when the connection is made.
 *
 * grpc-js waits without a limit for the peer's HTTP/2 SETTINGS: a server that hangs, or a proxy
 * without a backend, keeps the connection CONNECTING for ever, also long after the path is healthy
 * again, and keepalive starts only later (measured with 1.14.7; grpc-node issue 2785). The
 * connector is the one place where each connection of a channel can be reached. After the give-up
 * the channel's ordinary backoff tries again.
 */
export class HandshakeDeadlineCredentials extends ChannelCredentials {
  #timeoutMs: number;
  #tls: ChannelTls | undefined;

  constructor(timeoutMs: number, tls?: ChannelTls) {
    super();
    this.#timeoutMs = timeoutMs;
    this.#tls = tls;
  }

  override _isSecure(): boolean {
    return this.#tls !== undefined;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    ...[target, options, callCredentials]: Parameters<ChannelCredentials['_createSecureConnector']>
  ): ReturnType<ChannelCredentials['_createSecureConnector']> {
    // oxlint-disable-next-line no-underscore-dangle -- the name that grpc-js gave it
    const connector = plaintext._createSecureConnector(target, options, callCredentials);
    const timeoutMs = this.#timeoutMs;
    const tls = this.#tls;
    return {
      ...connector,
      connect: async (socket: Socket) => {
        giveUpIfSilent(socket, timeoutMs);
        if (tls === undefined) return connector.connect(socket);
        const secured = await secure(socket, tls.host ?? hostOf(target.path, socket), tls);
        giveUpIfSilent(secured, timeoutMs);
        return { socket: secured, secure: true };
      },
    };
  }
}

const plaintext = ChannelCredentials.createInsecure();

/** What the certificate has to be made for: the name that was asked for, or else the address. */
function hostOf(path: string, socket: Socket): string {
  const host = splitAddress(path.split(',', 1)[0] ?? '')?.host ?? path;
  return isIP(host) === 0 ? host : (socket.remoteAddress ?? host);
}

function secure(socket: Socket, host: string, { folder, server }: ChannelTls): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = connectTls({
      socket,
      host,
      // An address is no name that a server could be chosen by.
      servername: isIP(host) === 0 ? host : '',
      ALPNProtocols: ['h2'],
      secureContext: folder.clientContext(),
      checkServerIdentity: (_name, certificate) => serverMustBe(server)(host, certificate),
    });
    secured.once('secureConnect', () => resolve(secured));
    secured.on('error', reject);
    secured.once('close', () => reject(new Error('The connection closed in its handshake')));
  });
}

function giveUpIfSilent(socket: Socket, timeoutMs: number): void {
  const timer = setTimeout(() => {
    const seconds = timeoutMs / 1000;
    if (socket.bytesRead === 0)
      socket.destroy(new Error(`The server said nothing for ${seconds} s`));
  }, timeoutMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
