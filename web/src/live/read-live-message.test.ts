import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { readLiveMessage } from './read-live-message.ts';

const test = suite('messages of the live stream');

test('a snapshot brings orders, the account and the token to go on with', () => {
  const message = readLiveMessage(
    JSON.stringify({
      kind: 'SNAPSHOT',
      number: '7',
      resumeToken: 'abc',
      orders: [
        {
          name: 'orders/1',
          state: 'FAILED',
          failureReason: 'INSUFFICIENT_FUNDS',
          amount: { currencyCode: 'USD', amountMinor: '9007199254740993' },
          version: '2',
          updateTime: '2026-01-02T03:04:05.678Z',
        },
      ],
      account: { balance: { currencyCode: 'USD', amountMinor: '5' }, ledgerVersion: '3' },
      somethingNewer: true,
    }),
  );
  assert.equal(message, {
    kind: 'SNAPSHOT',
    resumeToken: 'abc',
    orders: [
      {
        name: 'orders/1',
        state: 'FAILED',
        failureReason: 'INSUFFICIENT_FUNDS',
        amount: { currencyCode: 'USD', amountMinor: 9_007_199_254_740_993n },
        version: 2n,
        updateTime: new Date('2026-01-02T03:04:05.678Z'),
      },
    ],
    account: { balance: { currencyCode: 'USD', amountMinor: 5n }, ledgerVersion: 3n },
  });
});

test('a heartbeat brings nothing, and an empty account has left out its zeros', () => {
  assert.equal(readLiveMessage('{"kind":"HEARTBEAT"}'), {
    kind: 'HEARTBEAT',
    resumeToken: undefined,
    orders: [],
    account: undefined,
  });
  const { account } = readLiveMessage(
    '{"kind":"ACCOUNT","account":{"balance":{"currencyCode":"USD"}}}',
  );
  assert.equal(account, {
    balance: { currencyCode: 'USD', amountMinor: 0n },
    ledgerVersion: 0n,
  });
});

test('what is no message is refused', () => {
  const order = { name: 'orders/1', state: 'PAID', version: '1', updateTime: 'today' };
  const wrong = [
    '',
    'hello',
    '{}',
    '{"kind":1}',
    JSON.stringify({ kind: 'ORDER', orders: [order] }),
    JSON.stringify({ kind: 'ORDER', orders: [{ ...order, amount: {} }] }),
  ];
  for (const text of wrong) assert.throws(() => readLiveMessage(text), undefined, text);
});

test.run();
