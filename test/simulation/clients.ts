import { Order } from '#gen/purser/orders/v1/order.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Plan, PlannedOrder, PlannedTopUp } from './plan.ts';
import type { ServiceName, System } from './system.ts';

/** A call that its client repeats until it has a definite answer. */
export interface ClientCall {
  what: 'create' | 'cancel' | 'top up';
  user: string;
  key: string;
  order: PlannedOrder | undefined;
  /** What the client was told; undefined while it does not know. */
  answer: { ok: true; value: any } | { ok: false; reason: string } | undefined;
}

export function userIdOf(user: number): string {
  return `user-${user}`;
}

const noOrder = Order.decode(new Uint8Array());

/** What the users do, and what they are told. */
export class Clients {
  readonly calls: ClientCall[] = [];
  readonly #system: System;

  constructor(system: System) {
    this.#system = system;
  }

  /** Whether every client knows what became of its call. */
  get answered(): boolean {
    return this.calls.every(({ answer }) => answer !== undefined);
  }

  begin({ orders, topUps }: Plan): void {
    const { world } = this.#system;
    for (const [number, order] of orders.entries()) {
      world.after(order.atMs, () => this.#create(order, `create-${number}`), true);
    }
    for (const [number, topUp] of topUps.entries()) {
      world.after(topUp.atMs, () => this.#topUp(topUp, `top-up-${number}`), true);
    }
  }

  #create(order: PlannedOrder, key: string): void {
    const { amountMinor, currencyCode } = order;
    const request = { order: { ...noOrder, amount: { amountMinor, currencyCode } } };
    const path = '/purser.orders.v1.OrderService/CreateOrder';
    const call = this.#call({ what: 'create', user: order.user, key, order });
    this.#repeat(call, { service: 'orders', path, request: { ...request, requestId: key } });
    if (order.cancelAtMs === undefined) return;
    const { world } = this.#system;
    const cancel = () => this.#cancelWhenKnown(call, order);
    world.after(Math.max(0, order.cancelAtMs - world.nowMs), cancel, true);
  }

  #cancelWhenKnown(created: ClientCall, order: PlannedOrder): void {
    const { answer } = created;
    if (!answer) {
      // Whoever does not know of the order cannot cancel it.
      return void this.#system.world.after(500, () => this.#cancelWhenKnown(created, order), true);
    }
    if (!answer.ok) return;
    const { name } = answer.value as Order;
    const call = this.#call({ what: 'cancel', user: order.user, key: name, order });
    const path = '/purser.orders.v1.OrderService/CancelOrder';
    this.#repeat(call, { service: 'orders', path, request: { name, reason: '', etag: '' } });
  }

  #topUp({ user, amountMinor }: PlannedTopUp, key: string): void {
    const amount = { amountMinor, currencyCode: 'USD' };
    const path = '/purser.payments.v1.AccountService/TopUpAccount';
    const call = this.#call({ what: 'top up', user, key, order: undefined });
    this.#repeat(call, { service: 'payments', path, request: { amount, requestId: key } });
  }

  #call(of: { what: ClientCall['what']; user: number; key: string; order: any }): ClientCall {
    const call: ClientCall = { ...of, user: userIdOf(of.user), answer: undefined };
    this.calls.push(call);
    return call;
  }

  #repeat(call: ClientCall, to: { service: ServiceName; path: string; request: object }): void {
    const { world } = this.#system;
    const told = (answer: NonNullable<ClientCall['answer']>) => {
      call.answer = answer;
      const result = answer.ok ? (answer.value.name ?? 'done') : answer.reason;
      world.note(() => `client ${call.what} ${call.key} of ${call.user}: ${result}`);
    };
    this.#system.call(to.service, { ...to, userId: call.user }).then(
      (value: unknown) => told({ ok: true, value }),
      (error: unknown) => {
        if (error instanceof PurserError && definite.has(error.reason)) {
          return told({ ok: false, reason: error.reason });
        }
        world.note(() => `client ${call.what} ${call.key}: ${String(error)}, tries again`);
        world.after(world.between(100, 600), () => this.#repeat(call, to));
      },
    );
  }
}

/** Refusals that say that the call had no effect and never will have. */
const definite = new Set([
  'ORDER_STATE_CONFLICT',
  'ACCOUNT_NOT_FOUND',
  'CURRENCY_MISMATCH',
  'BALANCE_LIMIT_EXCEEDED',
  'IDEMPOTENCY_KEY_REUSED',
]);
