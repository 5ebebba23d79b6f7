// What a stranger can reach and learn: identity that is smuggled in, members that only the server
// sets, code in the place of data, answers that tell too much, lines of the log that name people.
import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { createLogger } from '#lib/log/logger.ts';
import { startInProcessSystem } from '#test/harness/in-process-system.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('what a stranger can reach and learn');

const logged: string[] = [];
const log = createLogger({
  service: 'test',
  instance: '0',
  level: 'trace',
  destination: { write: (text) => void logged.push(text) },
});
const system = await startInProcessSystem({}, log);

test.after(() => system.stop());

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: any;
}

async function ask(
  path: string,
  { method = 'GET', user = 'ann', headers = {}, body }: Record<string, any> = {},
): Promise<Answer> {
  const response = await fetch(system.url + path, {
    method,
    headers: {
      ...(user && { 'x-user-id': user }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
}

const usd = (amountMinor: string) => ({ currencyCode: 'USD', amountMinor });

await ask('/v1/account', { method: 'POST', body: { currencyCode: 'USD' } });
await ask('/v1/account:topUp', { method: 'POST', body: { amount: usd('100000') } });

// S1: the header X-User-Id in every spelling that some parser takes for it.
const spellings = [
  'x-user_id',
  'x_user_id',
  'x-user-id-bin',
  'grpc-metadata-x-user-id',
  'x-forwarded-user',
  'x-remote-user',
  'x-original-user-id',
  'x-http-user-id',
  'forwarded',
  'authorization',
  'cookie',
  'x-user-role',
  'grpc-metadata-x-user-role',
  'x-user-role-bin',
  'x-request-id',
  'grpc-timeout',
  'grpc-encoding',
  'te',
];
test('no other header says who somebody is, or what they may do', async () => {
  const order = await ask('/v1/orders', { method: 'POST', body: { amount: usd('1') } });
  const id = order.json.name.slice('orders/'.length);
  for (const name of spellings.filter((spelling) => spelling !== 'te')) {
    const value = name.includes('role') ? 'staff' : 'ann';
    const asNobody = await ask(`/v1/orders/${id}`, { user: '', headers: { [name]: value } });
    assert.is(asNobody.status, 401, name);
    const asBob = await ask(`/v1/orders/${id}`, { user: 'bob', headers: { [name]: value } });
    assert.is(asBob.status, 404, name);
    const body = { shipment: { carrier: 'UPS', trackingCode: '1' } };
    const more = { method: 'POST', headers: { [name]: value }, body };
    assert.is((await ask(`/v1/orders/${id}:ship`, more)).status, 403, name);
  }
});

test('who asks for another’s id by a second header is nobody', async () => {
  for (const headers of [{ 'X-USER-ID': 'bob' }, { 'X-User-Id': 'bob' }]) {
    const joined = new Headers([['x-user-id', 'ann'], ...Object.entries(headers)]);
    const answer = await fetch(`${system.url}/v1/account`, { headers: joined });
    assert.is(answer.status, 401);
  }
});

// API3: everything in an order or an account that the server sets.
const serverSet = [
  'name',
  'userId',
  'state',
  'failureReason',
  'version',
  'etag',
  'createTime',
  'updateTime',
  'allowedActions',
  'shipment',
  'lineCount',
];
for (const member of serverSet) {
  test(`an order cannot be created with its ${member}`, async () => {
    const body = {
      amount: usd('1'),
      [member]: member === 'allowedActions' ? ['ASSEMBLE'] : 'PAID',
    };
    const { status, json } = await ask('/v1/orders', { method: 'POST', body });
    assert.is(status, 400);
    assert.ok(json.violations.some(({ field }: { field: string }) => field.startsWith(member)));
  });
}

for (const member of ['balance', 'ledgerVersion', 'userId', 'name']) {
  test(`an account cannot be opened with its ${member}`, async () => {
    const body = { currencyCode: 'USD', [member]: member === 'balance' ? usd('1') : '1' };
    const { status } = await ask('/v1/account', { method: 'POST', user: 'eve', body });
    assert.is(status, 400);
    assert.is((await ask('/v1/account', { user: 'eve' })).status, 404, 'there is none');
  });
}

// Code in the place of data: it is refused, or kept as the text that it is.
const injections = [
  "'; drop table orders; --",
  "' or '1'='1",
  '$1; select pg_sleep(10)',
  '${7*7}#{7*7}{{7*7}}',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '\\u0000; \\"',
  '=cmd|calc!A1',
  'a\r\nSet-Cookie: x=1',
  '%0d%0aX-Injected: 1',
];
test('code in a text stays text; in a name, filter, order or token it is refused', async () => {
  for (const text of injections) {
    const description = text.replaceAll(/[\r\n]/g, ' ');
    const order = await ask('/v1/orders', {
      method: 'POST',
      body: { amount: usd('1'), description },
    });
    assert.is(order.status, 201, text);
    const read = await ask(`/v1/${order.json.name}`);
    assert.is(read.json.description, description);
    const sent = encodeURIComponent(text);
    for (const path of [
      `/v1/orders?filter=${sent}`,
      `/v1/orders?filter=${encodeURIComponent(`state="${text}"`)}`,
      `/v1/orders?orderBy=${sent}`,
      `/v1/orders?pageToken=${sent}`,
      `/v1/orders?pageSize=${sent}`,
      `/v1/account/entries?filter=${encodeURIComponent(`kind=${text}`)}`,
      `/v1/account?asOf=${sent}`,
    ]) {
      const answer = await ask(path);
      assert.is(answer.status, 400, path);
      assert.is(answer.headers.get('x-injected'), null);
      assert.is(answer.headers.get('set-cookie'), null);
    }
    const named = await ask(`/v1/orders/${sent}`);
    assert.ok([400, 404].includes(named.status), `${text}: ${named.status}`);
  }
  assert.is((await ask('/v1/orders')).status, 200, 'the table is there');
});

test('a reply never says where our code is, what it runs, or whom it talks to', async () => {
  await system.databases.orders.sql('alter table orders rename column description to gone');
  const broken = await ask('/v1/orders');
  await system.databases.orders.sql('alter table orders rename column gone to description');
  assert.is(broken.status, 500);
  assert.equal(Object.keys(broken.json).toSorted(), [
    'detail',
    'instance',
    'reason',
    'requestId',
    'status',
    'title',
    'type',
  ]);
  assert.not.match(broken.text, /description|select|column|\.ts|node_modules|127\.0\.0\.1/i);
  const lines = logged.filter((line) => line.includes(broken.json.requestId));
  assert.match(lines.join(''), /column [^ ]*description/, 'the log has the cause');
  assert.is(broken.headers.get('server'), null);
  assert.is(broken.headers.get('x-powered-by'), null);
});

test('pages of other sites are told nothing', async () => {
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
  for (const method of ['GET', 'POST']) {
    const answer = await ask('/v1/account', {
      method,
      headers,
      body: method === 'POST' ? {} : undefined,
    });
    assert.is(answer.headers.get('access-control-allow-origin'), null);
    assert.is(answer.headers.get('access-control-allow-credentials'), null);
    assert.is(answer.headers.get('x-content-type-options'), 'nosniff');
  }
});

// S11: whoever reads logs or taps the broker learns no names, addresses, keys or texts.
test('logs and events name nobody', async () => {
  const canary = (what: string) => `canary-${what}-${randomUUID().slice(0, 8)}`;
  const user = `${canary('user')}@x.test`;
  const texts = {
    key: canary('key'),
    description: canary('description'),
    name: canary('name'),
    address: canary('address'),
    reason: canary('reason'),
    token: canary('token'),
  };
  await ask('/v1/account', { method: 'POST', user, body: { currencyCode: 'USD' } });
  await ask('/v1/account:topUp', { method: 'POST', user, body: { amount: usd('100') } });
  const body = {
    amount: usd('1'),
    description: texts.description,
    recipient: { name: texts.name, address: texts.address },
  };
  const headers = { 'idempotency-key': texts.key, authorization: texts.token, cookie: texts.token };
  const order = await ask('/v1/orders', { method: 'POST', user, headers, body });
  assert.is(order.status, 201, order.text);
  const path = `/v1/${order.json.name}`;
  await eventually(
    () => ask(path, { user }),
    ({ json }) => json.state === 'PAID',
  );
  await ask(`${path}:cancel`, { method: 'POST', user, body: { reason: texts.reason } });
  await ask(`/v1/orders?filter=${texts.token}&pageToken=${texts.token}`, { user });
  await ask(`/v1/orders/${texts.token}`, { user });
  await ask(`/v1/requests/${texts.key}`, { user });
  const ticket = await ask('/v1/liveTickets', { method: 'POST', user, body: {} });
  await eventually(
    () => ask(path, { user }),
    ({ json }) => json.state === 'CANCELLED',
  );
  const lines = logged.join('');
  for (const text of [user, ...Object.values(texts), ticket.json.ticket]) {
    assert.not.ok(lines.includes(text), `${text} is in the log`);
  }
  for (const database of [system.databases.orders, system.databases.payments]) {
    const rows = await database.sql<{ payload: Buffer }>('select payload from outbox');
    const events = Buffer.concat(rows.map(({ payload }) => payload)).toString('latin1');
    const { description, name, address, key } = texts;
    for (const text of [description, name, address, key]) {
      assert.not.ok(events.includes(text), `${text} is in an event`);
    }
  }
});

test('a user’s text cannot forge a line of the log', () => {
  for (const line of logged) {
    assert.is(line.trimEnd().split('\n').length, 1);
    JSON.parse(line);
  }
});

test.run();
