import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { Order, Order_State } from '#gen/purser/orders/v1/order.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { enumName } from '#lib/contract/enum-names.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '#test/harness/suite.ts';
import { type Message, openWithoutBroker } from '#test/harness/without-broker.ts';
import { compareWithDocument } from '../docs/document.ts';

const test = suite('every interleaving of cancel and pay');

const { orders, payments, close } = await openWithoutBroker();
test.after(close);

const steps = ['cancel', 'pay', 'undo', 'told of pay', 'told of undo'] as const;
type Step = (typeof steps)[number];

/** What must have happened before. */
const after: Partial<Record<Step, Step>> = {
  undo: 'cancel',
  'told of pay': 'pay',
  'told of undo': 'undo',
};

function* interleavings(done: readonly Step[] = []): Iterable<readonly Step[]> {
  if (done.length === steps.length) yield done;
  for (const step of steps) {
    const before = after[step];
    const possible = !done.includes(step) && (before === undefined || done.includes(before));
    if (possible) yield* interleavings([...done, step]);
  }
}

const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });

interface Outcome {
  /** The steps that were possible, each with what it did. */
  told: string[];
  order: string;
  payment: string;
  /** What the account's ledger holds beside the top-up. */
  entries: string;
}

/** Plays one interleaving with an account that holds `balance` minor units, for an order of 60. */
async function play(sequence: readonly Step[], balance: bigint): Promise<Outcome> {
  const userId = `user-${randomUUID()}`;
  const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
  const accounts = '/purser.payments.v1.AccountService';
  await payments.call(`${accounts}/CreateAccount`, { account, requestId: '' }, userId);
  const topUp = { amount: usd(balance), requestId: '' };
  await payments.call(`${accounts}/TopUpAccount`, topUp, userId);
  const order = { ...Order.decode(new Uint8Array()), amount: usd(60n) };
  const path = '/purser.orders.v1.OrderService';
  const { name } = await orders.call<Order>(
    `${path}/CreateOrder`,
    { order, requestId: '' },
    userId,
  );

  const answers = new Map<Step, Message[]>();
  const told: string[] = [];
  const ask = async (step: Step, type: string): Promise<void> => {
    const wish = (await orders.messagesAbout(name)).find((message) => message.type.endsWith(type));
    if (!wish) return;
    const before = await payments.messagesAbout(name);
    await payments.deliver([wish]);
    await payments.deliver([wish, wish]);
    const fresh = (await payments.messagesAbout(name)).slice(before.length);
    assert.is(fresh.length, 1, 'one answer, however often the question came');
    answers.set(step, fresh);
    told.push(`${step} (${fresh[0]!.type.replace('purser.payments.v1.Payment', '')})`);
  };
  const tell = async (step: Step, of: Step): Promise<void> => {
    const batch = answers.get(of);
    if (!batch) return;
    await orders.deliver(batch);
    await orders.deliver([...batch, ...batch]);
    told.push(step);
  };
  const cancel = async (): Promise<void> => {
    const request = { name, reason: '', etag: '' };
    try {
      await orders.call(`${path}/CancelOrder`, request, userId);
      await orders.call(`${path}/CancelOrder`, request, userId);
      told.push('cancel');
    } catch (error) {
      assert.is((error as PurserError).reason, 'ORDER_STATE_CONFLICT');
      told.push('cancel (refused)');
    }
  };
  const actions: Record<Step, () => Promise<void>> = {
    cancel,
    pay: () => ask('pay', 'PaymentRequested'),
    undo: () => ask('undo', 'PaymentCancellationRequested'),
    'told of pay': () => tell('told of pay', 'pay'),
    'told of undo': () => tell('told of undo', 'undo'),
  };
  for (const step of sequence) await actions[step]();

  const last = await orders.call<Order>(`${path}/GetOrder`, { name, asOf: undefined }, userId);
  return { told, order: enumName(Order_State, last.state), ...(await booksOf(name, userId)) };
}

async function booksOf(
  name: string,
  userId: string,
): Promise<Pick<Outcome, 'payment' | 'entries'>> {
  const id = name.slice(7);
  const [payment] = await payments.database.sql<{ state: string }>(
    'select state from payments where order_id = $1',
    [id],
  );
  const entries = await payments.database.sql<{ kind: string; amount: bigint }>(
    `select kind, amount_minor as amount from transfers where order_id = $1
     order by ledger_version`,
    [id],
  );
  const [books] = await payments.database.sql<{ right: boolean }>(
    `select balance_minor = (select sum(case when credit_account_id = a.id then amount_minor
        else -amount_minor end) from transfers where account_id = a.id) as right
     from accounts a where user_id = $1`,
    [userId],
  );
  assert.ok(books?.right, 'the balance is the sum of the transfers');
  const text = entries.map(({ kind, amount }) => `${kind === 'REFUND' ? '+' : '-'}${amount}`);
  return { payment: payment?.state ?? 'none', entries: text.join(' ') || 'none' };
}

const cases = [
  ['enough money', 100n],
  ['too little money', 59n],
] as const;

test(
  'ends CANCELLED with nothing kept, or FAILED with the cancellation refused',
  async () => {
    const rows = new Map<string, string>();
    for (const [money, balance] of cases) {
      for (const sequence of interleavings()) {
        const { told, order, payment, entries } = await play(sequence, balance);
        const refused = told.some((step) => step.endsWith('(refused)'));
        assert.is(order, refused ? 'FAILED' : 'CANCELLED', told.join(', '));
        assert.ok(['none', '-60 +60'].includes(entries), `${told.join(', ')}: ${entries}`);
        const cells = [money, told.join(' → '), order, payment, entries];
        rows.set(cells.join(), `| ${cells.join(' | ')} |`);
      }
    }
    assert.is([...interleavings()].length, 10);
    const head = ['| account | steps | order | payment | entries |', '|---|---|---|---|---|'];
    const table = `${[...head, ...rows.values()].join('\n')}\n`;
    compareWithDocument('docs/cancellation.md', 'interleavings', table);
  },
  { timeoutMs: 120_000 },
);

test.run();
