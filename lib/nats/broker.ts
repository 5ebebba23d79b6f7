import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { connect, createInbox, deferred } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { Backoff } from '#lib/batch/backoff.ts';
import { minVersion, type TlsFolder } from '#lib/tls/tls-folder.ts';

export interface BrokerOptions {
  /**
   * nats://host:port or nats://user:password@host:port, several separated by commas. One user
   * serves for all of them. With tls:// in place of nats://, over TLS.
   */
  url: string;
  /** The certificate of this process: with it, connections are over TLS as well. */
  tls?: TlsFolder | undefined;
  /**
   * Shown in the server's list of connections. Answers come to `_INBOX.<name>.…`, so that the
   * server can keep every service from listening to the answers of others.
   */
  name: string;
  log: Logger;
  /**
   * The connection closed although nobody asked for it, and nothing brings it back: end the
   * process.
   */
  onLost(error: Error): void;
  /**
   * Milliseconds between pings, 3,500 by default. Two unanswered ones end the connection when the
   * third is due, so that a server that froze is noticed within 7 to 10.5 s.
   */
  pingIntervalMs?: number;
}

/** Thrown where the caller must not wait for a broker that is not there. */
export class BrokerUnavailableError extends Error {
  override name = 'BrokerUnavailableError';
}

const closeGraceMs = 1_500;

/**
 * The one connection of a process to NATS. It exists before there is a server to connect to, and
 * outlives every restart of it: the client's own defaults give up for good after 20 s, and notice a
 * frozen server after minutes.
 */
export class Broker {
  readonly #options: BrokerOptions;
  readonly #closing = new AbortController();
  readonly #reconnectListeners = new Set<() => void>();
  /** Settled by the next connection, or by the end. */
  #next = deferred<NatsConnection>();
  #connection: NatsConnection | undefined;
  #up = false;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#next.catch(() => {}); // close() rejects it even when nobody waits
    void this.#connectFirst();
  }

  /** A subject for answers that nobody else uses. */
  newInbox(): string {
    return createInbox(this.#inboxPrefix);
  }

  get #inboxPrefix(): string {
    return `_INBOX.${this.#options.name}`;
  }

  /** Whether the server answered lately; for readiness. */
  isConnected(): boolean {
    return this.#up;
  }

  /**
   * The connection, for work that is worth nothing later. Throws `BrokerUnavailableError` while it
   * is down.
   */
  connection(): NatsConnection {
    if (this.#connection === undefined || !this.#up) {
      throw new BrokerUnavailableError('not connected to NATS');
    }
    return this.#connection;
  }

  /** Resolves when there is a connection; rejects when the broker is closed before. */
  connected(): Promise<NatsConnection> {
    return this.#next;
  }

  /** Calls `listener` after every connection but the first. Returns what ends that. */
  onReconnect(listener: () => void): () => void {
    this.#reconnectListeners.add(listener);
    return () => this.#reconnectListeners.delete(listener);
  }

  /** Flushes what is on its way, for at most 1.5 s, and closes for good. */
  async close(): Promise<void> {
    this.#closing.abort();
    const wasUp = this.#up;
    this.#down();
    this.#next.reject(new BrokerUnavailableError('the broker connection is closed'));
    const connection = this.#connection;
    if (connection === undefined) return;
    if (wasUp) {
      const grace = AbortSignal.timeout(closeGraceMs);
      await Promise.race([
        connection.flush().catch(() => {}),
        new Promise((resolve) => grace.addEventListener('abort', resolve)),
      ]);
    }
    await connection.close();
  }

  /**
   * The client's waitOnFirstConnect cannot be cancelled and does not say why it waits, so the first
   * connection has a loop of its own.
   */
  async #connectFirst(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff({ firstMs: 100, lastMs: 2_000 });
    while (!signal.aborted) {
      try {
        this.#adopt(await this.#connect());
        return;
      } catch (error) {
        if (backoff.failures % 30 === 0) {
          this.#options.log.warn({ err: error }, 'NATS does not answer yet');
        }
        await backoff.pause(signal);
      }
    }
  }

  #connect(): Promise<NatsConnection> {
    return connect({
      ...serversOf(this.#options.url),
      ...tlsOf(this.#options),
      name: this.#options.name,
      inboxPrefix: this.#inboxPrefix,
      timeout: 5_000,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      pingInterval: this.#options.pingIntervalMs ?? 3_500,
      maxPingOut: 2,
      // A server that restarts with its users not yet loaded refuses them: that passes as well.
      ignoreAuthErrorAbort: true,
      // Otherwise every published message makes an Error for its stack trace.
      noAsyncTraces: true,
    });
  }

  #adopt(connection: NatsConnection): void {
    this.#connection = connection;
    if (this.#closing.signal.aborted) return void connection.close();
    void this.#watch(connection);
    void connection.closed().then((error) => {
      this.#down();
      if (this.#closing.signal.aborted) return;
      this.#options.onLost(error ?? new Error('the connection to NATS closed for good'));
    });
    this.#options.log.info({ server: connection.getServer() }, 'connected to NATS');
    this.#rise(connection);
  }

  #rise(connection: NatsConnection): void {
    this.#up = true;
    this.#next.resolve(connection);
  }

  #down(): void {
    if (!this.#up) return;
    this.#up = false;
    this.#next = deferred();
    this.#next.catch(() => {});
  }

  async #watch(connection: NatsConnection): Promise<void> {
    const { log } = this.#options;
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        if (this.#up) log.warn({ server: status.server }, 'disconnected from NATS');
        this.#down();
      } else if (status.type === 'reconnect') {
        this.#rise(connection);
        log.info({ server: status.server }, 'connected to NATS again');
        for (const listener of this.#reconnectListeners) listener();
      } else if (status.type === 'error') {
        log.warn({ err: status.error }, 'NATS reported an error');
      }
    }
  }
}

/** A server that does not speak TLS is then refused. The files are read for every connection. */
export function tlsOf({
  url,
  tls,
}: Pick<BrokerOptions, 'url' | 'tls'>): Pick<NodeConnectionOptions, 'tls'> {
  if (tls === undefined && !/^\s*tls:/.test(url)) return {};
  // The client hands on to Node what it does not know itself.
  return { tls: { ...tls?.files(), ...({ minVersion } as object) } };
}

/** The client takes no credentials in an address: it would take all of it for a host's name. */
export function serversOf(text: string): { servers: string[]; user?: string; pass?: string } {
  const urls = text.split(',').map((part) => new URL(part.trim()));
  const servers = urls.map(({ protocol, host }) => `${protocol}//${host}`);
  const known = urls.find(({ username }) => username !== '');
  if (known === undefined) return { servers };
  const user = decodeURIComponent(known.username);
  return { servers, user, pass: decodeURIComponent(known.password) };
}
