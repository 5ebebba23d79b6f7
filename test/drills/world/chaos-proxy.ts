import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.ts';

/** How a network behaves. What is not named is as good as loopback. */
export interface Weather {
  /** Milliseconds that each piece takes on its way, and how much more it may take at random. */
  delayMs?: number;
  jitterMs?: number;
  /** Pieces of at most so many bytes. */
  sliceBytes?: number;
  bytesPerSecond?: number;
  /** Probability that a connection is reset at a piece. */
  resets?: number;
  /** Direction in which nothing arrives any more, seen from who has called. */
  blackHole?: 'requests' | 'answers' | 'both';
}

/**
 * A TCP proxy with weather, from a seed: there is no tc netem without its kernel module. What is
 * held in a black hole arrives when the weather changes, as after a partition, or is lost with its
 * connection.
 */
export class ChaosProxy {
  readonly port: number;
  /** Connections that were reset, and bytes that were held in a black hole. */
  resets = 0;
  held = 0;
  readonly #server: Server;
  readonly #random: Random;
  readonly #pairs = new Set<[Socket, Socket]>();
  #weather: Weather = {};
  #changed = Promise.withResolvers<void>();

  static async open(targetPort: number, random: Random): Promise<ChaosProxy> {
    const server = createServer({ pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ChaosProxy(server, targetPort, random);
  }

  private constructor(server: Server, targetPort: number, random: Random) {
    this.#server = server;
    this.#random = random;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (caller) => this.#join(caller, targetPort));
  }

  set weather(weather: Weather) {
    this.#weather = weather;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Every connection ends with a reset, and whatever is in it is lost. */
  reset(): void {
    for (const pair of this.#pairs) this.#resetPair(pair);
  }

  close(): void {
    this.reset();
    this.#changed.resolve();
    this.#server.close();
  }

  #join(caller: Socket, port: number): void {
    const target = connect({ host: '127.0.0.1', port, noDelay: true });
    const pair: [Socket, Socket] = [caller, target];
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => this.#resetPair(pair));
      socket.on('close', () => this.#endPair(pair));
    }
    caller.setNoDelay(true);
    void this.#carry(caller, target, 'requests', pair);
    void this.#carry(target, caller, 'answers', pair);
  }

  async #carry(
    from: Socket,
    to: Socket,
    direction: 'requests' | 'answers',
    pair: [Socket, Socket],
  ): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        for (const piece of this.#slices(chunk)) {
          await this.#travel(piece, direction, pair);
          if (to.destroyed) return;
          if (!to.write(piece)) await once(to, 'drain');
        }
      }
      to.end();
    } catch {
      // One of the two has gone; the other follows.
      this.#resetPair(pair);
    }
  }

  #slices(chunk: Buffer): Buffer[] {
    const size = this.#weather.sliceBytes ?? chunk.length;
    const count = Math.ceil(chunk.length / size);
    return Array.from({ length: count }, (_, n) => chunk.subarray(n * size, (n + 1) * size));
  }

  async #travel(
    piece: Buffer,
    direction: 'requests' | 'answers',
    pair: [Socket, Socket],
  ): Promise<void> {
    while (this.#weather.blackHole === direction || this.#weather.blackHole === 'both') {
      this.held += piece.length;
      await this.#changed.promise;
    }
    const { delayMs = 0, jitterMs = 0, bytesPerSecond, resets = 0 } = this.#weather;
    const transferMs = bytesPerSecond === undefined ? 0 : (piece.length / bytesPerSecond) * 1_000;
    const waitMs = delayMs + jitterMs * this.#random.next() + transferMs;
    if (waitMs > 0) await sleep(waitMs);
    if (resets > 0 && this.#random.chance(resets)) this.#resetPair(pair);
  }

  #resetPair(pair: [Socket, Socket]): void {
    if (!this.#pairs.delete(pair)) return;
    this.resets += 1;
    for (const socket of pair) {
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  #endPair(pair: [Socket, Socket]): void {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of pair) socket.destroySoon();
  }
}
