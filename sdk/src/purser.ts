import { LiveClient } from '../../gen/sdk/clients.ts';
import { Caller } from './caller.ts';
import type { CallerOptions } from './caller.ts';
import { FetchTransport } from './fetch-transport.ts';
import type { FetchTransportOptions } from './fetch-transport.ts';
import { liveSource } from './live-source.ts';
import { Resources } from './resources.ts';
import type { OrderSource } from './watch-order.ts';

export interface PurserOptions extends CallerOptions, FetchTransportOptions {
  /**
   * Where `orders.watch` learns of changes. Default: an order that is not final after a second is
   * followed over a WebSocket, one for each user and only while somebody watches, and by polling
   * where none can be had. `pollingSource()` never opens one.
   */
  orderSource?: OrderSource | undefined;
}

/**
 * Purser over REST, in browsers and Node:
 * `new Purser({ baseUrl: 'http://localhost:8080', userId: 'demo' })`. It needs no closing: a
 * connection is held only while an order is watched.
 */
export class Purser extends Resources {
  /** Throws TypeError for a `baseUrl` and PurserError for a `userId` that can be none. */
  constructor(options: PurserOptions) {
    const transport = new FetchTransport(options);
    const caller = new Caller(transport, options);
    const tickets = new LiveClient(caller);
    super(caller, options.orderSource ?? liveSource(transport.base, tickets));
  }
}
