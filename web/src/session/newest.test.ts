import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import type { Order } from '#sdk/src/index.ts';
import { isUnsettled, Newest, refreshed } from './newest.ts';
import type { SeenOrder } from './newest.ts';

const test = suite('the newest that is known');

function order(version: number, state = 'PENDING', name = 'orders/1'): SeenOrder {
  const amount = { currencyCode: 'USD', amountMinor: 100n };
  return { name, state, amount, version: BigInt(version), updateTime: new Date(version) };
}

function account(ledgerVersion: number) {
  const balance = { currencyCode: 'USD', amountMinor: BigInt(ledgerVersion) };
  return { balance, ledgerVersion: BigInt(ledgerVersion) };
}

test('versions never go back, in whatever order and however often things are told', () => {
  const told = fc.array(
    fc.record({ name: fc.constantFrom('orders/1', 'orders/2'), version: fc.integer({ max: 9 }) }),
  );
  fc.assert(
    fc.property(told, (list) => {
      const newest = new Newest();
      const highest = new Map<string, bigint>();
      for (const { name, version } of list) {
        const changes = newest.take({ orders: [order(version, 'PENDING', name)] });
        const before = highest.get(name);
        const isNews = before === undefined || BigInt(version) > before;
        assert.is(changes.length, isNews ? 1 : 0);
        if (isNews) highest.set(name, BigInt(version));
        assert.is(newest.order(name)?.version, highest.get(name));
      }
    }),
  );
});

test('an account with no entry yet is news once', () => {
  const newest = new Newest();
  assert.is(newest.take({ account: account(0) }).length, 1);
  assert.is(newest.take({ account: account(0) }).length, 0);
  newest.take({ account: account(3) });
  newest.take({ account: account(2) });
  assert.is(newest.account?.balance.amountMinor, 3n);
});

test('a change comes with what was known before, and listeners hear of it', () => {
  const newest = new Newest();
  let heard = 0;
  const leave = newest.subscribe(() => (heard += 1));
  newest.take({ orders: [order(1)] });
  const [change] = newest.take({ orders: [order(2, 'PAID'), order(1)] });
  assert.equal(change, { kind: 'order', order: order(2, 'PAID'), before: order(1) });
  newest.take({ orders: [order(1)] });
  leave();
  newest.take({ orders: [order(3)] });
  assert.is(heard, 2);
  assert.is(newest.revision, 3);
});

test('orders on their way are asked for, others are not', () => {
  const newest = new Newest();
  newest.take({ orders: [order(1), order(1, 'PAID', 'orders/2')] });
  newest.take({ orders: [order(1, 'CANCELLING', 'orders/3')] });
  assert.equal(newest.unsettled(), ['orders/1', 'orders/3']);
  assert.not.ok(isUnsettled(order(2, 'FAILED')));
});

test('a listed order shows the newer state, and offers nothing that may be over', () => {
  const listed = { ...order(1), allowedActions: ['CANCEL'], description: 'Tea' } as Order;
  assert.is(refreshed(listed, undefined), listed);
  assert.is(refreshed(listed, order(1, 'PAID')), listed);
  const now = refreshed(listed, order(2, 'PAID'));
  assert.equal(
    [now.state, now.version, now.allowedActions, now.description],
    ['PAID', 2n, [], 'Tea'],
  );
});

test.run();
