import type { Socket } from 'node:net';
import { ChannelCredentials } from '@grpc/grpc-js';

/**
 * Plaintext credentials that give a connection up when its peer accepts it and then says nothing.
 *
 * grpc-js waits without a limit for the peer's HTTP/2 SETTINGS: a server that hangs, or a proxy
 * without a backend, keeps the connection CONNECTING for ever, also long after the path is healthy
 * again, and keepalive starts only later (measured with 1.14.7; grpc-node issue 2785). The
 * connector is the one place where each connection of a channel can be reached. After the give-up
 * the channel's ordinary backoff tries again.
 */
export class HandshakeDeadlineCredentials extends ChannelCredentials {
  #timeoutMs: number;

  constructor(timeoutMs: number) {
    super();
    this.#timeoutMs = timeoutMs;
  }

  override _isSecure(): boolean {
    return false;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other instanceof HandshakeDeadlineCredentials && other.#timeoutMs === this.#timeoutMs;
  }

  override _createSecureConnector(
    ...[target, options, callCredentials]: Parameters<ChannelCredentials['_createSecureConnector']>
  ): ReturnType<ChannelCredentials['_createSecureConnector']> {
    // oxlint-disable-next-line no-underscore-dangle -- the name that grpc-js gave it
    const connector = plaintext._createSecureConnector(target, options, callCredentials);
    const timeoutMs = this.#timeoutMs;
    return {
      ...connector,
      connect: async (socket: Socket) => {
        giveUpIfSilent(socket, timeoutMs);
        return connector.connect(socket);
      },
    };
  }
}

const plaintext = ChannelCredentials.createInsecure();

function giveUpIfSilent(socket: Socket, timeoutMs: number): void {
  const timer = setTimeout(() => {
    const seconds = timeoutMs / 1000;
    if (socket.bytesRead === 0)
      socket.destroy(new Error(`The server said nothing for ${seconds} s`));
  }, timeoutMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
