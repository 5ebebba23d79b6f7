import * as assert from 'uvu/assert';
import { Account, Entry_Kind } from '#gen/purser/payments/v1/account.ts';
import type { ListEntriesResponse } from '#gen/purser/payments/v1/account_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { ownNats, reasonOf, serviceDatabase, testService } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations } from './schema/migrations.ts';
import { payments } from './service.ts';

const test = suite('accounts');

const nats = await ownNats();
const database = await serviceDatabase('payments', migrations);
const now = new Date('2026-03-04T05:06:07.089Z');
const service = await testService(payments, {
  databaseUrl: database.url,
  natsUrl: nats.url,
  clock: () => now,
});

test.after(async () => {
  await service.stop();
  await database.close();
  await nats.stop();
});

const accounts = '/purser.payments.v1.AccountService';
const emptyAccount = Account.decode(new Uint8Array());
const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });

function create(userId: string, requestId = '', currencyCode = 'USD'): Promise<Account> {
  const account = { ...emptyAccount, currencyCode };
  return service.call(`${accounts}/CreateAccount`, { account, requestId }, userId);
}
function topUp(userId: string, amountMinor: bigint, requestId = ''): Promise<Account> {
  return service.call(`${accounts}/TopUpAccount`, { amount: usd(amountMinor), requestId }, userId);
}
function get(userId: string): Promise<Account> {
  return service.call(`${accounts}/GetAccount`, {}, userId);
}
function entries(
  userId: string,
  pageSize = 0,
  pageToken = '',
  filter = '',
): Promise<ListEntriesResponse> {
  return service.call(`${accounts}/ListEntries`, { pageSize, pageToken, filter }, userId);
}

test('a new account is empty, and reading it gives the same', async () => {
  const account = await create('new');
  assert.match(account.name, /^accounts\/[0-9a-f-]{36}$/);
  assert.equal(
    { ...account, name: '' },
    {
      name: '',
      userId: 'new',
      currencyCode: 'USD',
      balance: usd(0n),
      ledgerVersion: 0n,
      createTime: now,
      updateTime: now,
    },
  );
  assert.equal(await get('new'), account);
});

test('without an account there is nothing to read, to top up or to list', async () => {
  const calls = [get('nobody'), topUp('nobody', 1n), entries('nobody')];
  assert.equal(await Promise.all(calls.map(reasonOf)), Array(3).fill('ACCOUNT_NOT_FOUND'));
});

test('a user has at most one account, however many are asked for at once', async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => create('once')));
  const created = results.filter(({ status }) => status === 'fulfilled');
  assert.is(created.length, 1);
  const { name } = await get('once');
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    assert.instance(result.reason, PurserError);
    assert.equal(
      [result.reason.reason, result.reason.metadata],
      ['ACCOUNT_ALREADY_EXISTS', { account: name }],
    );
  }
});

test('a repeated create with its key answers with the account as it was new', async () => {
  const first = await create('keyed', 'k1');
  await topUp('keyed', 500n);
  assert.equal(await create('keyed', 'k1'), first);
  assert.is(await reasonOf(create('keyed', 'k1', 'EUR')), 'IDEMPOTENCY_KEY_REUSED');
  assert.is(await reasonOf(create('keyed', 'k2')), 'ACCOUNT_ALREADY_EXISTS');
});

test('twenty creates at once with one key are one account and twenty equal answers', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => create('racer', 'k')));
  assert.is(new Set(answers.map(({ name }) => name)).size, 1);
});

test('a top-up adds to the balance and to the statement', async () => {
  await create('saver');
  const account = await topUp('saver', 1_000n);
  assert.equal([account.balance, account.ledgerVersion], [usd(1_000n), 1n]);
  await topUp('saver', 234n);
  const { entries: lines, nextPageToken } = await entries('saver');
  assert.equal(lines, [
    {
      amount: usd(234n),
      balanceAfter: usd(1_234n),
      ledgerVersion: 2n,
      kind: Entry_Kind.TOP_UP,
      order: '',
      createTime: now,
    },
    {
      amount: usd(1_000n),
      balanceAfter: usd(1_000n),
      ledgerVersion: 1n,
      kind: Entry_Kind.TOP_UP,
      order: '',
      createTime: now,
    },
  ]);
  assert.is(nextPageToken, '');
});

test('fifty top-ups at once all count', async () => {
  await create('crowd');
  const answers = await Promise.all(Array.from({ length: 50 }, () => topUp('crowd', 3n)));
  assert.is((await get('crowd')).balance?.amountMinor, 150n);
  assert.is(
    new Set(answers.map(({ ledgerVersion }) => ledgerVersion)).size,
    50,
    'every answer has a version of its own',
  );
});

test('a top-up with its key counts once and answers as the first time', async () => {
  await create('repeater');
  const first = await topUp('repeater', 70n, 'k');
  await topUp('repeater', 5n);
  assert.equal(await topUp('repeater', 70n, 'k'), first);
  const together = await Promise.all(
    Array.from({ length: 20 }, () => topUp('repeater', 9n, 'together')),
  );
  assert.is(new Set(together.map(({ ledgerVersion }) => ledgerVersion)).size, 1);
  assert.is(await reasonOf(topUp('repeater', 71n, 'k')), 'IDEMPOTENCY_KEY_REUSED');
  assert.is((await get('repeater')).balance?.amountMinor, 84n);
});

test('a currency that ISO 4217 does not list is refused, and no account is made', async () => {
  const error = (await create('zed', '', 'ZZZ').catch((thrown) => thrown)) as PurserError;
  assert.equal(
    error.violations?.map(({ field }) => field),
    ['account.currency_code'],
  );
  assert.is(await reasonOf(get('zed')), 'ACCOUNT_NOT_FOUND');
});

test('one key for two kinds of request is reused', async () => {
  await create('mixer', 'k');
  assert.is(await reasonOf(topUp('mixer', 1n, 'k')), 'IDEMPOTENCY_KEY_REUSED');
});

test('a key belongs to its user', async () => {
  await create('kim');
  await create('lee');
  await topUp('kim', 10n, 'shared');
  assert.is((await topUp('lee', 20n, 'shared')).balance?.amountMinor, 20n);
});

test('another currency and a balance beyond the limit are refused', async () => {
  await create('limit', '', 'EUR');
  assert.is(await reasonOf(topUp('limit', 1n)), 'CURRENCY_MISMATCH');
  await create('rich');
  await database.sql(`update accounts set balance_minor = 999999999999999 where user_id = 'rich'`);
  assert.is(await reasonOf(topUp('rich', 2n)), 'BALANCE_LIMIT_EXCEEDED');
  assert.is((await topUp('rich', 1n)).balance?.amountMinor, 1_000_000_000_000_000n);
});

for (const amountMinor of [0n, -1n, 1_000_000_000_001n, -9_223_372_036_854_775_808n]) {
  test(`a top-up of ${amountMinor} is refused`, async () => {
    assert.is(await reasonOf(topUp('anyone', amountMinor)), 'INVALID_REQUEST');
  });
}

test('pages of the statement hold every entry once, also while entries arrive', async () => {
  await create('pager');
  for (let count = 0; count < 7; count += 1) await topUp('pager', 1n);
  const seen: bigint[] = [];
  let token = '';
  do {
    const page = await entries('pager', 3, token);
    seen.push(...page.entries.map(({ ledgerVersion }) => ledgerVersion));
    token = page.nextPageToken;
    await topUp('pager', 1n);
  } while (token !== '');
  assert.equal(seen, [7n, 6n, 5n, 4n, 3n, 2n, 1n]);
});

test('the statement is filtered by kind and time', async () => {
  const { name } = await create('filterer');
  for (let count = 0; count < 4; count += 1) await topUp('filterer', 1n);
  // The clock stands still here, and no order is paid: other entries are made by hand.
  await database.sql(
    `update transfers set create_time = create_time + ledger_version * interval '1 day',
       kind = (array['TOP_UP', 'PAYMENT', 'REFUND', 'PAYMENT'])[ledger_version],
       order_id = case when ledger_version > 1 then gen_random_uuid() end
     where account_id = $1`,
    [name.replace('accounts/', '')],
  );
  const day = (index: number) => new Date(now.getTime() + index * 86_400_000).toISOString();
  for (const [filter, expected] of [
    ['', [4n, 3n, 2n, 1n]],
    ['kind=PAYMENT', [4n, 2n]],
    ['kind=TOP_UP OR kind=REFUND', [3n, 1n]],
    [`kind!=TOP_UP AND create_time<="${day(3)}"`, [3n, 2n]],
    [`create_time>"${day(4)}"`, []],
  ] as const) {
    const seen: bigint[] = [];
    let token = '';
    do {
      const page = await entries('filterer', 1, token, filter);
      seen.push(...page.entries.map(({ ledgerVersion }) => ledgerVersion));
      token = page.nextPageToken;
    } while (token !== '');
    assert.equal(seen, expected, filter);
  }
  const { nextPageToken } = await entries('filterer', 1, '', 'kind=PAYMENT');
  assert.is(await reasonOf(entries('filterer', 1, nextPageToken)), 'INVALID_REQUEST');
  assert.is(await reasonOf(entries('filterer', 1, '', 'kind=GIFT')), 'INVALID_REQUEST');
});

test('as_of is the account after the last entry until then', async () => {
  const created = await create('historian');
  const entriesBooked = 3;
  for (let count = 0; count < entriesBooked; count += 1) await topUp('historian', 10n);
  // The clock stands still here: an hour between the entries makes moments to ask for.
  await database.sql(
    `update transfers set create_time = create_time + ledger_version * interval '1 hour'
     where account_id = $1`,
    [created.name.replace('accounts/', '')],
  );
  const at = (hours: number) => new Date(now.getTime() + hours * 3_600_000);
  const asOf = (moment: Date) =>
    service.call<Account>(`${accounts}/GetAccount`, { asOf: moment }, 'historian');
  assert.equal(await asOf(at(0)), created);
  for (const hours of [1, 1.5, 2, 3, 100]) {
    const booked = BigInt(Math.min(Math.floor(hours), entriesBooked));
    const { balance, ledgerVersion, updateTime } = await asOf(at(hours));
    assert.equal([balance, ledgerVersion], [usd(10n * booked), booked]);
    assert.equal(updateTime, at(Number(booked)));
  }
  assert.is(await reasonOf(asOf(at(-0.001))), 'ACCOUNT_NOT_FOUND');
});

test('a token of another user is refused', async () => {
  await create('eve');
  const { nextPageToken } = await entries('pager', 1);
  assert.is(await reasonOf(entries('eve', 1, nextPageToken)), 'INVALID_REQUEST');
});

test('the database itself refuses a negative balance', async () => {
  await create('poor');
  const attempt = database.sql(`update accounts set balance_minor = -1 where user_id = 'poor'`);
  assert.match(
    String(await attempt.catch((error: Error) => error)),
    /accounts_balance_not_negative/,
  );
});

test.run();
