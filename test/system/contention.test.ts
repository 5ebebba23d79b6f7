import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import * as assert from 'uvu/assert';
import { finalOrders, fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('contention: two Orders, three Payments');

const system = await startSystem({
  PURSER_ORDERS_INSTANCES: '2',
  PURSER_PAYMENTS_INSTANCES: '3',
});

test.after(async () => {
  assert.is(await system.stop(), 0);
});

test('100 orders of 100 at once against 3,100: exactly 31 are paid', async () => {
  const { call } = await fundedUser(system.url, 3_100);
  const creates = Array.from({ length: 100 }, (_, index) =>
    call('POST', '/v1/orders', { body: { amount: usd(100) }, key: `order-${index}` }),
  );
  assert.equal(new Set((await Promise.all(creates)).map(({ status }) => status)), new Set([201]));
  const orders = await finalOrders(call, 100);
  assert.is(orders.filter(({ state }) => state === 'PAID').length, 31);
  const refused = orders.filter(({ failureReason }) => failureReason === 'INSUFFICIENT_FUNDS');
  assert.is(refused.length, 69);

  const { body: account } = await call('GET', '/v1/account');
  assert.equal(account.balance, usd(0));
  const { body: statement } = await call('GET', '/v1/account/entries?pageSize=1000');
  assert.is(statement.entries.filter(({ kind }: any) => kind === 'PAYMENT').length, 31);
  await system.requireSound();
});

test('50 creates at once with one key: one order, one debit', async () => {
  const { call } = await fundedUser(system.url, 1_000);
  const creates = Array.from({ length: 50 }, () =>
    call('POST', '/v1/orders', { body: { amount: usd(10) }, key: 'same' }),
  );
  const names = (await Promise.all(creates)).map(({ body }) => body.name);
  assert.is(new Set(names).size, 1);
  await finalOrders(call, 1);
  const { body: account } = await call('GET', '/v1/account');
  assert.equal(account.balance, usd(990));
});

test('a payment is found under its order, on every instance', async () => {
  const { call } = await fundedUser(system.url, 50);
  const { body: order } = await call('POST', '/v1/orders', { body: { amount: usd(50) } });
  await finalOrders(call, 1);
  for (let count = 0; count < 6; count += 1) {
    const { body: payment } = await call('GET', `/v1/${order.name}/payment`);
    assert.equal([payment.state, payment.amount], ['CAPTURED', usd(50)]);
  }
  const { status, body } = await call('GET', `/v1/orders/${randomUUID()}/payment`);
  assert.equal([status, body.reason], [404, 'PAYMENT_NOT_FOUND']);
});

test('the trace of a call travels through both outboxes to the last event', async () => {
  const { userId, call } = await fundedUser(system.url, 50);
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const response = await fetch(`${system.url}/v1/orders`, {
    method: 'POST',
    headers: { 'x-user-id': userId, 'content-type': 'application/json', traceparent },
    body: JSON.stringify({ amount: usd(50) }),
  });
  const { name } = (await response.json()) as { name: string };
  await finalOrders(call, 1);
  for (const [domain, count] of [
    ['orders', 3n],
    ['payments', 1n],
  ] as const) {
    const [row] = await system.sql<{ traced: bigint }>(
      domain,
      `select count(*) as traced from outbox
       where about = '${name}' and traceparent = '${traceparent}'`,
    );
    assert.is(row?.traced, count);
  }
});

test('the relays bring every event to the broker, once', async () => {
  const connection = await connect({ servers: `127.0.0.1:${system.ports.nats}` });
  const manager = await jetstreamManager(connection);
  for (const domain of ['orders', 'payments']) {
    const [row] = await system.sql<{ written: bigint }>(
      domain,
      'select count(*) as written from outbox',
    );
    assert.ok(row!.written >= 101n);
    await eventually(
      () => manager.streams.info(domain.toUpperCase()),
      ({ state }) => BigInt(state.messages) === row!.written,
    );
  }
  await connection.close();
});

test.run();
