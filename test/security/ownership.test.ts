// Whose is it? Every RPC and every REST operation, asked by somebody else for what is not theirs,
// must answer as if it were not there, in the same words. OWASP API1 and API5, ASVS 8.2.2, 8.3.1.
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { routes } from '#gen/routes.ts';
import { streams } from '#gen/streams.ts';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import type { PurserError } from '#lib/errors/purser-error.ts';
import { startInProcessSystem } from '#test/harness/in-process-system.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('what belongs to another user');

const system = await startInProcessSystem();
const { services } = system;
const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
const key = randomUUID();
const usd = (amountMinor: bigint) => ({ currencyCode: 'USD', amountMinor });
const emptyPage = { pageSize: 0, pageToken: '', filter: '', orderBy: '' };
let order = '';

const account = { ...Account.decode(new Uint8Array()), currencyCode: 'USD' };
for (const user of [ann, bob]) {
  const request = { account, requestId: user === ann ? key : '' };
  await services.payments.call('/purser.payments.v1.AccountService/CreateAccount', request, user);
}
await services.payments.call(
  '/purser.payments.v1.AccountService/TopUpAccount',
  { amount: usd(1_000n), requestId: '' },
  ann,
);
const created = await services.orders.call(
  '/purser.orders.v1.OrderService/CreateOrder',
  { order: { ...Order.decode(new Uint8Array()), amount: usd(10n) }, requestId: key },
  ann,
);
order = created.name;
await eventually(
  () => services.orders.call('/purser.orders.v1.OrderService/GetOrder', { name: order }, ann),
  ({ state }) => state === 2,
);

test.after(() => system.stop());

/**
 * `asks`: the request names what it is about. `own`: there is nothing to name, it is about whoever
 * asks. Every RPC that a user may call has a line here; the services of operators have a test of
 * their own.
 */
type Policy = { asks: (name: string) => object; about: 'order' | 'key' } | { own: object };

const shipment = { carrier: 'UPS', trackingCode: '1Z', reason: '', etag: '' };
const shipmentBody = { shipment: { carrier: 'UPS', trackingCode: '1Z' } };
const action = (name: string) => ({ name, reason: '', etag: '', requestId: '' });
const policies: Record<string, Policy> = {
  '/purser.notifications.v1.LiveService/CreateLiveTicket': { own: {} },
  '/purser.notifications.v1.LiveService/TraceChanges': { own: { eventIds: [] } },
  '/purser.notifications.v1.NotificationService/ListNotifications': {
    own: { pageSize: 0, pageToken: '', unreadOnly: false },
  },
  '/purser.notifications.v1.NotificationService/MarkNotificationsRead': {
    own: { readUntil: new Date() },
  },
  '/purser.orders.v1.OrderService/CreateOrder': {
    own: { order: { ...Order.decode(new Uint8Array()), amount: usd(5n) }, requestId: key },
  },
  '/purser.orders.v1.OrderService/GetOrder': { asks: (name) => ({ name }), about: 'order' },
  '/purser.orders.v1.OrderService/ListOrders': { own: emptyPage },
  '/purser.orders.v1.OrderService/ListOrderEvents': {
    asks: (parent) => ({ ...emptyPage, parent }),
    about: 'order',
  },
  '/purser.orders.v1.OrderService/ExplainOrder': { asks: (name) => ({ name }), about: 'order' },
  '/purser.orders.v1.OrderService/TraceOrder': { asks: (name) => ({ name }), about: 'order' },
  '/purser.orders.v1.OrderService/CancelOrder': { asks: action, about: 'order' },
  '/purser.orders.v1.OrderService/AssembleOrder': { asks: action, about: 'order' },
  '/purser.orders.v1.OrderService/ShipOrder': {
    asks: (name) => ({ name, ...shipment }),
    about: 'order',
  },
  '/purser.orders.v1.OrderService/DeliverOrder': { asks: action, about: 'order' },
  '/purser.orders.v1.RequestService/GetRequest': {
    asks: (requestId) => ({ requestId }),
    about: 'key',
  },
  '/purser.payments.v1.AccountService/CreateAccount': { own: { account, requestId: '' } },
  '/purser.payments.v1.AccountService/GetAccount': { own: {} },
  '/purser.payments.v1.AccountService/TopUpAccount': { own: { amount: usd(1n), requestId: '' } },
  '/purser.payments.v1.AccountService/ListEntries': { own: emptyPage },
  '/purser.payments.v1.PaymentService/GetPayment': {
    asks: (name) => ({ name: `${name}/payment` }),
    about: 'order',
  },
  '/purser.payments.v1.PaymentService/TracePayment': {
    asks: (name) => ({ name: `${name}/payment`, eventIds: [] }),
    about: 'order',
  },
  '/purser.payments.v1.PaymentService/BatchGetPayments': {
    asks: (name) => ({ names: [`${name}/payment`] }),
    about: 'order',
  },
  '/purser.payments.v1.RequestService/GetRequest': {
    asks: (requestId) => ({ requestId }),
    about: 'key',
  },
};

const userServices = new Set(Object.keys(policies).map((path) => path.split('/')[1]));
const userMethods = Object.values(methods).filter(({ service }) => userServices.has(service));

/** What the caller learns, with the name that they sent left out. */
async function learns(path: string, request: object, name: string, user: string): Promise<string> {
  const domain = methods[path as keyof typeof methods]!.domain as keyof typeof services;
  const answer = await services[domain].call(path, request, user).then(
    (value) => ({ value }),
    ({ reason, message, metadata, violations }: PurserError) => ({
      error: { reason, message, metadata, violations },
    }),
  );
  const text = JSON.stringify(answer, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return text.replaceAll(name, 'NAME').replaceAll(name.replace('orders/', ''), 'NAME');
}

test('every RPC of a user’s services has a policy', () => {
  const paths = userMethods.map(({ path }) => path);
  assert.equal(paths.toSorted(), Object.keys(policies).toSorted());
  assert.equal(Object.keys(streams), ['/purser.notifications.v1.LiveService/Subscribe']);
});

for (const [path, policy] of Object.entries(policies)) {
  if ('own' in policy) continue;
  const { asks, about } = policy;
  test(`${path.split('.').at(-1)} says of another’s ${about} what it says of none`, async () => {
    const theirs = about === 'order' ? order : key;
    const none = about === 'order' ? `orders/${randomUUIDv7()}` : randomUUID();
    const foreign = await learns(path, asks(theirs), theirs, bob);
    const missing = await learns(path, asks(none), none, bob);
    assert.is(foreign, missing);
    const owner = await learns(path, asks(theirs), theirs, ann);
    const isStaffOnly = /Assemble|Ship|Deliver|Batch/.test(path);
    if (!isStaffOnly) assert.not.match(owner, /NOT_FOUND|PERMISSION/, 'its owner gets it');
    assert.not.match(foreign, new RegExp(ann), 'nothing names its owner');
  });
}

for (const route of routes.filter(
  ({ path }) => path.includes('{order}') || path.includes('{requestId}'),
)) {
  test(`${route.httpMethod} ${route.path} says of another’s what it says of none`, async () => {
    const ask = async (id: string) => {
      const isShip = route.path.endsWith(':ship');
      const body = JSON.stringify(isShip ? shipmentBody : {});
      const response = await fetch(system.url + route.path.replace(/\{\w+\}/, id), {
        method: route.httpMethod,
        headers: { 'x-user-id': bob, 'content-type': 'application/json' },
        ...(route.hasBody && { body }),
      });
      const { requestId, ...problem } = (await response.json()) as Record<string, unknown>;
      assert.is(typeof requestId, 'string');
      const headers = [...response.headers.keys()].toSorted().join();
      return JSON.stringify({ status: response.status, headers, problem }).replaceAll(id, 'ID');
    };
    const foreign = route.path.includes('requestId') ? key : order.slice('orders/'.length);
    assert.is(await ask(foreign), await ask(randomUUIDv7()));
  });
}

test('after all that the order is as its owner made it', async () => {
  // The owner's own line of CancelOrder has cancelled it, and nobody else has done anything.
  const path = '/purser.orders.v1.OrderService/ListOrderEvents';
  const { events } = await services.orders.call(path, { ...emptyPage, parent: order }, ann);
  const actors = events.map((event: any) => event.actorUserId).filter(Boolean);
  assert.equal([...new Set(actors)], [ann]);
});

test('lists and live streams hold only what is one’s own', async () => {
  for (const [path, policy] of Object.entries(policies)) {
    if (!('own' in policy)) continue;
    const text = await learns(path, policy.own, 'no name', bob);
    assert.not.match(text, new RegExp(`${order.slice(7)}|${ann}`), path);
  }
});

test('a key is of its user: another may use the same, and gets an order of their own', async () => {
  const create = '/purser.orders.v1.OrderService/CreateOrder';
  const request = (policies[create] as { own: object }).own;
  const mine = await services.orders.call(create, request, bob);
  assert.is(mine.userId, bob);
  assert.is.not(mine.name, order);
});

test('a page token is of its user', async () => {
  const path = '/purser.orders.v1.OrderService/ListOrders';
  const create = '/purser.orders.v1.OrderService/CreateOrder';
  const another = { order: { ...Order.decode(new Uint8Array()), amount: usd(1n) }, requestId: '' };
  await services.orders.call(create, another, ann);
  const page = await services.orders.call(path, { ...emptyPage, pageSize: 1 }, ann);
  assert.ok(page.nextPageToken !== '');
  const stolen = { ...emptyPage, pageSize: 1, pageToken: page.nextPageToken };
  assert.match(await learns(path, stolen, 'no name', bob), /INVALID_REQUEST/);
});

test('nobody gets anything without saying who they are', async () => {
  for (const { path, domain } of userMethods) {
    const policy = policies[path]!;
    const request = 'own' in policy ? policy.own : policy.asks(order);
    const call = services[domain as keyof typeof services].call(path, request, '');
    const { reason } = await call.catch((error: PurserError) => error);
    assert.is(reason, 'USER_ID_REQUIRED', path);
  }
});

test('only staff do the work of staff', async () => {
  for (const verb of ['assemble', 'ship', 'deliver']) {
    const body = verb === 'ship' ? shipmentBody : {};
    for (const headers of [
      {},
      { 'x-user-role': 'staff' },
      { 'grpc-metadata-x-user-role': 'staff' },
    ]) {
      const response = await fetch(`${system.url}/v1/${order}:${verb}`, {
        method: 'POST',
        headers: { 'x-user-id': ann, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      const problem = (await response.json()) as { reason: string };
      assert.is(response.status, 403, `${verb} ${JSON.stringify(headers)}: ${problem.reason}`);
    }
  }
});

test.run();
