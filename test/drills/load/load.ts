import { setTimeout as sleep } from 'node:timers/promises';
import type { Operation } from '../history/history.ts';
import type { Random } from '../random.ts';
import type { World } from '../world/world.ts';
import { accountIn, type Answer, orderIn, Rest } from './rest.ts';

export interface LoadOptions {
  users?: number;
  /** Clients of each user that act at the same time. */
  clientsPerUser?: number;
  /** Mean pause of a client between two operations. */
  pauseMs?: number;
}

/** How long a client goes on with one operation before it leaves its outcome open. */
const patienceMs = 20_000;

const retryWaitMs = 100;

/** What every user has in the beginning: enough for most orders, and none of the too dear ones. */
const openingMinor = 1_000_000n;

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor: String(amountMinor) });

/** Refusals that say nothing of the operation itself: asked again they may succeed. */
const passing = new Set([0, 408, 429, 502, 503, 504]);

/**
 * Users that buy, look, cancel and top up, as careful clients do: one idempotency key for an
 * operation, sent again until there is an answer that means something. Everything that they see is
 * recorded.
 */
export class Load {
  readonly history: Operation[] = [];
  /** How often each status was answered; 0 is no answer. */
  readonly statuses = new Map<number, number>();
  /** Answers that no client can do anything with, the first few. */
  readonly surprises: string[] = [];
  /** Milliseconds of every creation of an order, retries included. */
  readonly creationMs: number[] = [];
  readonly userIds: string[];
  readonly #world: World;
  readonly #random: Random;
  readonly #options: Required<LoadOptions>;
  readonly #rest = new Rest();
  readonly #over = new AbortController();
  readonly #orders = new Map<string, string[]>();
  #clients: Promise<unknown> = Promise.resolve();
  #keys = 0;

  constructor(world: World, random: Random, options: LoadOptions = {}) {
    this.#world = world;
    this.#random = random;
    this.#options = { users: 8, clientsPerUser: 2, pauseMs: 60, ...options };
    const run = random.between(0, 2 ** 31).toString(36);
    this.userIds = Array.from({ length: this.#options.users }, (_, n) => `user-${run}-${n}`);
  }

  /** Opens the accounts; then the clients begin. */
  async start(): Promise<void> {
    for (const userId of this.userIds) {
      this.#orders.set(userId, []);
      await this.#open(userId);
      await this.#topUp(userId, openingMinor);
    }
    const clients = this.userIds.flatMap((userId) =>
      Array.from({ length: this.#options.clientsPerUser }, () => this.#act(userId)),
    );
    this.#clients = Promise.all(clients);
  }

  /** No new operations; returns when those under way have ended. */
  async stop(): Promise<void> {
    this.#over.abort();
    await this.#clients;
  }

  close(): void {
    this.#rest.close();
  }

  get ordersCreated(): number {
    return [...this.#orders.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** Creates that many orders at once, beside what the clients do. */
  async createOrders(count: number): Promise<void> {
    const next = () => this.#create(this.#random.pick(this.userIds), this.#amount());
    await Promise.all(Array.from({ length: count }, next));
  }

  /**
   * What became of the operations that nobody has answered, by their keys: an order that a key is
   * known for has been made, and a key that nobody knows is sent again, which makes it once.
   */
  async resolve(): Promise<number> {
    const open = this.history
      .filter((operation) => operation.op === 'create' || operation.op === 'topUp')
      .filter(({ outcome }) => outcome === 'unknown');
    for (const operation of open) {
      const { userId, key } = operation;
      const path = `/v1/requests/${key}`;
      const { status, body } = await this.#until('GET', path, userId, undefined, undefined);
      if (status === 404) {
        const { op, amountMinor: amount } = operation;
        const target = op === 'create' ? '/v1/orders' : '/v1/account:topUp';
        const again = await this.#until('POST', target, userId, { amount: usd(amount) }, key);
        this.#note(operation, again);
      } else {
        this.#note(operation, { status, body: body?.order ?? body?.account });
      }
      // What it says is known from now on, and not since somebody gave up.
      operation.endMs = performance.now();
    }
    return open.length;
  }

  async #act(userId: string): Promise<void> {
    const { signal } = this.#over;
    const random = this.#random.fork();
    while (!signal.aborted) {
      const orders = this.#orders.get(userId)!;
      const choice = random.next();
      if (choice < 0.5 || orders.length === 0) await this.#create(userId, this.#amount());
      else if (choice < 0.7) await this.#readAccount(userId);
      else if (choice < 0.87) await this.#readOrder(userId, random.pick(orders.slice(-20)));
      else if (choice < 0.94) await this.#cancel(userId, random.pick(orders.slice(-5)));
      else await this.#topUp(userId, BigInt(random.between(1, 500)));
      const pause = 2 * this.#options.pauseMs * random.next();
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }

  /** One of twenty costs more than anybody has. */
  #amount(): bigint {
    return this.#random.chance(0.05) ? 900_000_000_000n : BigInt(this.#random.between(1, 900));
  }

  async #open(userId: string): Promise<void> {
    const body = { currencyCode: 'USD' };
    const { status } = await this.#until('POST', '/v1/account', userId, body, undefined);
    if (status !== 200 && status !== 201 && status !== 409) {
      throw new Error(`An account could not be opened: ${status}.`);
    }
  }

  async #create(userId: string, amountMinor: bigint): Promise<void> {
    const key = this.#newKey();
    const startMs = performance.now();
    const body = { amount: usd(amountMinor) };
    const answer = await this.#until('POST', '/v1/orders', userId, body, key);
    this.creationMs.push(performance.now() - startMs);
    const operation: Operation = { op: 'create', key, amountMinor, ...seen(userId, startMs) };
    this.#record(operation, answer);
  }

  async #topUp(userId: string, amountMinor: bigint): Promise<void> {
    const key = this.#newKey();
    const startMs = performance.now();
    const body = { amount: usd(amountMinor) };
    const answer = await this.#until('POST', '/v1/account:topUp', userId, body, key);
    this.#record({ op: 'topUp', key, amountMinor, ...seen(userId, startMs) }, answer);
  }

  async #readAccount(userId: string): Promise<void> {
    const startMs = performance.now();
    const answer = await this.#once('GET', '/v1/account', userId);
    this.#record({ op: 'account', ...seen(userId, startMs) }, answer);
  }

  async #readOrder(userId: string, orderId: string): Promise<void> {
    const startMs = performance.now();
    const answer = await this.#once('GET', `/v1/orders/${orderId}`, userId);
    this.#record({ op: 'order', orderId, ...seen(userId, startMs) }, answer);
  }

  /** Repeated it may be refused, because it was done: what the books say of it is enough. */
  async #cancel(userId: string, orderId: string): Promise<void> {
    const startMs = performance.now();
    const answer = await this.#once('POST', `/v1/orders/${orderId}:cancel`, userId, {});
    this.#record({ op: 'cancel', orderId, ...seen(userId, startMs) }, answer);
  }

  #newKey(): string {
    this.#keys += 1;
    return `drill-${this.#keys}`;
  }

  #record(operation: Operation, answer: Answer): void {
    operation.endMs = performance.now();
    this.#note(operation, answer);
    this.history.push(operation);
  }

  #note(operation: Operation, { status, body }: Answer): void {
    if (status === 0 || passing.has(status) || status >= 500) operation.outcome = 'unknown';
    else operation.outcome = status < 300 ? 'ok' : 'refused';
    if (operation.outcome !== 'ok') return;
    if (operation.op === 'account' || operation.op === 'topUp') {
      Object.assign(operation, accountIn(body));
      return;
    }
    Object.assign(operation, orderIn(body));
    if (operation.op !== 'create') return;
    this.#orders.get(operation.userId)!.push(operation.orderId!);
  }

  async #once(method: string, path: string, userId: string, body?: unknown, key?: string) {
    const port = this.#random.pick(this.#world.portsOf('gateway'));
    const answer = await this.#rest.send(port, { method, path, userId, body, key });
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    const isClassified = answer.status === 0 || typeof answer.body?.reason === 'string';
    const isFine = answer.status > 0 && answer.status < 400;
    if (!isFine && (!isClassified || answer.status === 500) && this.surprises.length < 10) {
      this.surprises.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer;
  }

  /** The same again, while an answer is missing or passing and the client has patience. */
  async #until(
    method: string,
    path: string,
    userId: string,
    body: unknown,
    key: string | undefined,
  ): Promise<Answer> {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const answer = await this.#once(method, path, userId, body, key);
      if (!passing.has(answer.status) && answer.status < 500) return answer;
      if (performance.now() > giveUpAt) return answer;
      await sleep(retryWaitMs * (0.5 + this.#random.next()));
    }
  }
}

function seen(userId: string, startMs: number) {
  return { userId, startMs, endMs: startMs, outcome: 'unknown' as const };
}
