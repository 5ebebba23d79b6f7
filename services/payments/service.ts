import { events } from '#gen/events.ts';
import { expireDeadLetters } from '#lib/dead-letters/retention.ts';
import { expireRequests } from '#lib/idempotency/expire-requests.ts';
import { expireInbox } from '#lib/inbox/retention.ts';
import { expireOutbox } from '#lib/outbox/retention.ts';
import type { ServiceDefinition } from '#lib/service/service-definition.ts';
import { settlePayments } from './events/settle-payments.ts';
import { batchGetPayments } from './rpc/batch-get-payments.ts';
import { createAccount } from './rpc/create-account.ts';
import { getAccount } from './rpc/get-account.ts';
import { getPayment } from './rpc/get-payment.ts';
import { getRequest } from './rpc/get-request.ts';
import { listEntries } from './rpc/list-entries.ts';
import { topUpAccount } from './rpc/top-up-account.ts';
import { tracePayment } from './rpc/trace-payment.ts';
import { AccountRow } from './schema/account.ts';
import { PaymentRow } from './schema/payment.ts';
import { RequestRow } from './schema/request.ts';
import { TransferRow } from './schema/transfer.ts';

export const payments: ServiceDefinition = {
  name: 'payments',
  publishes: true,
  callers: {
    gateway: 'all',
    // On behalf of the user whose call it answers, or of the one whose order has to wait.
    orders: [
      '/purser.payments.v1.PaymentService/BatchGetPayments',
      '/purser.payments.v1.PaymentService/GetPayment',
      '/purser.payments.v1.PaymentService/TracePayment',
      '/purser.payments.v1.RequestService/GetRequest',
    ],
  },
  entities: [AccountRow, TransferRow, PaymentRow, RequestRow],
  rpcs: (deps) => ({
    '/purser.payments.v1.AccountService/CreateAccount': createAccount(deps),
    '/purser.payments.v1.AccountService/GetAccount': getAccount(deps),
    '/purser.payments.v1.AccountService/TopUpAccount': topUpAccount(deps),
    '/purser.payments.v1.AccountService/ListEntries': listEntries(deps),
    '/purser.payments.v1.PaymentService/GetPayment': getPayment(deps),
    '/purser.payments.v1.PaymentService/BatchGetPayments': batchGetPayments(deps),
    '/purser.payments.v1.PaymentService/TracePayment': tracePayment(deps),
    '/purser.payments.v1.RequestService/GetRequest': getRequest(deps),
  }),
  consumes: (deps) => [
    {
      durable: 'payments-payment-requests',
      domain: 'orders',
      filterSubject: events['purser.orders.v1.PaymentRequested'].filterSubject,
      handle: settlePayments(deps),
    },
    {
      durable: 'payments-cancellation-requests',
      domain: 'orders',
      filterSubject: events['purser.orders.v1.PaymentCancellationRequested'].filterSubject,
      handle: settlePayments(deps),
    },
  ],
  jobs: (deps) => [
    expireRequests(deps),
    expireInbox(deps, { outboxDays: deps.messageDays }),
    expireOutbox(deps, { days: deps.messageDays }),
    expireDeadLetters(deps),
  ],
};
