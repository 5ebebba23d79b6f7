import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillContext } from '../drill.ts';
import { orderIn, Rest } from '../load/rest.ts';
import { select } from '../observe.ts';

/** Seconds until it holds, or undefined when it does not within the time. */
export async function secondsUntil(
  holds: () => Promise<boolean>,
  timeoutSeconds: number,
): Promise<number | undefined> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < timeoutSeconds * 1_000) {
    if (await holds().catch(() => false)) return (performance.now() - startedAt) / 1_000;
    await sleep(50);
  }
  return undefined;
}

/** Waits until it holds; a fault of the drill when it does not within the time. */
export async function require(
  { fault, measured }: DrillContext,
  what: string,
  holds: () => Promise<boolean>,
  timeoutSeconds: number,
): Promise<void> {
  const seconds = await secondsUntil(holds, timeoutSeconds);
  if (seconds === undefined) fault(`${what}: not within ${timeoutSeconds} s`);
  else measured(what, seconds, 's');
}

/** Buyers of their own, to see how the system is at this moment. */
export class Probe {
  readonly #context: DrillContext;
  readonly #rest = new Rest();
  readonly #userId: string;
  #orders = 0;

  constructor(context: DrillContext) {
    this.#context = context;
    this.#userId = context.load.userIds[0]!;
  }

  /** The order, if one was accepted within the time. */
  async buys(withinMs: number): Promise<string | undefined> {
    const { world, load, random } = this.#context;
    this.#orders += 1;
    const key = `probe-${this.#orders}`;
    const amount = { currencyCode: 'USD', amountMinor: '1' };
    const startMs = performance.now();
    const request = { method: 'POST', path: '/v1/orders', userId: this.#userId, key };
    const port = random.pick(world.portsOf('gateway'));
    const { status, body } = await this.#rest.send(port, { ...request, body: { amount } });
    const endMs = performance.now();
    const isOk = status === 201 || status === 200;
    load.history.push({
      op: 'create',
      userId: this.#userId,
      key,
      amountMinor: 1n,
      startMs,
      endMs,
      outcome: isOk ? 'ok' : 'unknown',
      ...(isOk && orderIn(body)),
    });
    return isOk && endMs - startMs <= withinMs ? orderIn(body).orderId : undefined;
  }

  /** Whether a new order becomes final within so many seconds. */
  async pays(withinSeconds: number): Promise<boolean> {
    const startedAt = performance.now();
    const order = await this.buys(withinSeconds * 1_000);
    if (order === undefined) return false;
    const left = withinSeconds - (performance.now() - startedAt) / 1_000;
    const text = `select from orders where id = '${order}' and state not in ('PENDING')`;
    const orders = this.#context.world.addresses().orders;
    return (
      (await secondsUntil(async () => (await select(orders, text)).length > 0, left)) !== undefined
    );
  }

  close(): void {
    this.#rest.close();
  }
}
