import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { eventually } from '#test/harness/service.ts';
import { fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('cancellation');

const system = await startSystem({
  PURSER_ORDERS_INSTANCES: '3',
  PURSER_PAYMENTS_INSTANCES: '3',
});

test.after(async () => {
  assert.is(await system.stop(), 0);
});

test(
  '1,000 orders, each cancelled at a random moment around its payment: every balance is back',
  async () => {
    const { userId, call } = await fundedUser(system.url, 5_000);
    const createAndCancel = async (index: number) => {
      const { body: order } = await call('POST', '/v1/orders', { body: { amount: usd(10) } });
      await sleep(Math.random() * 40);
      const { status, body } = await call('POST', `/v1/${order.name}:cancel`, { body: {} });
      // Only an order that failed for want of money is beyond cancelling.
      if (status === 200)
        return assert.ok(body.state.startsWith('CANCELL'), `${index}: ${body.state}`);
      assert.equal(
        [status, body.reason, body.metadata?.state],
        [409, 'ORDER_STATE_CONFLICT', 'FAILED'],
      );
    };
    for (let wave = 0; wave < 1_000; wave += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => createAndCancel(wave + index)));
    }
    const orders = await eventually(
      async () => (await call('GET', '/v1/orders?pageSize=1000')).body.orders as any[],
      (list) => list.every(({ state }) => state === 'CANCELLED' || state === 'FAILED'),
      30_000,
    );
    assert.is(orders.length, 1_000);
    const { body: account } = await call('GET', '/v1/account');
    assert.equal(account.balance, usd(5_000));
    const [payments] = await system.sql<Record<string, bigint>>(
      'payments',
      `select count(*) filter (where state = 'VOIDED') as voided,
         count(*) filter (where state = 'REFUNDED') as refunded,
         count(*) filter (where state = 'CAPTURED') as captured
       from payments where user_id = '${userId}'`,
    );
    await system.requireSound();
    assert.is(payments?.['captured'], 0n);
    assert.ok(payments!['refunded']! > 0n, 'some were paid before they were cancelled');
  },
  { timeoutMs: 120_000 },
);

test('staff commands are refused over REST, whatever role a caller claims', async () => {
  const { userId, call } = await fundedUser(system.url, 100);
  const { body: order } = await call('POST', '/v1/orders', { body: { amount: usd(10) } });
  const response = await fetch(`${system.url}/v1/${order.name}:assemble`, {
    method: 'POST',
    headers: {
      'x-user-id': userId,
      'x-user-role': 'staff',
      'content-type': 'application/json',
    },
    body: '{}',
  });
  const problem = (await response.json()) as any;
  assert.equal([response.status, problem.reason], [403, 'PERMISSION_DENIED']);
});

test('the history of a cancelled order is there over REST', async () => {
  const { call } = await fundedUser(system.url, 100);
  const { body: order } = await call('POST', '/v1/orders', { body: { amount: usd(10) } });
  await call('POST', `/v1/${order.name}:cancel`, { body: { reason: 'too late' } });
  const { body } = await eventually(
    () => call('GET', `/v1/${order.name}/events`),
    ({ body: { events } }) => events.at(-1).state === 'CANCELLED',
  );
  const cancelling = body.events.find(({ state }: any) => state === 'CANCELLING');
  assert.equal([cancelling.actor, cancelling.reason], ['USER', 'too late']);
  const { body: then } = await call('GET', `/v1/${order.name}?asOf=${order.createTime}`);
  assert.equal(then, order);
});

test.run();
