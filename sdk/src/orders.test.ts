import * as assert from 'uvu/assert';
import type { Order } from '../../gen/sdk/types.ts';
import { transitions } from '../../services/orders/domain/order-state.ts';
import { suite } from '../../test/harness/suite.ts';
import { usd } from './money.ts';
import { PurserError } from './purser-error.ts';
import { order, problem, scriptedServer } from './scripted-server.ts';
import type { Asked, ScriptedServer, Step } from './scripted-server.ts';
import { finalStates, pollingSource } from './watch-order.ts';
import type { OrderSource } from './watch-order.ts';

const test = suite('orders of the SDK');

const at = (state: string, version: number, more: object = {}): Step => ({
  json: { ...order, state, version: String(version), ...more },
});

const fast = { orderSource: pollingSource({ pollMsMin: 5, pollMsMax: 20 }) };

async function statesOf(orders: AsyncIterable<Order>): Promise<string[]> {
  const states: string[] = [];
  for await (const { state } of orders) states.push(state);
  return states;
}

async function reasonOf(call: Promise<unknown>): Promise<string> {
  const error = await call.catch((thrown: unknown) => thrown);
  assert.instance(error, PurserError);
  return (error as PurserError).reason;
}

test('the final states are those that no transition leaves', () => {
  const left = new Set(transitions.map(({ from }) => from));
  const ends = transitions.map(({ to }) => to).filter((state) => !left.has(state));
  assert.equal(new Set(finalStates), new Set(ends));
});

test('watching tells every change once, and ends with the order', async () => {
  const server = await scriptedServer([
    at('PENDING', 1),
    at('PENDING', 1),
    at('PAID', 2),
    at('PENDING', 1),
    at('CANCELLING', 5),
    at('CANCELLED', 6),
  ]);
  const states = await statesOf(server.client(fast).orders.watch('orders/1'));
  assert.equal(states, ['PENDING', 'PAID', 'CANCELLING', 'CANCELLED']);
  assert.is(server.asked.length, 6);
  await server.stop();
});

test('watching lives through failures, and not through a refusal', async () => {
  const server = await scriptedServer([
    at('PENDING', 1),
    problem(503, 'DEPENDENCY_UNAVAILABLE'),
    'break',
    'hang',
    at('PAID', 2),
    problem(404, 'ORDER_NOT_FOUND'),
  ]);
  const purser = server.client({ ...fast, triesMax: 1, tryTimeoutMs: 1_000 });
  const seen: string[] = [];
  const watching = (async () => {
    for await (const { state } of purser.orders.watch('orders/1')) seen.push(state);
  })();
  assert.is(await reasonOf(watching), 'ORDER_NOT_FOUND');
  assert.equal(seen, ['PENDING', 'PAID']);
  await server.stop();
});

test('leaving the loop or aborting ends the polling', async () => {
  const server = await scriptedServer([at('PENDING', 1)]);
  const { orders } = server.client(fast);
  for await (const { state } of orders.watch('orders/1')) {
    assert.is(state, 'PENDING');
    break;
  }
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 60);
  const watching = statesOf(orders.watch('orders/1', { signal: controller.signal }));
  assert.is(await reasonOf(watching), 'CANCELLED');
  const asked = server.asked.length;
  assert.ok(asked > 3);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.ok(server.asked.length <= asked + 1, 'one may have been on its way');
  await server.stop();
});

test('the wait between two looks grows while nothing changes', async () => {
  const server = await scriptedServer([at('PENDING', 1)]);
  const orderSource = pollingSource({ pollMsMin: 10, pollMsMax: 100 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 500);
  const { orders } = server.client({ orderSource });
  await reasonOf(statesOf(orders.watch('orders/1', { signal: controller.signal })));
  const looks = server.asked.length;
  assert.ok(looks > 5 && looks < 20, String(looks));
  await server.stop();
});

test('news may come from elsewhere: repeated, late, broken off, and begun again', async () => {
  const server = await scriptedServer([at('PENDING', 1)]);
  let begun = 0;
  const orderSource: OrderSource = {
    async *follow(name, { get }) {
      begun += 1;
      const now = await get();
      assert.is(name, 'orders/1');
      if (begun === 1) {
        yield now;
        yield { ...now, state: 'PAID', version: 2n };
        yield now;
        throw new PurserError('CONNECTION_FAILED', 'The stream broke.');
      }
      if (begun === 2) return;
      yield { ...now, state: 'FAILED', version: 3n };
    },
  };
  const { orders } = server.client({ orderSource });
  assert.equal(await statesOf(orders.watch('orders/1')), ['PENDING', 'PAID', 'FAILED']);
  assert.is(begun, 3);
  const bug: OrderSource = {
    follow: () => {
      throw new TypeError('a bug');
    },
  };
  const watching = statesOf(server.client({ orderSource: bug }).orders.watch('orders/1'));
  assert.instance(await watching.catch((error: unknown) => error), TypeError);
  await server.stop();
});

const input = { amount: usd('12.50') };

for (const [outcome, state, more] of [
  ['paid', 'PAID', {}],
  ['paid', 'SHIPPED', {}],
  ['failed', 'FAILED', { failureReason: 'INSUFFICIENT_FUNDS' }],
  ['cancelled', 'CANCELLING', {}],
] as const) {
  test(`createAndWait: ${state} is ${outcome}`, async () => {
    const script = (asked: Asked, index: number): Step =>
      asked.method === 'POST' || index < 3 ? at('PENDING', 1) : at(state, 2, more);
    const server = await scriptedServer(script);
    const result = await server.client(fast).orders.createAndWait(input);
    assert.equal([result.outcome, result.order.state], [outcome, state]);
    if (result.outcome === 'failed') assert.is(result.reason, 'INSUFFICIENT_FUNDS');
    assert.is(server.asked.filter(({ method }) => method === 'POST').length, 1);
    await server.stop();
  });
}

test('createAndWait: an order not decided in time is pending, also in a new state', async () => {
  const server = await scriptedServer([at('PENDING', 1), at('PACKING', 2)]);
  const startedMs = performance.now();
  const result = await server.client(fast).orders.createAndWait(input, { waitMs: 150 });
  assert.equal([result.outcome, result.order.state], ['pending', 'PACKING']);
  assert.ok(performance.now() - startedMs < 1_000);
  await server.stop();
});

test('createAndWait: without a limit it waits for ever', async () => {
  const server = await scriptedServer([at('PENDING', 1), at('PENDING', 1), at('PAID', 2)]);
  const forever = { waitMs: Infinity, timeoutMs: Infinity };
  const result = await server.client(fast).orders.createAndWait(input, forever);
  assert.is(result.outcome, 'paid');
  await server.stop();
});

test('createAndWait: a service that goes away does not lose the order', async () => {
  const server = await scriptedServer([at('PENDING', 1), 'break']);
  const result = await server.client(fast).orders.createAndWait(input, { waitMs: 200 });
  assert.equal([result.outcome, result.order.name], ['pending', 'orders/1']);
  await server.stop();
});

test('createAndWait: an order that cannot be read any more is not lost either', async () => {
  const server = await scriptedServer([at('PENDING', 1), problem(500, 'INTERNAL')]);
  const result = await server.client(fast).orders.createAndWait(input);
  assert.equal([result.outcome, result.order.name], ['pending', 'orders/1']);
  await server.stop();
});

test('createAndWait: a refusal and an abort are errors', async () => {
  const refusing = await scriptedServer([problem(409, 'IDEMPOTENCY_KEY_REUSED')]);
  const refused = refusing.client(fast).orders.createAndWait(input);
  assert.is(await reasonOf(refused), 'IDEMPOTENCY_KEY_REUSED');
  await refusing.stop();
  const server: ScriptedServer = await scriptedServer([at('PENDING', 1)]);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 60);
  const { signal } = controller;
  const waiting = server.client(fast).orders.createAndWait(input, { signal });
  assert.is(await reasonOf(waiting), 'CANCELLED');
  await server.stop();
});

test.run();
