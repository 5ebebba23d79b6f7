import * as assert from 'uvu/assert';
import { finalOrders, fundedUser, startSystem } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';
import { usd } from '../../sdk/src/money.ts';
import { Purser } from '../../sdk/src/purser.ts';

const test = suite('the SDK while the gateway dies');

const system = await startSystem();

test.after(async () => {
  assert.is(await system.stop(), 0);
});

/** Makes the calls, a few at a time, and kills the gateway when some of them are answered. */
async function callAndKill(calls: readonly (() => Promise<unknown>)[], killAfter: number[]) {
  const waiting = [...calls];
  let answered = 0;
  let killed = 0;
  const work = async () => {
    for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
      await call();
      answered += 1;
      if (!killAfter.includes(answered)) continue;
      const pids = system.pids(/gateway\/main/);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      killed += pids.length;
    }
  };
  await Promise.all(Array.from({ length: 20 }, work));
  return killed;
}

test(
  'no caller sees an error, and no order doubles, over 200 calls and two kills',
  async () => {
    const { userId, call } = await fundedUser(system.url, 100_000);
    const retries: string[] = [];
    const purser = new Purser({
      baseUrl: system.url,
      userId,
      hooks: { onRetry: ({ error }) => retries.push(error.reason) },
    });
    const names: string[] = [];
    const create = async () => {
      names.push((await purser.orders.create({ amount: usd('0.07') })).name);
    };
    const cancel = async () => {
      const name = names[Math.floor(names.length / 2)];
      if (name !== undefined) await purser.orders.cancel(name);
    };
    const read = async () => {
      await purser.orders.list({ pageSize: 5 }).page();
    };
    const calls = Array.from({ length: 200 }, (_, index) =>
      index % 10 < 7 ? create : index % 10 < 8 ? cancel : read,
    );
    assert.is(await callAndKill(calls, [50, 120]), 2);
    assert.is(names.length, 140);
    assert.is(new Set(names).size, 140);
    assert.ok(retries.includes('CONNECTION_FAILED'), 'the kills were not noticed');
    const orders = await finalOrders(call, 140);
    assert.equal(new Set(orders.map(({ name }) => name)), new Set(names));
    const debits = await system.sql<{ order_id: string }>(
      'payments',
      `select t.order_id from transfers t join accounts a on a.id = t.account_id
       where t.kind = 'PAYMENT' and a.user_id = '${userId}'`,
    );
    assert.is(new Set(debits.map((debit) => debit.order_id)).size, debits.length);
  },
  { timeoutMs: 90_000 },
);

test.run();
