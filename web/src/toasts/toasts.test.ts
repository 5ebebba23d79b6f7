import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import type { Change, SeenAccount } from '../session/newest.ts';
import { english } from '../text/english.ts';
import { formatOf } from '../text/format.ts';
import { describeChange } from './describe-change.ts';
import { ToastList } from './toast-list.ts';

const test = suite('toasts');

const text = { t: english, format: formatOf('en-US') };
const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });

function orderChange(state: string, failureReason?: string): Change {
  const base = { name: 'orders/1', amount: usd(1250n), version: 2n, updateTime: new Date() };
  return { kind: 'order', order: { ...base, state, failureReason }, before: undefined };
}

function accountChange(from: bigint | undefined, to: bigint): Change {
  const account = (minor: bigint): SeenAccount => ({ balance: usd(minor), ledgerVersion: minor });
  const before = from === undefined ? undefined : account(from);
  return { kind: 'account', account: account(to), before };
}

test('a paid order is told with its amount, and leads to it', () => {
  assert.equal(describeChange(orderChange('PAID'), text), {
    tone: 'good',
    title: 'Order of $12.50 paid',
    text: undefined,
    href: '/orders/1',
  });
});

test('a failed order is told with its reason', () => {
  const toast = describeChange(orderChange('FAILED', 'INSUFFICIENT_FUNDS'), text);
  assert.equal([toast?.tone, toast?.text], ['bad', 'The wallet held less than the order costs.']);
});

test('every state has words, and one of a newer service none', () => {
  for (const state of Object.keys(english.states)) {
    assert.ok(describeChange(orderChange(state), text), state);
  }
  assert.is(describeChange(orderChange('WRAPPED'), text), undefined);
});

test('money that comes in is told; of what goes out, the order tells', () => {
  assert.is(describeChange(accountChange(500n, 1500n), text)?.title, '$10.00 came in');
  assert.is(describeChange(accountChange(1500n, 500n), text), undefined);
  assert.is(describeChange(accountChange(undefined, 500n), text), undefined);
});

test('at most four are shown, and each can be dismissed', () => {
  const list = new ToastList();
  let changes = 0;
  list.subscribe(() => (changes += 1));
  for (const title of ['1', '2', '3', '4', '5']) list.add({ tone: 'plain', title });
  assert.equal(
    list.shown.map(({ title }) => title),
    ['2', '3', '4', '5'],
  );
  list.remove(list.shown[0]!.id);
  assert.is(list.shown.length, 3);
  list.clear();
  assert.is(list.shown.length, 0);
  assert.is(changes, 7);
});

test.run();
