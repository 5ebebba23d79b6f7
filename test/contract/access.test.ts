import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, getOption, hasOption } from '@bufbuild/protobuf';
import type { DescService } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { routes } from '#gen/routes.ts';
import { streams } from '#gen/streams.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('who may call');

const descriptors = new URL('../../gen/descriptors.binpb', import.meta.url);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
const access = registry.getExtension('purser.api.v1.access')!;
const services = [...registry].filter((desc): desc is DescService => desc.kind === 'service');

/** Everything that can be called, by who may. A new RPC is one more line, thought about. */
const policies: Record<string, string[]> = {
  user: [
    'notifications.v1.LiveService/CreateLiveTicket',
    'notifications.v1.LiveService/Subscribe',
    'notifications.v1.LiveService/TraceChanges',
    'notifications.v1.NotificationService/ListNotifications',
    'notifications.v1.NotificationService/MarkNotificationsRead',
    'orders.v1.OrderService/AssembleOrder',
    'orders.v1.OrderService/CancelOrder',
    'orders.v1.OrderService/CreateOrder',
    'orders.v1.OrderService/DeliverOrder',
    'orders.v1.OrderService/ExplainOrder',
    'orders.v1.OrderService/GetOrder',
    'orders.v1.OrderService/ListOrderEvents',
    'orders.v1.OrderService/ListOrders',
    'orders.v1.OrderService/ShipOrder',
    'orders.v1.OrderService/TraceOrder',
    'orders.v1.RequestService/GetRequest',
    'payments.v1.AccountService/CreateAccount',
    'payments.v1.AccountService/GetAccount',
    'payments.v1.AccountService/ListEntries',
    'payments.v1.AccountService/TopUpAccount',
    'payments.v1.PaymentService/BatchGetPayments',
    'payments.v1.PaymentService/GetPayment',
    'payments.v1.PaymentService/TracePayment',
    'payments.v1.RequestService/GetRequest',
  ],
  operator: [
    'operations.v1.OperationsService/DiscardDeadLetter',
    'operations.v1.OperationsService/GetAudit',
    'operations.v1.OperationsService/GetDeadLetter',
    'operations.v1.OperationsService/GetStatus',
    'operations.v1.OperationsService/ListDeadLetters',
    'operations.v1.OperationsService/ReplayDeadLetters',
    'operations.v1.OperationsService/RunAudit',
  ],
  internal: ['operations.v1.InstanceService/GetInstance'],
};

test('every service of the contracts says who may call it', () => {
  assert.ok(services.length > 0);
  const silent = services.filter((service) => {
    const number = hasOption(service as never, access) ? getOption(service as never, access) : 0;
    return Number(number) === 0;
  });
  assert.equal(
    silent.map(({ typeName }) => typeName),
    [],
  );
});

test('every method has the policy that is meant for it', () => {
  const all = [...Object.values(methods), ...Object.values(streams)];
  const found = Object.groupBy(all, (method) => method.access);
  const named = Object.entries(found).map(([policy, list = []]) => [
    policy,
    list.map(({ path }) => path.replace('/purser.', '')).toSorted(),
  ]);
  assert.equal(Object.fromEntries(named), policies);
  const inContracts = services.flatMap((service) => service.methods).length;
  assert.is(all.length, inContracts);
});

test('what is for our own processes has no way in over HTTP', () => {
  assert.equal(
    routes.filter(({ method }) => method.access === 'internal').map(({ path }) => path),
    [],
  );
});

test.run();
