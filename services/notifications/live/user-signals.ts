import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Broker } from '#lib/nats/broker.ts';
import { userToken } from '#lib/outbox/user-token.ts';
import { type Addition, writeSignal } from './addition.ts';

export interface UserSignalsOptions {
  broker: Broker;
  /** The log of a user has grown. */
  onSignal(userId: string, signal: string): void;
  /** Signals may have been lost. */
  onDoubt(): void;
}

/**
 * Signals between instances that a user's log has grown, with what was added, as core NATS messages
 * on `purser.live.{user token}`: nothing keeps them, and whoever needs certainty polls. The broker
 * sends an instance only the signals of users that it has subscribed.
 */
export class UserSignals {
  readonly #options: UserSignalsOptions;
  readonly #subscriptions = new Map<string, Subscription | undefined>();
  readonly #stopListening: () => void;
  /** Undefined before the first connection; it then stays the same for ever. */
  #connection: NatsConnection | undefined;
  /** Shared by all who wait for the broker to have what was sent to it. */
  #flush: Promise<void> | undefined;

  constructor(options: UserSignalsOptions) {
    this.#options = options;
    const { broker, onDoubt } = options;
    this.#stopListening = broker.onReconnect(onDoubt);
    broker.connected().then(
      (connection) => {
        this.#connection = connection;
        for (const userId of this.#subscriptions.keys()) this.subscribe(userId);
        onDoubt();
      },
      () => {}, // closed before it ever connected
    );
  }

  send(addition: Addition): void {
    try {
      if (!this.#options.broker.isConnected()) return;
      this.#connection?.publish(subjectOf(addition.userId), writeSignal(addition));
    } catch {
      // The connection closed this moment; the poll finds what was not told.
    }
  }

  /** Once for each user that has streams here. */
  subscribe(userId: string): void {
    const { onSignal } = this.#options;
    const subscription = this.#connection?.subscribe(subjectOf(userId), {
      callback: (error, message) => {
        if (error === null) onSignal(userId, message.string());
      },
    });
    this.#subscriptions.set(userId, subscription);
  }

  unsubscribe(userId: string): void {
    this.#subscriptions.get(userId)?.unsubscribe();
    this.#subscriptions.delete(userId);
  }

  /**
   * Resolves when the broker knows the subscriptions so far, or does not answer right now: then the
   * poll must do.
   */
  async subscribed(): Promise<void> {
    if (!this.#connection || !this.#options.broker.isConnected()) return;
    const connection = this.#connection;
    this.#flush ??= Promise.resolve().then(async () => {
      this.#flush = undefined;
      await Promise.race([connection.flush(), new Promise((late) => setTimeout(late, 500))]);
    });
    await this.#flush.catch(() => {});
  }

  close(): void {
    this.#stopListening();
  }
}

function subjectOf(userId: string): string {
  return `purser.live.${userToken(userId)}`;
}
