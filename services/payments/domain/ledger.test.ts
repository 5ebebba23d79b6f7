import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { balanceMinorMax, Ledger, systemAccountId, type Wallet } from './ledger.ts';

const test = suite('ledger');

const ann: Wallet = {
  id: 'wallet-ann',
  userId: 'ann',
  currencyCode: 'USD',
  balanceMinor: 100n,
  ledgerVersion: 0n,
};

test('a top-up moves money from clearing to the wallet', () => {
  const ledger = new Ledger([ann]);
  const transfer = ledger.topUp('ann', 50n);
  assert.is(transfer.debitAccountId, systemAccountId('TOP_UP_CLEARING', 'USD'));
  assert.is(transfer.creditAccountId, 'wallet-ann');
  assert.equal(
    [transfer.balanceAfterMinor, transfer.ledgerVersion, transfer.orderId],
    [150n, 1n, null],
  );
});

test('a payment moves money from the wallet to sales', () => {
  const transfer = new Ledger([ann]).pay('ann', 30n, 'order');
  assert.is(transfer.debitAccountId, 'wallet-ann');
  assert.is(transfer.creditAccountId, systemAccountId('SALES', 'USD'));
  assert.equal(
    [transfer.amountMinor, transfer.balanceAfterMinor, transfer.orderId],
    [30n, 70n, 'order'],
  );
});

test('the wallet that was passed in is left as it was', () => {
  const ledger = new Ledger([ann]);
  ledger.topUp('ann', 1n);
  assert.is(ann.balanceMinor, 100n);
  assert.is(ledger.wallet('ann')?.balanceMinor, 101n);
});

test('nothing can be booked that leaves the range of a balance', () => {
  const ledger = new Ledger([ann]);
  assert.throws(() => ledger.pay('ann', 101n, 'order'), /transfer of 101 on a balance of 100/);
  assert.throws(() => ledger.topUp('ann', balanceMinorMax), RangeError);
  assert.throws(() => ledger.topUp('ann', 0n), RangeError);
  assert.throws(() => ledger.topUp('ann', -5n), RangeError);
  assert.throws(() => ledger.topUp('bob', 1n), /not locked/);
  assert.equal([ledger.transfers.length, ledger.wallet('ann')?.balanceMinor], [0, 100n]);
});

test('system accounts differ by purpose and currency and never change', () => {
  // select md5('SALES:USD')::uuid
  assert.is(systemAccountId('SALES', 'USD'), '920488ce-18a7-2749-7cf0-373f146e543d');
  assert.is.not(systemAccountId('SALES', 'USD'), systemAccountId('SALES', 'EUR'));
  assert.is.not(systemAccountId('SALES', 'USD'), systemAccountId('TOP_UP_CLEARING', 'USD'));
});

test.run();
