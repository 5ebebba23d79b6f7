import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { methods } from '#gen/methods.ts';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { GrpcClient } from '#lib/grpc/client.ts';
import { createLogger } from '#lib/log/logger.ts';

/** What callers saw. */
export interface Seen {
  calls: number;
  /** Calls that no repetition helped, with what they saw last. */
  failed: string[];
  /** Attempts after which a caller asked again, by what it saw. */
  repeated: Map<string, number>;
  /** Milliseconds of each call, repetitions included. */
  took: number[];
  /** Names of the orders that were accepted. */
  orders: Set<string>;
}

export interface LoadOptions {
  /** Base URLs of the gateways; a caller whose call fails goes on with the next, same key. */
  gateways: readonly string[];
  /** Addresses of Orders for callers of gRPC, in the form of PURSER_ORDERS_TARGET. */
  ordersTarget: string;
  /** A user with an account. */
  userId: string;
  /** Callers over REST, and half as many over gRPC, each with one call at a time. */
  callers: number;
}

/** As the SDK does: at most four attempts, within ten seconds. */
const attemptsMax = 4;
const attemptMs = 10_000;
const pauseMs = 100;

/** Between two calls of a caller: this is a check of what fails, not of how fast it is. */
const thinkMs = 20;

/** Idempotent calls from many callers at a time, until stopped. */
export class Load {
  readonly seen: Seen = {
    calls: 0,
    failed: [],
    repeated: new Map(),
    took: [],
    orders: new Set(),
  };
  readonly #options: LoadOptions;
  readonly #grpc: GrpcClient;
  readonly #callers: Promise<void>[];
  #stopping = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    const log = createLogger({ service: 'load', instance: '0', level: 'silent' });
    this.#grpc = new GrpcClient({ target: options.ordersTarget, log });
    const rest = Array.from({ length: options.callers }, (_, index) => this.#callRest(index));
    const grpc = Array.from({ length: options.callers / 2 }, () => this.#callGrpc());
    this.#callers = [...rest, ...grpc];
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#callers);
    this.#grpc.close();
  }

  async #callRest(index: number): Promise<void> {
    let gateway = index;
    for (let count = index; !this.#stopping; count += 1) {
      const ask = this.#restCall(count);
      const startedMs = performance.now();
      for (let attempt = 1; ; attempt += 1) {
        const url = this.#options.gateways[gateway % this.#options.gateways.length];
        const fault = await ask(url!).catch((error: Error) => faultOf(error));
        if (!fault) break;
        gateway += 1;
        if (this.#settle(`REST ${fault}`, attempt)) break;
        await sleep(pauseMs * attempt);
      }
      this.#done(startedMs);
      await sleep(thinkMs);
    }
  }

  /** A call that may be repeated: it reads, or it carries its key. Resolves with what is wrong. */
  #restCall(count: number): (url: string) => Promise<string | undefined> {
    const headers = { 'x-user-id': this.#options.userId, 'content-type': 'application/json' };
    const amount = { currencyCode: 'USD', amountMinor: '1' };
    const write = (path: string, key: string) => async (url: string) => {
      const answer = await fetch(url + path, {
        method: 'POST',
        headers: { ...headers, 'idempotency-key': key },
        body: JSON.stringify({ amount }),
        signal: AbortSignal.timeout(attemptMs),
      });
      const body = (await answer.json()) as { name?: string; reason?: string };
      if (answer.ok && body.name?.startsWith('orders/')) this.seen.orders.add(body.name);
      return answer.ok ? undefined : `${answer.status} ${body.reason}`;
    };
    const read = (path: string) => async (url: string) => {
      const signal = AbortSignal.timeout(attemptMs);
      const answer = await fetch(url + path, { headers, signal });
      const body = (await answer.json()) as { reason?: string };
      return answer.ok ? undefined : `${answer.status} ${body.reason}`;
    };
    const key = randomUUID();
    const calls = [
      write('/v1/orders', key),
      read('/v1/orders?pageSize=5'),
      write('/v1/account:topUp', key),
      read('/v1/account'),
      read('/v1/notifications?pageSize=5'),
    ];
    return calls[count % calls.length]!;
  }

  async #callGrpc(): Promise<void> {
    const create = methods['/purser.orders.v1.OrderService/CreateOrder'];
    const amount = { currencyCode: 'USD', amountMinor: 1n };
    const order = { ...Order.decode(new Uint8Array()), amount };
    while (!this.#stopping) {
      const request = { order, requestId: randomUUID() };
      const startedMs = performance.now();
      for (let attempt = 1; ; attempt += 1) {
        const deadline = new Date(Date.now() + attemptMs);
        const call = { userId: this.#options.userId, requestId: randomUUID(), deadline };
        const fault = await this.#grpc.unary(create, request, call).then(
          ({ name }) => void this.seen.orders.add(name),
          (error: { reason?: string }) => `gRPC ${error.reason}`,
        );
        if (!fault || this.#settle(fault, attempt)) break;
        await sleep(pauseMs * attempt);
      }
      this.#done(startedMs);
      await sleep(thinkMs);
    }
  }

  /** Whether the call is over: it has failed for good. */
  #settle(fault: string, attempt: number): boolean {
    // What the services refuse for good no repetition helps.
    const hopeless = !/REST (50[34]|no answer)|gRPC (DEPENDENCY|DEADLINE|OVER)/.test(fault);
    if (hopeless || attempt === attemptsMax) {
      this.seen.failed.push(fault);
      return true;
    }
    this.seen.repeated.set(fault, (this.seen.repeated.get(fault) ?? 0) + 1);
    return false;
  }

  #done(startedMs: number): void {
    this.seen.calls += 1;
    this.seen.took.push(performance.now() - startedMs);
  }
}

function faultOf(error: Error): string {
  const { code } = (error.cause ?? {}) as { code?: string };
  return `no answer: ${code ?? error.message}`;
}
