// What the pages about errors show of each reason, as the code itself answers it.
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { createRegistry, createFileRegistry, fromBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code } from '#gen/google/rpc/code.ts';
import { Status } from '#gen/google/rpc/status.ts';
import { errorReference } from '#gen/error-reference.ts';
import type { ErrorExplanation } from '#gen/error-reference.ts';
import { errorCatalogue } from '#gen/errors.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { PurserErrorOptions, Reason } from '#lib/errors/purser-error.ts';
import { toStatus } from '#lib/errors/status.ts';
import { toProblem } from '#lib/http/problem.ts';

export interface ErrorEntry extends ErrorExplanation {
  reason: Reason;
  /** Fragment of its address on every page. */
  anchor: string;
  httpStatus: number;
  /** 'NOT_FOUND' */
  grpcCode: string;
  retryable: boolean;
  /** What each kind of caller gets, as text; undefined where the reason never reaches it. */
  rest: string | undefined;
  grpc: string | undefined;
  sdk: string | undefined;
}

/** Reasons that only the gateway gives, before anything becomes a call. */
export const restOnly: ReadonlySet<Reason> = new Set([
  'MALFORMED_JSON',
  'ROUTE_NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'MALFORMED_HTTP',
  'LIVE_TICKET_INVALID',
  'ORIGIN_NOT_ALLOWED',
  'LIVE_SOCKET_LIMIT',
  'WEBSOCKET_REQUIRED',
]);

/** Reasons that the gateway, and the SDK behind it, cannot cause. */
const grpcOnly: ReadonlySet<Reason> = new Set(['MALFORMED_MESSAGE']);

const requestId = '019b7c4e-6a4e-7c11-8a52-6f1d3b9e0c27';

/** The request whose problem is shown, where it is not the create of an order. */
const paths: Partial<Record<Reason, string>> = {
  ORDER_NOT_FOUND: '/v1/orders/019c143e-5a00-7b3a-9c1d-4f2e8a6b7c50',
  ORDER_STATE_CONFLICT: '/v1/orders/019c143e-5a00-7b3a-9c1d-4f2e8a6b7c50:cancel',
  ETAG_MISMATCH: '/v1/orders/019c143e-5a00-7b3a-9c1d-4f2e8a6b7c50:cancel',
  PAYMENT_NOT_FOUND: '/v1/orders/019c143e-5a00-7b3a-9c1d-4f2e8a6b7c50/payment',
  ACCOUNT_NOT_FOUND: '/v1/account',
  ACCOUNT_ALREADY_EXISTS: '/v1/account',
  CURRENCY_MISMATCH: '/v1/account:topUp',
  BALANCE_LIMIT_EXCEEDED: '/v1/account:topUp',
  REQUEST_NOT_FOUND: '/v1/requests/my-first-order',
  ROUTE_NOT_FOUND: '/orders',
};

const violations = [
  { field: 'amount.currencyCode', description: 'must match the pattern ^[A-Z]{3}$' },
];

const codeNames = new Map(Object.entries(Code).map(([name, code]) => [code as number, name]));

/** Every reason of the catalogue, in its order. Reads gen/ as it is on the disk. */
export function errorEntries(): ErrorEntry[] {
  const descriptors = new URL('../../../gen/descriptors.binpb', import.meta.url);
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(descriptors));
  const registry = createRegistry(createFileRegistry(set));
  return (Object.keys(errorReference) as Reason[]).map((reason) => {
    const { code, retryable } = errorCatalogue[reason];
    const error = exampleOf(reason);
    const problem = toProblem(error, { id: requestId, path: paths[reason] ?? '/v1/orders' });
    return {
      ...errorReference[reason],
      reason,
      anchor: reason.toLowerCase(),
      httpStatus: problem.status,
      grpcCode: codeNames.get(code) ?? String(code),
      retryable,
      rest: grpcOnly.has(reason) ? undefined : restText(problem),
      grpc: restOnly.has(reason) ? undefined : grpcText(error, registry),
      sdk: grpcOnly.has(reason) ? undefined : sdkText(error),
    };
  });
}

function exampleOf(reason: Reason): PurserError {
  // The type of a reason's metadata is known only where the reason is.
  const Example = PurserError as new (
    reason: Reason,
    metadata: Readonly<Record<string, string>>,
    options: PurserErrorOptions,
  ) => PurserError;
  const options = reason === 'INVALID_REQUEST' ? { violations } : {};
  return new Example(reason, errorReference[reason].metadata, options);
}

function restText({ status, headers, body }: ReturnType<typeof toProblem>): string {
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Client Closed Request'}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    JSON.stringify(JSON.parse(body), null, 2),
  ].join('\n');
}

/** The status in protobuf's JSON, which takes its details apart. */
function grpcText(error: PurserError, registry: ReturnType<typeof createRegistry>): string {
  const type = registry.getMessage('google.rpc.Status');
  if (type === undefined) throw new Error('The descriptors have no google.rpc.Status.');
  const status = fromBinary(type, Status.encode(toStatus(error, requestId)).finish());
  return JSON.stringify(toJson(type, status, { registry }), null, 2);
}

function sdkText({ reason, metadata, violations: wrong, retryDelayMs }: PurserError): string {
  const keys = Object.keys(metadata);
  const uses = [
    ...(keys.length === 0 ? [] : [`const { ${keys.join(', ')} } = error.metadata;`]),
    ...(wrong === undefined
      ? []
      : [
          'for (const { field, description } of error.violations) {',
          '  console.error(field, description);',
          '}',
        ]),
    ...(retryDelayMs === undefined ? [] : ['const waitMs = error.retryAfterMs;']),
    'console.error(error.message, error.status, error.requestId);',
  ];
  return [
    `if (error instanceof PurserError && error.reason === '${reason}') {`,
    ...uses.map((line) => `  ${line}`),
    '}',
  ].join('\n');
}
