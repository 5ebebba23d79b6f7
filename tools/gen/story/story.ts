// What a user lives through with Purser, told as requests: the source of the Postman collection
// and of gen/purser.http. The generator fails when an operation does not occur in it.
import type { Chapter, Step } from './chapter.ts';

const usd = (amountMinor: string) => ({ currencyCode: 'USD', amountMinor });
const key = (name: string) => ({ 'Idempotency-Key': name });
const order = { order: '{{order}}' };
const dear = { order: '{{dearOrder}}' };

const staffOnly = (title: string, operation: string): Step => ({
  title,
  operation,
  path: order,
  status: 403,
  expect: { reason: 'PERMISSION_DENIED' },
});

export const story: readonly Chapter[] = [
  {
    title: 'Is it there',
    steps: [
      {
        title: 'The gateway is alive',
        operation: 'checkAlive',
        status: 200,
        expect: { alive: true },
      },
      {
        title: 'Everything behind it works',
        operation: 'checkReady',
        status: 200,
        expect: { ready: true, failures: {} },
      },
    ],
  },
  {
    title: 'An account with money',
    steps: [
      {
        title: 'Create the account',
        operation: 'createAccount',
        headers: key('account'),
        body: { currencyCode: 'USD' },
        status: 201,
        expect: { userId: '{{user}}', balance: usd('0'), ledgerVersion: '0' },
      },
      {
        title: 'A second account is refused',
        operation: 'createAccount',
        headers: key('another-account'),
        body: { currencyCode: 'USD' },
        status: 409,
        expect: { reason: 'ACCOUNT_ALREADY_EXISTS' },
      },
      {
        title: 'Top the account up',
        operation: 'topUpAccount',
        headers: key('top-up'),
        body: { amount: usd('100000') },
        status: 200,
        expect: { balance: usd('100000'), ledgerVersion: '1' },
      },
      {
        title: 'The same top-up again adds nothing',
        operation: 'topUpAccount',
        headers: key('top-up'),
        body: { amount: usd('100000') },
        status: 200,
        expect: { balance: usd('100000'), ledgerVersion: '1' },
      },
      {
        title: 'Read the balance',
        operation: 'getAccount',
        status: 200,
        expect: { balance: usd('100000') },
      },
    ],
  },
  {
    title: 'An order is paid',
    steps: [
      {
        title: 'Order two coffees',
        operation: 'createOrder',
        headers: key('two-coffees'),
        status: 201,
        expect: { state: 'PENDING', amount: usd('1250'), version: '1' },
        save: { order: 'name' },
      },
      {
        title: 'The same order again is the first one',
        operation: 'createOrder',
        headers: key('two-coffees'),
        status: 201,
        expect: { name: 'orders/{{order}}' },
      },
      {
        title: 'Another order with the same key is refused',
        operation: 'createOrder',
        headers: key('two-coffees'),
        body: { amount: usd('9999'), description: 'Something else' },
        status: 409,
        expect: { reason: 'IDEMPOTENCY_KEY_REUSED', 'metadata.request_id': 'two-coffees' },
      },
      {
        title: 'What became of a call whose answer was lost',
        operation: 'getRequest',
        path: { requestId: 'two-coffees' },
        status: 200,
        expect: { state: 'DONE', 'order.name': 'orders/{{order}}' },
      },
      {
        title: 'A moment later the order is paid',
        operation: 'getOrder',
        path: order,
        status: 200,
        until: { state: 'PAID' },
        expect: { allowedActions: ['CANCEL', 'ASSEMBLE'] },
        save: { etag: 'etag' },
      },
      {
        title: 'Where the order stands',
        operation: 'explainOrder',
        path: order,
        status: 200,
        expect: { state: 'PAID', waitingFor: 'STAFF', 'payment.state': 'CAPTURED' },
      },
      {
        title: 'Which way it took through the system',
        operation: 'traceOrder',
        path: order,
        status: 200,
        expect: { paymentsAnswered: true },
      },
      {
        title: 'What Payments knows of it',
        operation: 'getPayment',
        path: order,
        status: 200,
        expect: { state: 'CAPTURED', amount: usd('1250'), balanceAfter: usd('98750') },
      },
      {
        title: 'The statement shows the debit',
        operation: 'listEntries',
        query: { pageSize: '10' },
        status: 200,
        expect: {
          'entries[0].kind': 'PAYMENT',
          'entries[0].amount': usd('-1250'),
          'entries[0].balanceAfter': usd('98750'),
          'entries[0].order': 'orders/{{order}}',
          'entries[1].kind': 'TOP_UP',
          nextPageToken: '',
        },
      },
      {
        title: 'The paid orders',
        operation: 'listOrders',
        query: { filter: 'state=PAID', pageSize: '10' },
        status: 200,
        expect: { 'orders.length': 1, 'orders[0].name': 'orders/{{order}}' },
      },
      {
        title: 'The history of the order',
        operation: 'listOrderEvents',
        path: order,
        status: 200,
        expect: {
          'events.length': 2,
          'events[0].actor': 'USER',
          'events[1].previousState': 'PENDING',
          'events[1].state': 'PAID',
        },
      },
    ],
  },
  {
    title: 'The order is cancelled and refunded',
    steps: [
      {
        title: 'Who saw an older order does not cancel this one',
        operation: 'cancelOrder',
        path: order,
        headers: { 'If-Match': '"v1"' },
        status: 409,
        expect: { reason: 'ETAG_MISMATCH', 'metadata.etag': '{{etag}}' },
      },
      {
        title: 'Cancel the order',
        operation: 'cancelOrder',
        path: order,
        headers: { 'If-Match': '"{{etag}}"' },
        status: 200,
        expect: { state: 'CANCELLING' },
      },
      {
        title: 'A moment later it is cancelled',
        operation: 'getOrder',
        path: order,
        status: 200,
        until: { state: 'CANCELLED' },
        expect: { allowedActions: [] },
      },
      {
        title: 'To cancel it again changes nothing',
        operation: 'cancelOrder',
        path: order,
        status: 200,
        expect: { state: 'CANCELLED' },
      },
      {
        title: 'Its payment is refunded',
        operation: 'getPayment',
        path: order,
        status: 200,
        expect: { state: 'REFUNDED' },
      },
      {
        title: 'The money is back',
        operation: 'getAccount',
        status: 200,
        expect: { balance: usd('100000'), ledgerVersion: '3' },
      },
    ],
  },
  {
    title: 'What goes wrong',
    steps: [
      {
        title: 'An order that is too dear is accepted',
        operation: 'createOrder',
        headers: key('a-small-island'),
        body: { amount: usd('99999999'), description: 'A small island' },
        status: 201,
        save: { dearOrder: 'name' },
      },
      {
        title: 'A moment later it has failed',
        operation: 'getOrder',
        path: dear,
        status: 200,
        until: { state: 'FAILED' },
        expect: { failureReason: 'INSUFFICIENT_FUNDS' },
      },
      {
        title: 'What failed cannot be cancelled',
        operation: 'cancelOrder',
        path: dear,
        status: 409,
        expect: { reason: 'ORDER_STATE_CONFLICT', 'metadata.state': 'FAILED' },
      },
      {
        title: 'Everything that is wrong is told at once',
        operation: 'createOrder',
        body: { amount: { currencyCode: 'usd', amountMinor: 0 }, colour: 'red' },
        status: 400,
        expect: { reason: 'INVALID_REQUEST', 'violations.length': 3 },
      },
      {
        title: 'Nobody has such an order',
        operation: 'getOrder',
        path: { order: '00000000-0000-7000-8000-000000000000' },
        status: 404,
        expect: { reason: 'ORDER_NOT_FOUND' },
      },
      {
        title: 'A call must say who is asking',
        operation: 'getAccount',
        anonymous: true,
        status: 401,
        expect: { reason: 'USER_ID_REQUIRED' },
      },
      staffOnly('To assemble is for staff', 'assembleOrder'),
      staffOnly('To ship is for staff', 'shipOrder'),
      staffOnly('To deliver is for staff', 'deliverOrder'),
    ],
  },
  {
    title: 'What happened',
    steps: [
      {
        title: 'The last thing that happened can be read',
        operation: 'listNotifications',
        query: { pageSize: '1' },
        status: 200,
        until: { 'notifications[0].kind': 'ORDER_FAILED' },
        save: { seen: 'notifications[0].createTime' },
      },
      {
        title: 'Everything until then is read now',
        operation: 'markNotificationsRead',
        body: { readUntil: '{{seen}}' },
        status: 200,
        expect: { unreadCount: 0 },
      },
      {
        title: 'A ticket opens a WebSocket at /v1/live?ticket=…',
        operation: 'createLiveTicket',
        body: {},
        status: 201,
      },
    ],
  },
];
