import { Caller } from './caller.ts';
import type { CallerOptions } from './caller.ts';
import { FetchTransport } from './fetch-transport.ts';
import type { FetchTransportOptions } from './fetch-transport.ts';
import { Resources } from './resources.ts';
import type { OrderSource } from './watch-order.ts';

export interface PurserOptions extends CallerOptions, FetchTransportOptions {
  /** Where `orders.watch` learns of changes; default: polling. */
  orderSource?: OrderSource | undefined;
}

/**
 * Purser over REST, in browsers and Node:
 * `new Purser({ baseUrl: 'http://localhost:8080', userId: 'demo' })`. It holds no connection and
 * needs no closing.
 */
export class Purser extends Resources {
  /** Throws TypeError for a `baseUrl` and PurserError for a `userId` that can be none. */
  constructor(options: PurserOptions) {
    super(new Caller(new FetchTransport(options), options), options.orderSource);
  }
}
