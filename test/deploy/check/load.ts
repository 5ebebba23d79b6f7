import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** Every order costs this. */
const amountMinor = 7n;

export interface Tally {
  accepted: number;
  paid: number;
  failed: number;
  /** Answers that a careful client asks again for: 5xx, or none. */
  repeated: number;
  /** Those among them that had no answer, as when the connection was closed. */
  unanswered: number;
  /** The longest that one order waited to be accepted. */
  longestMs: number;
}

export interface LoadOptions {
  /** How many order at the same time; 4 by default. */
  users?: number;
  /** How long each waits after an order, in milliseconds; 100 by default. */
  pauseMs?: number;
  /** How many orders each can pay; 20 by default. */
  payable?: bigint;
}

/**
 * A few careful users, each ordering one thing after another through the front door while `work`
 * goes on: the same key again until the order is accepted. Then waits until every order has ended.
 * Throws when an order is refused, or has not ended after a minute.
 */
export async function ordersDuring(
  url: string,
  work: () => Promise<void>,
  { users: userCount = 4, pauseMs = 100, payable = 20n }: LoadOptions = {},
): Promise<Tally> {
  const tally: Tally = {
    accepted: 0,
    paid: 0,
    failed: 0,
    repeated: 0,
    unanswered: 0,
    longestMs: 0,
  };
  const ended = new AbortController();
  const users = await Promise.all(
    Array.from({ length: userCount }, () => openAccount(url, tally, payable)),
  );
  const ordering = users.map((user) => orderUntil(ended.signal, url, user, tally, pauseMs));
  try {
    await work();
  } finally {
    ended.abort();
  }
  const orders = await Promise.all(ordering);
  for (const [index, names] of orders.entries()) await settle(url, users[index]!, names, tally);
  return tally;
}

async function openAccount(url: string, tally: Tally, payable: bigint): Promise<string> {
  const user = `check-${randomUUID()}`;
  await surely(url, user, '/v1/account', { currencyCode: 'USD' }, tally);
  const amount = { currencyCode: 'USD', amountMinor: String(amountMinor * payable) };
  await surely(url, user, '/v1/account:topUp', { amount }, tally);
  return user;
}

async function orderUntil(
  ended: AbortSignal,
  url: string,
  user: string,
  tally: Tally,
  pauseMs: number,
): Promise<string[]> {
  const names: string[] = [];
  const amount = { currencyCode: 'USD', amountMinor: String(amountMinor) };
  while (!ended.aborted || names.length < 5) {
    const startedMs = performance.now();
    const order = await surely(url, user, '/v1/orders', { amount }, tally);
    names.push(String(order['name']));
    tally.longestMs = Math.max(tally.longestMs, performance.now() - startedMs);
    tally.accepted += 1;
    await sleep(pauseMs);
  }
  return names;
}

async function settle(url: string, user: string, names: string[], tally: Tally): Promise<void> {
  const endMs = Date.now() + 60_000;
  for (const name of names) {
    for (;;) {
      const { state } = await read(url, user, `/v1/${name}`);
      if (state === 'PAID') tally.paid += 1;
      if (state === 'FAILED') tally.failed += 1;
      if (state === 'PAID' || state === 'FAILED') break;
      if (Date.now() > endMs) throw new Error(`${name} is still ${String(state)} after a minute`);
      await sleep(200);
    }
  }
}

async function read(url: string, user: string, path: string): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(5_000);
  const answer = await fetch(`${url}${path}`, { headers: { 'x-user-id': user }, signal }).catch(
    () => undefined,
  );
  return answer?.ok ? ((await answer.json()) as Record<string, unknown>) : {};
}

/** The same request with the same key until it is accepted, for two minutes at most. */
async function surely(
  url: string,
  user: string,
  path: string,
  body: unknown,
  tally: Tally,
): Promise<Record<string, unknown>> {
  const headers = {
    'x-user-id': user,
    'idempotency-key': randomUUID(),
    'content-type': 'application/json',
  };
  const endMs = Date.now() + 120_000;
  for (;;) {
    const attempt = { method: 'POST', headers, body: JSON.stringify(body) };
    const signal = AbortSignal.timeout(12_000);
    const answer = await fetch(`${url}${path}`, { ...attempt, signal }).catch(() => undefined);
    if (answer?.ok) return (await answer.json()) as Record<string, unknown>;
    if (answer !== undefined && answer.status < 500) {
      throw new Error(`POST ${path} was refused: ${answer.status} ${await answer.text()}`);
    }
    if (Date.now() > endMs) throw new Error(`POST ${path} is not accepted: ${answer?.status}`);
    tally.repeated += 1;
    if (answer === undefined) tally.unanswered += 1;
    await sleep(100);
  }
}
