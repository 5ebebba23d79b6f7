import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { Order, Order_State } from '#gen/purser/orders/v1/order.ts';
import type { ListOrderEventsResponse } from '#gen/purser/orders/v1/order_service.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { enumName } from '#lib/contract/enum-names.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '#test/harness/suite.ts';
import { type Message, openWithoutBroker } from '#test/harness/without-broker.ts';
import { type Action, Model, type ModelMessage } from './order-model.ts';

const test = suite('orders and payments against a plain model');

const { orders, payments, close } = await openWithoutBroker();
test.after(close);

const orderService = '/purser.orders.v1.OrderService';
const accountService = '/purser.payments.v1.AccountService';
const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });
const shipment = { carrier: 'Post', trackingCode: 'RR 1' };

type Step =
  | { kind: 'open' }
  | { kind: 'topUp'; amount: bigint }
  | { kind: 'create'; amount: bigint }
  | { kind: 'act'; action: Action; order: number }
  /** Delivers messages that exist, chosen by number, one after the other or as one batch. */
  | { kind: 'deliver'; which: number[]; batch: boolean };

const amount = fc.bigInt({ min: 1n, max: 100n });
const actions = fc.constantFrom<Action>(
  'CancelOrder',
  'CancelOrder',
  'AssembleOrder',
  'ShipOrder',
  'DeliverOrder',
);
const number = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'open' }) },
  { weight: 2, arbitrary: amount.map((value): Step => ({ kind: 'topUp', amount: value })) },
  { weight: 3, arbitrary: amount.map((value): Step => ({ kind: 'create', amount: value })) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('act' as const), action: actions, order: number }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      which: fc.array(number, { minLength: 1, maxLength: 5 }),
      batch: fc.boolean(),
    }),
  },
);

/** The services as one user sees them, and the names of the user's orders. */
class Real {
  readonly userId = `user-${randomUUID()}`;
  readonly names: string[] = [];

  async open(): Promise<void> {
    const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
    const call = payments.call(
      `${accountService}/CreateAccount`,
      { account, requestId: '' },
      this.userId,
    );
    await allowed(call, 'ACCOUNT_ALREADY_EXISTS');
  }

  topUp(value: bigint): Promise<boolean> {
    const request = { amount: usd(value), requestId: '' };
    const call = payments.call(`${accountService}/TopUpAccount`, request, this.userId);
    return allowed(call, 'ACCOUNT_NOT_FOUND');
  }

  async create(value: bigint): Promise<void> {
    const order = { ...Order.decode(new Uint8Array()), amount: usd(value) };
    const request = { order, requestId: '' };
    const path = `${orderService}/CreateOrder`;
    this.names.push((await orders.call<Order>(path, request, this.userId)).name);
  }

  act(action: Action, index: number): Promise<boolean> {
    const request = { name: this.names[index], reason: '', etag: '', shipment };
    const isStaff = action !== 'CancelOrder';
    const call = orders.call(`${orderService}/${action}`, request, this.userId, isStaff);
    return allowed(call, 'ORDER_STATE_CONFLICT');
  }

  async message({ from, order, place }: ModelMessage): Promise<Message> {
    return (await this.messagesOf(from, order))[place]!;
  }

  /** Without what nobody consumes. */
  async messagesOf(from: ModelMessage['from'], order: number): Promise<Message[]> {
    const sender = from === 'orders' ? orders : payments;
    const written = await sender.messagesAbout(this.names[order]!);
    return written.filter(({ type }) => !type.endsWith('OrderStateChanged'));
  }

  async deliver(from: ModelMessage['from'], batch: Message[]): Promise<void> {
    await (from === 'orders' ? payments : orders).deliver(batch);
  }
}

async function allowed(call: Promise<unknown>, refusal: string): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof PurserError && error.reason === refusal) return false;
    throw error;
  }
}

async function take(model: Model, real: Real, next: Step): Promise<void> {
  switch (next.kind) {
    case 'open':
      model.openAccount();
      return real.open();
    case 'topUp':
      assert.is(await real.topUp(next.amount), model.topUp(next.amount));
      return;
    case 'create':
      model.create(next.amount);
      return real.create(next.amount);
    case 'act': {
      if (model.orders.length === 0) return;
      const order = next.order % model.orders.length;
      assert.is(await real.act(next.action, order), model.act(next.action, order), next.action);
      return;
    }
    case 'deliver':
      return deliver(model, real, next);
  }
}

async function deliver(
  model: Model,
  real: Real,
  { which, batch }: { which: number[]; batch: boolean },
): Promise<void> {
  if (model.messages.length === 0) return;
  const chosen = which.map((place) => model.messages[place % model.messages.length]!);
  // A consumer gets messages of its own subjects only.
  const of = ({ from, type }: ModelMessage) => (from === 'orders' ? type : from);
  const alike = chosen.filter((message) => of(message) === of(chosen[0]!));
  const messages = await Promise.all(alike.map((message) => real.message(message)));
  for (const message of alike) model.deliver(message);
  const { from } = alike[0]!;
  if (batch) return real.deliver(from, messages);
  for (const message of messages) await real.deliver(from, [message]);
}

/** Delivers everything once more until nothing is new: every order comes to rest. */
async function settle(model: Model, real: Real): Promise<void> {
  for (let next = 0; next < model.messages.length; next += 1) {
    await deliver(model, real, { which: [next], batch: false });
  }
}

async function compare(model: Model, real: Real): Promise<void> {
  for (const [index, expected] of model.orders.entries()) {
    const name = real.names[index]!;
    const request = { name, asOf: undefined };
    const order = await orders.call<Order>(`${orderService}/GetOrder`, request, real.userId);
    assert.equal(
      [enumName(Order_State, order.state), order.version],
      [expected.state, expected.version],
    );
    for (const from of ['orders', 'payments'] as const) {
      const types = (await real.messagesOf(from, index)).map(({ type }) => type.split('.').at(-1));
      const wanted = model.messages.filter(
        (message) => message.from === from && message.order === index,
      );
      assert.equal(
        types,
        wanted.map(({ type }) => type),
      );
    }
  }
  const request = { asOf: undefined };
  const call = payments.call<Account>(`${accountService}/GetAccount`, request, real.userId);
  const account = await call.catch(() => undefined);
  assert.is(account?.balance?.amountMinor, model.balance);
  assert.is(account?.ledgerVersion ?? 0n, model.entries);
}

/** as_of at the time of every event is the state that the history gives. */
async function checkHistory(model: Model, real: Real): Promise<void> {
  for (const [index, name] of real.names.entries()) {
    const list = { parent: name, pageSize: 1_000, pageToken: '' };
    const path = `${orderService}/ListOrderEvents`;
    const { events } = await orders.call<ListOrderEventsResponse>(path, list, real.userId);
    assert.is(events.at(-1)?.version, model.orders[index]!.version);
    assert.is(BigInt(events.length), model.orders[index]!.version);
    for (const { createTime } of events) {
      const asOf = createTime!;
      const past = await orders.call<Order>(
        `${orderService}/GetOrder`,
        { name, asOf },
        real.userId,
      );
      const last = events.findLast((event) => event.createTime! <= asOf);
      assert.equal([past.state, past.version], [last?.state, last?.version]);
    }
  }
}

const final = ['PAID', 'FAILED', 'ASSEMBLED', 'SHIPPED', 'DELIVERED', 'CANCELLED'];

test(
  '300 sequences of commands, duplicates and reorderings: no difference',
  async () => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 25, size: 'max' }),
      async (sequence) => {
        const model = new Model();
        const real = new Real();
        for (const next of sequence) {
          await take(model, real, next);
          await compare(model, real);
        }
        await settle(model, real);
        await compare(model, real);
        await checkHistory(model, real);
        assert.ok(model.orders.every(({ state }) => final.includes(state)));
      },
    );
    await fc.assert(property, { numRuns: 300 });
  },
  { timeoutMs: 240_000 },
);

test.run();
