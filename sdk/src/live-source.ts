import type { LiveClient } from '../../gen/sdk/clients.ts';
import { sleep } from './backoff.ts';
import { LiveOrders } from './live-orders.ts';
import type { WatchedOrder } from './live-orders.ts';
import { liveUrl } from './live-socket.ts';
import type { LiveSocket } from './live-socket.ts';
import { pollGrowth, spread } from './watch-order.ts';
import type { OrderSource, PollingOptions } from './watch-order.ts';

export interface LiveSourceOptions extends PollingOptions {
  /** How long an order is only polled; default 1,000 ms. */
  joinMs?: number;
  /** Wait between two looks at an order whose changes are told; default 30,000 ms. */
  checkMs?: number;
  /** Instead of the global one. */
  WebSocket?: (new (url: string) => LiveSocket) | undefined;
}

/**
 * Polls an order as `pollingSource` does, and for one that takes longer than a second joins the
 * user's live stream, which is one WebSocket for all orders that the user watches here. It says
 * when to look, and the order is still what a read of it says. Most orders are paid long before
 * that, and a socket costs a ticket, a handshake and a snapshot, more than all the polls of the
 * first second. While there is no stream, for whatever reason, it goes on polling.
 */
export function liveSource(
  base: string,
  tickets: Pick<LiveClient, 'createTicket'>,
  options: LiveSourceOptions = {},
): OrderSource {
  const { pollMsMin = 50, pollMsMax = 5_000, joinMs = 1_000, checkMs = 30_000 } = options;
  const Socket = options.WebSocket ?? globalWebSocket();
  const users = new Map<string, LiveOrders>();
  const watch = (userId: string, name: string) => {
    if (!Socket) return undefined;
    let stream = users.get(userId);
    if (!stream) {
      stream = new LiveOrders({
        ticket: async (signal) => (await tickets.createTicket({ userId, signal })).ticket,
        connect: (ticket) => new Socket(liveUrl(base, ticket)),
        onUnused: () => users.delete(userId),
      });
      users.set(userId, stream);
    }
    return stream.watch(name);
  };
  return {
    async *follow(name, { get, userId, signal }) {
      const joinAtMs = performance.now() + joinMs;
      let watched: WatchedOrder | undefined;
      let version = -1n;
      try {
        for (let waitMs = pollMsMin; ; waitMs = Math.min(pollMsMax, waitMs * pollGrowth)) {
          watched?.look();
          const order = await get();
          if (order.version !== version) waitMs = pollMsMin;
          version = order.version;
          yield order;
          if (performance.now() >= joinAtMs) watched ??= watch(userId, name);
          // Between half and all of it: many watchers must not ask in step.
          const patience = { pollMs: spread(waitMs), checkMs: spread(checkMs) };
          await (watched?.news(version, patience, signal) ?? sleep(patience.pollMs, signal));
        }
      } finally {
        watched?.end();
      }
    },
  };
}

/** Undefined where there is none, such as Node 20. */
function globalWebSocket(): LiveSourceOptions['WebSocket'] {
  return (globalThis as { WebSocket?: LiveSourceOptions['WebSocket'] }).WebSocket;
}
