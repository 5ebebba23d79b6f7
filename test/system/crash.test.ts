import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { finalOrders, fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('crashes in the middle of 500 orders');

const system = await startSystem({
  PURSER_ORDERS_INSTANCES: '2',
  PURSER_PAYMENTS_INSTANCES: '2',
});

test.after(async () => {
  assert.is(await system.stop(), 0);
});

type Call = Awaited<ReturnType<typeof fundedUser>>['call'];

/** Creates an order as a careful client does: the same key again until there is an answer. */
async function createSurely(call: Call, key: string): Promise<string> {
  for (;;) {
    const { status, body } = await call('POST', '/v1/orders', { body: { amount: usd(7) }, key });
    if (status === 201) return body.name;
    assert.ok([503, 504].includes(status), `unexpected ${status} ${JSON.stringify(body)}`);
    await sleep(50);
  }
}

const victims: [name: string, pattern: RegExp][] = [
  ['Orders', /services\/orders\/main/],
  ['Payments', /services\/payments\/main/],
  ['nats-server', /nats-server/],
  ['PostgreSQL', /bin\/postgres/],
];
for (const [name, pattern] of victims) {
  test(
    `${name} killed: every accepted order ends, each debited once`,
    async () => {
      const { call } = await fundedUser(system.url, 2_800);
      const killer = sleep(60).then(() => {
        const pids = system.pids(pattern);
        assert.ok(pids.length > 0, `no process of ${name}`);
        for (const pid of pids) process.kill(pid, 'SIGKILL');
        return pids.length;
      });
      const names: string[] = [];
      for (let batch = 0; batch < 500; batch += 50) {
        const keys = Array.from({ length: 50 }, (_, index) => `order-${batch + index}`);
        names.push(...(await Promise.all(keys.map((key) => createSurely(call, key)))));
      }
      assert.ok((await killer) > 0);
      assert.is(new Set(names).size, 500);
      const orders = await finalOrders(call, 500, 60_000);
      const paid = orders.filter(({ state }) => state === 'PAID');
      assert.is(paid.length, 400, '2,800 pay for 400 orders of 7');
      assert.equal(new Set(orders.map((order) => order.name)), new Set(names));
      await system.requireSound();
      const { body: account } = await call('GET', '/v1/account');
      assert.equal(account.balance, usd(0));
    },
    { timeoutMs: 120_000 },
  );
}

test.run();
