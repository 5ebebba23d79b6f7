import {
  Client,
  Metadata,
  Server,
  ServerCredentials,
  credentials,
  status as grpcStatus,
} from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { BadRequest, ErrorInfo, RequestInfo, RetryInfo } from '#gen/google/rpc/error_details.ts';
import { Status } from '#gen/google/rpc/status.ts';
import { methods } from '#gen/methods.ts';
import { suite } from '#test/harness/suite.ts';
import { PurserError } from './purser-error.ts';
import { fromServiceError, fromStatus, toServiceError, toStatus } from './status.ts';

const test = suite('status');

const violations = [
  { field: 'order.amount', description: 'is required' },
  { field: 'request_id', description: 'must have at most 128 characters — ünïcode' },
];

test('a status has the details that its error calls for', () => {
  const error = new PurserError('INVALID_REQUEST', {}, { violations });
  const { code, message, details } = toStatus(error, 'r-1');
  assert.is(code, grpcStatus.INVALID_ARGUMENT);
  assert.is(message, 'The request is not valid; see the violations.');
  const types = details.map(({ typeUrl }) => typeUrl);
  assert.equal(types, [
    'type.googleapis.com/google.rpc.ErrorInfo',
    'type.googleapis.com/google.rpc.BadRequest',
    'type.googleapis.com/google.rpc.RequestInfo',
  ]);
  const [info, badRequest, request] = details.map(({ value }) => value) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  assert.equal(ErrorInfo.decode(info), {
    reason: 'INVALID_REQUEST',
    domain: 'purser',
    metadata: {},
  });
  assert.is(BadRequest.decode(badRequest).fieldViolations.length, 2);
  assert.is(RequestInfo.decode(request).requestId, 'r-1');
});

test('a retryable error says how long to wait', () => {
  const { details } = toStatus(new PurserError('OVERLOADED', {}, { retryDelayMs: 1250 }));
  const value = details[1]?.value ?? new Uint8Array();
  assert.equal(RetryInfo.decode(value).retryDelay, { seconds: 1n, nanos: 250_000_000 });
});

for (const error of [
  new PurserError('ORDER_NOT_FOUND', { order: 'orders/1' }),
  new PurserError('OVERLOADED', {}, { retryDelayMs: 20 }),
  new PurserError('INVALID_REQUEST', {}, { violations }),
  new PurserError('INTERNAL'),
]) {
  test(`${error.reason} goes to a status and back`, () => {
    const received = fromStatus(Status.decode(Status.encode(toStatus(error)).finish()));
    assert.is(received?.reason, error.reason);
    assert.is(received?.message, error.message);
    assert.equal(received?.metadata, error.metadata);
    assert.equal(received?.violations, error.violations);
    assert.is(received?.retryDelayMs, error.retryDelayMs);
  });
}

test('what nobody foresaw leaves as a bare INTERNAL', () => {
  for (const thrown of [new Error('password is 1234'), 'text', undefined, { code: 5 }]) {
    const { code, details, metadata } = toServiceError(thrown);
    assert.is(code, grpcStatus.INTERNAL);
    const [bytes] = metadata.get('grpc-status-details-bin');
    assert.not.match(`${details}${String(bytes)}`, '1234');
    assert.is(fromServiceError({ code, metadata }).reason, 'INTERNAL');
  }
});

for (const [code, reason] of [
  [grpcStatus.UNAVAILABLE, 'DEPENDENCY_UNAVAILABLE'],
  [grpcStatus.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
  [grpcStatus.CANCELLED, 'CANCELLED'],
  [grpcStatus.INTERNAL, 'INTERNAL'],
  [grpcStatus.UNKNOWN, 'INTERNAL'],
  [grpcStatus.NOT_FOUND, 'INTERNAL'],
  [grpcStatus.RESOURCE_EXHAUSTED, 'INTERNAL'],
] as const) {
  test(`the bare code ${grpcStatus[code]} is ${reason}`, () => {
    const failure = { code, metadata: new Metadata() };
    const error = fromServiceError(failure);
    assert.is(error.reason, reason);
    assert.is(error.cause, failure);
  });
}

test('a connection that HTTP/2 ended under too many given-up calls may be tried again', () => {
  const details = 'Bandwidth exhausted or memory limit exceeded';
  const failure = { code: grpcStatus.RESOURCE_EXHAUSTED, details, metadata: new Metadata() };
  assert.is(fromServiceError(failure).reason, 'DEPENDENCY_UNAVAILABLE');
});

test('details that are not ours, or broken, or newer than we are, leave the code to speak', () => {
  const foreign = ErrorInfo.encode({ reason: 'INTERNAL', domain: 'other', metadata: {} }).finish();
  const newer = ErrorInfo.encode({ reason: 'TOO_NEW', domain: 'purser', metadata: {} }).finish();
  const inherited = ErrorInfo.encode({ reason: 'toString', domain: 'purser', metadata: {} });
  const any = (value: Uint8Array) => ({
    code: grpcStatus.UNAVAILABLE,
    message: '',
    details: [{ typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value }],
  });
  const broken = Buffer.from([0x1a, 0x7f, 0x01]);
  for (const bytes of [
    broken,
    Status.encode(any(broken)).finish(),
    Status.encode(any(foreign)).finish(),
    Status.encode(any(newer)).finish(),
    Status.encode(any(inherited.finish())).finish(),
  ]) {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from(bytes));
    const error = fromServiceError({ code: grpcStatus.UNAVAILABLE, metadata });
    assert.is(error.reason, 'DEPENDENCY_UNAVAILABLE');
  }
});

/** Fails one real call with the error and returns what its client gets. */
async function callThatFails(error: unknown): Promise<ServiceError> {
  const { path, definition } = methods['/purser.orders.v1.OrderService/GetOrder'];
  const server = new Server();
  server.addService(
    { getOrder: definition },
    {
      getOrder: (_: unknown, callback: (failure: object) => void) => {
        callback(toServiceError(error, 'r-1'));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (failure, bound) =>
      failure === null ? resolve(bound) : reject(failure),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    return await new Promise<ServiceError>((resolve, reject) => {
      const { requestSerialize, responseDeserialize } = definition;
      const request = { name: 'orders/1', asOf: undefined };
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (failure) =>
        failure === null ? reject(new Error('The call succeeded.')) : resolve(failure),
      );
    });
  } finally {
    client.close();
    server.forceShutdown();
  }
}

test('an error reaches the client of a real call', async () => {
  const failure = await callThatFails(new PurserError('ORDER_NOT_FOUND', { order: 'orders/1' }));
  assert.is(failure.code, grpcStatus.NOT_FOUND);
  assert.is(failure.details, 'There is no order orders/1.');
  const error = fromServiceError(failure);
  assert.is(error.reason, 'ORDER_NOT_FOUND');
  assert.equal(error.metadata, { order: 'orders/1' });
});

test('more violations than trailers can carry are counted instead', async () => {
  const many = Array.from({ length: 2000 }, (_, index) => ({
    field: `order.lines[${index}].amount.currency_code`,
    description: 'must match the pattern ^[A-Z]{3}$',
  }));
  const failure = await callThatFails(new PurserError('INVALID_REQUEST', {}, { violations: many }));
  const told = fromServiceError(failure).violations ?? [];
  assert.is(fromServiceError(failure).reason, 'INVALID_REQUEST');
  assert.ok(told.length > 30 && told.length < 100, String(told.length));
  const left = many.length - told.length + 1;
  assert.equal(told.at(-1), { field: '', description: `and ${left} more violations` });
  const [bytes] = failure.metadata.get('grpc-status-details-bin');
  assert.ok(bytes !== undefined && bytes.length < 6000, `${bytes?.length} bytes`);
});

test.run();
