import * as assert from 'uvu/assert';
import { finalOrders, fundedUser, startSystem } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';
import { PurserGrpc } from '../../sdk/src/grpc/index.ts';
import type { Hooks } from '../../sdk/src/hooks.ts';
import { usd } from '../../sdk/src/money.ts';
import { Purser } from '../../sdk/src/purser.ts';

const test = suite('the SDK while what it calls dies');

const system = await startSystem();

test.after(async () => {
  assert.is(await system.stop(), 0);
});

/** Makes the calls, 20 at a time, and kills processes when some of them are answered. */
async function callAndKill(
  calls: readonly (() => Promise<unknown>)[],
  victim: RegExp,
): Promise<number> {
  const waiting = [...calls];
  let answered = 0;
  let killed = 0;
  const work = async () => {
    for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
      await call();
      answered += 1;
      if (answered !== 50 && answered !== 120) continue;
      const pids = system.pids(victim);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      killed += pids.length;
    }
  };
  await Promise.all(Array.from({ length: 20 }, work));
  return killed;
}

const victims = [
  ['the gateway, over REST', /gateway\/main/],
  ['Orders, over gRPC', /services\/orders\/main/],
] as const;

for (const [name, victim] of victims) {
  test(
    `${name}: no caller sees an error, and no order doubles, over 200 calls and two kills`,
    async () => {
      const { userId, call } = await fundedUser(system.url, 100_000);
      const retries: string[] = [];
      const hooks: Hooks = { onRetry: ({ error }) => retries.push(error.reason) };
      const targets = {
        orders: `127.0.0.1:${system.ports.orders}`,
        payments: `127.0.0.1:${system.ports.payments}`,
      };
      // How long a restart takes on a busy machine is not what is tested.
      const options = { userId, hooks, triesMax: 50, timeoutMs: 120_000 };
      const rest = new Purser({ baseUrl: system.url, ...options });
      const grpc = new PurserGrpc({ targets, ...options });
      const { orders } = name.endsWith('gRPC') ? grpc : rest;
      const names: string[] = [];
      const create = async () => {
        names.push((await orders.create({ amount: usd('0.07') })).name);
      };
      const cancel = async () => {
        const chosen = names[Math.floor(names.length / 2)];
        if (chosen !== undefined) await orders.cancel(chosen);
      };
      const read = () => orders.list({ pageSize: 5 }).page();
      const calls = Array.from({ length: 200 }, (_, index) =>
        index % 10 < 7 ? create : index % 10 < 8 ? cancel : read,
      );
      assert.is(await callAndKill(calls, victim), 2);
      grpc.close();
      assert.is(names.length, 140);
      assert.is(new Set(names).size, 140);
      assert.ok(retries.includes('CONNECTION_FAILED'), 'the kills were not noticed');
      const made = await finalOrders(call, 140);
      assert.equal(new Set(made.map((order) => order.name)), new Set(names));
      const debits = await system.sql<{ order_id: string }>(
        'payments',
        `select t.order_id from transfers t join accounts a on a.id = t.account_id
         where t.kind = 'PAYMENT' and a.user_id = '${userId}'`,
      );
      assert.is(new Set(debits.map((debit) => debit.order_id)).size, debits.length);
    },
    { timeoutMs: 90_000 },
  );
}

test.run();
