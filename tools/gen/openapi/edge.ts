// What a REST caller meets that no proto file says, since it is the gateway's own: headers,
// refusals before an RPC is called, probes. The tests of the gateway hold it against this.
import { bodyBytesMax } from '#lib/contract/body-limit.ts';
import type { Json } from './json.ts';

/** A reason with which the gateway itself refuses, and its HTTP status where that is another. */
export interface EdgeReason {
  reason: string;
  status?: number;
}

/** For every operation. */
export const requestReasons: readonly EdgeReason[] = [
  { reason: 'MALFORMED_HTTP' },
  { reason: 'MALFORMED_HTTP', status: 408 },
  { reason: 'MALFORMED_HTTP', status: 431 },
];

/** For every operation that calls a service. */
export const callReasons: readonly EdgeReason[] = [{ reason: 'RATE_LIMITED' }];

/** For operations with a body. */
export const bodyReasons: readonly EdgeReason[] = [
  { reason: 'MALFORMED_JSON' },
  { reason: 'BODY_TOO_LARGE' },
  { reason: 'UNSUPPORTED_MEDIA_TYPE' },
];

/** Only what speaks gRPC meets these: the messages that the gateway sends are well-formed. */
export const grpcReasons: readonly string[] = ['MALFORMED_MESSAGE'];

export const requestIdExample = '9f1c5f0e-6a0b-4b3e-8f0e-2d8f0c1b7a55';

export const title = 'Purser';

export const introduction = `Orders that are paid for exactly once.

Every call names its user in the header \`X-User-Id\`; those of operators carry the operator's
key instead. Amounts are whole minor units in decimal
strings, times RFC 3339 in UTC. A request may hold nothing that is not described here: an unknown
member or parameter, a number where a string belongs, a \`null\` is refused, and all that is wrong
is told at once. A body is JSON in UTF-8 of at most ${bodyBytesMax / 1024} KiB. An answer may get
more members in later releases.

A \`POST\` that takes an \`Idempotency-Key\` may be repeated with the same key and the same body:
the repeat gets the first result and changes nothing. Errors are \`application/problem+json\`
(RFC 9457): \`reason\` is for programs and never changes, \`detail\` is for people, and
[the page about errors](/docs/errors) says of each what to do. A path that does not exist is
refused with 404 \`ROUTE_NOT_FOUND\`, a method that it does not take with 405
\`METHOD_NOT_ALLOWED\`. Every answer carries \`X-Request-Id\`, which finds the call in our
logs.`.replaceAll(/([^\n])\n(?!\n)/g, '$1 ');

export const securityScheme: Json = {
  type: 'apiKey',
  in: 'header',
  name: 'X-User-Id',
  description:
    'Who is asking: a user id of 1 to 128 visible ASCII characters. With `npm start` the user ' +
    '`demo` has an account with 1,000.00 USD.',
};

export const operatorScheme: Json = {
  type: 'http',
  scheme: 'bearer',
  description:
    'The key of those who run the system, `PURSER_OPERATOR_KEY`; `npm start` keeps it in ' +
    '`.purser/operator.key`.',
};

export const headers: Record<string, Json> = {
  RequestId: {
    description: 'Identifies the call in our logs; the same as `requestId` of a problem.',
    required: true,
    schema: { type: 'string', format: 'uuid' },
    example: requestIdExample,
  },
  ETag: {
    description: 'The `etag` of the answer in quotes. Send it as `If-Match`.',
    schema: { type: 'string', pattern: '^"[!#-~]+"$' },
    example: '"v3"',
  },
  RetryAfter: {
    description: 'Whole seconds to wait before the call is tried again.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
    example: 1,
  },
};

/** What the reader of a header takes (lib/contract/entity-tag.ts, read-input.ts). */
export const requestHeaders: Record<string, { schema: Json; note: string }> = {
  'Idempotency-Key': { schema: { type: 'string', minLength: 1 }, note: '' },
  'If-Match': {
    schema: {
      type: 'string',
      pattern: '^(?:\\*|"[!#-~]{1,64}"|(?![Ww]/)[!#-+\\--~]{1,64})$',
    },
    note: ' One strong entity tag, in quotes or bare; `*` makes no condition.',
  },
};

export const problemSchema: Json = {
  type: 'object',
  description: 'An error, as RFC 9457 has it.',
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'Identifies the reason.' },
    title: { type: 'string', description: 'The reason in words.' },
    status: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status.' },
    detail: { type: 'string', description: 'What went wrong, in a sentence for a developer.' },
    instance: { type: 'string', description: 'The path of the request.' },
    reason: { type: 'string', description: 'Why the call failed, for programs.' },
    requestId: { type: 'string', format: 'uuid', description: 'Finds the call in our logs.' },
    violations: {
      type: 'array',
      description: 'Everything that is wrong with the request, up to a hundred.',
      maxItems: 100,
      items: {
        type: 'object',
        properties: {
          field: { type: 'string', description: 'Path of a member, or name of a parameter.' },
          description: { type: 'string', description: 'What is wrong with it.' },
        },
        required: ['field', 'description'],
      },
    },
    metadata: {
      type: 'object',
      description: 'What the reason is about, by name.',
      additionalProperties: { type: 'string' },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'instance', 'reason', 'requestId'],
};

export const violationsExample: readonly Json[] = [
  { field: 'amount.amountMinor', description: 'must be at least 1' },
];
