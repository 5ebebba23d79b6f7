import { Clients } from '../../gen/sdk/clients.ts';
import type { Caller } from './caller.ts';
import { Orders } from './orders.ts';
import { pollingSource } from './watch-order.ts';
import type { OrderSource } from './watch-order.ts';

/** A client for every service, those with more than their RPCs among them. */
export class Resources extends Clients {
  override readonly orders: Orders;

  /** @internal Programs make a `Purser`. */
  constructor(caller: Caller, source: OrderSource = pollingSource()) {
    super(caller);
    this.orders = new Orders(caller, source);
  }
}
