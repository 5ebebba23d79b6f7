import type { Hint, WakeHints } from '#lib/outbox/relay-ports.ts';
import type { Broker } from './broker.ts';

/**
 * Hints between the instances of `service` as core NATS messages on `purser.wake.{service}`: no
 * stream keeps them, they are worth nothing a second later.
 */
export function wakeHints(options: { broker: Broker; service: string }): WakeHints {
  const { broker, service } = options;
  const subject = `purser.wake.${service}`;
  return {
    send(hint) {
      try {
        if (broker.isConnected()) broker.connection().publish(subject, hint);
      } catch {
        // The connection closed this moment. A hint must never fail the commit that it follows.
      }
    },
    listen(listener) {
      broker.connected().then(
        (connection) => {
          connection.subscribe(subject, {
            callback: (error, message) => {
              if (error === null) listener(message.string() as Hint);
            },
          });
        },
        () => {}, // closed before it ever connected
      );
    },
  };
}
