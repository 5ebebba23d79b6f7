import * as assert from 'uvu/assert';
import { LiveMessage_Kind } from '#gen/purser/notifications/v1/live.ts';
import { Order_State } from '#gen/purser/orders/v1/order.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import {
  accountEvent,
  grpcStream,
  newOrder,
  newUser,
  openLive,
  orderEvent,
  usd,
} from './live-fixture.ts';

const test = suite('subscribe');

const live = await openLive();
const one = await live.start();
const other = await live.start();

test.after(() => live.close());

const numbers = (messages: { number: bigint }[]) => messages.map(({ number }) => Number(number));
const states = (messages: { orders: { state: number }[] }[]) =>
  messages.flatMap(({ orders }) => orders.map(({ state }) => state));

/** Tells the order's whole way to PAID. */
async function paidOrder(userId: string, order = newOrder()): Promise<string> {
  await live.publish(orderEvent(userId, order, 'PENDING', 1));
  await live.publish(orderEvent(userId, order, 'PAID', 2));
  return order;
}

test('a stream begins with a snapshot, and goes on with every change, numbered', async () => {
  const userId = newUser();
  const stream = grpcStream(one, userId);
  const empty = await stream.at(0);
  assert.equal(
    [empty.kind, empty.number, empty.orders, empty.account],
    [LiveMessage_Kind.SNAPSHOT, 0n, [], undefined],
  );
  await live.publish(accountEvent(userId, 0, 0));
  await stream.at(1);
  const order = await paidOrder(userId);
  await stream.at(3);
  assert.equal(numbers(stream.messages), [0, 1, 2, 3]);
  const [, account, pending, paid] = stream.messages;
  assert.equal(account?.account, { balance: usd(0), ledgerVersion: 0n });
  assert.equal([pending?.orders[0]?.name, pending?.orders[0]?.version], [order, 1n]);
  assert.equal(states([pending!, paid!]), [Order_State.PENDING, Order_State.PAID]);
  stream.cancel();
  assert.is(await stream.ended, 'CANCELLED');
});

test('a snapshot has how things stand, on every instance', async () => {
  const userId = newUser();
  const order = await paidOrder(userId);
  await live.publish(accountEvent(userId, 70, 3));
  await eventually(
    () =>
      live.database.sql<{ number: bigint }>('select number from heads where user_id = $1', [
        userId,
      ]),
    ([head]) => head?.number === 3n,
  );
  for (const instance of [one, other]) {
    const stream = grpcStream(instance, userId);
    const snapshot = await stream.at(0);
    assert.equal([snapshot.kind, snapshot.number], [LiveMessage_Kind.SNAPSHOT, 3n]);
    assert.equal(snapshot.account, { balance: usd(70), ledgerVersion: 3n });
    assert.equal(
      snapshot.orders.map(({ name, state }) => [name, state]),
      [[order, Order_State.PAID]],
    );
    stream.cancel();
  }
});

test('a token resumes on another instance with exactly what was missed', async () => {
  const userId = newUser();
  const stream = grpcStream(one, userId);
  await stream.at(0);
  const order = await paidOrder(userId);
  const { resumeToken } = await stream.at(1);
  stream.cancel();
  await live.publish(orderEvent(userId, order, 'ASSEMBLED', 3));
  await eventually(
    () =>
      live.database.sql<{ number: bigint }>('select number from heads where user_id = $1', [
        userId,
      ]),
    ([head]) => head?.number === 3n,
  );
  const resumed = grpcStream(other, userId, { resumeToken });
  await resumed.at(1);
  assert.equal(states(resumed.messages), [Order_State.PAID, Order_State.ASSEMBLED]);
  assert.equal(numbers(resumed.messages), [2, 3]);
  await live.publish(orderEvent(userId, order, 'SHIPPED', 4));
  assert.equal(states([await resumed.at(2)]), [Order_State.SHIPPED]);
  resumed.cancel();
});

test.run();
