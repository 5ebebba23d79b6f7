import { randomUUID } from 'node:crypto';

/** How the orders are made. */
export interface Load {
  url: string;
  users: readonly string[];
  orders: number;
  /** Most requests at a time. */
  concurrency: number;
}

/** Opens an account with plenty of money for each user. */
export async function openAccounts(url: string, count: number): Promise<string[]> {
  const users = Array.from({ length: count }, () => `bench-${randomUUID()}`);
  await inParallel(users, 16, async (user) => {
    await post(url, user, '/v1/account', { currencyCode: 'USD' });
    await post(url, user, '/v1/account:topUp', {
      amount: { currencyCode: 'USD', amountMinor: '100000000' },
    });
  });
  return users;
}

/** Creates the orders through the gateway, each with a key of its own. */
export async function createOrders({ url, users, orders, concurrency }: Load): Promise<void> {
  const turns = Array.from({ length: orders }, (_, index) => users[index % users.length]!);
  const amount = { currencyCode: 'USD', amountMinor: '1250' };
  await inParallel(turns, concurrency, (user) =>
    post(url, user, '/v1/orders', { amount, description: 'Two coffees' }),
  );
}

async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function post(url: string, user: string, path: string, body: object): Promise<void> {
  const headers = {
    'x-user-id': user,
    'idempotency-key': randomUUID(),
    'content-type': 'application/json',
  };
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`);
}
