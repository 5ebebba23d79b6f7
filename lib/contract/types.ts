import type { MethodDefinition } from '@grpc/grpc-js';

/** One thing that is wrong with a request. */
export interface FieldViolation {
  /** Which field: a proto path such as 'order.amount.amount_minor', a JSON path over REST. */
  field: string;
  /** What is wrong: a sentence without its subject, such as 'must be a string'. */
  description: string;
}

/** A table of methods holds requests and responses of every type; only its users know which. */
// oxlint-disable-next-line typescript/no-explicit-any
type AnyMessage = any;

/** What a call and a stream have in common. */
interface Identity<Req, Res> {
  /** Path on the wire, '/purser.orders.v1.OrderService/CreateOrder'. */
  path: string;
  /** Full name of its service, 'purser.orders.v1.OrderService'. */
  service: string;
  /** Its own name, 'CreateOrder'. */
  name: string;
  /** Second element of its package, 'orders'. */
  domain: string;
  /** Who may call it: whoever names a user, has the operator's key, or is a process of ours. */
  access: 'user' | 'operator' | 'internal';
  definition: MethodDefinition<Req, Res>;
  /** Everything in the request that its contract forbids; empty for a valid request. */
  validate(request: Req): FieldViolation[];
}

/** An RPC as the server, the client and the gateway see it. One per RPC in gen/methods.ts. */
export interface Method<Req = AnyMessage, Res = AnyMessage> extends Identity<Req, Res> {
  /** Whether it changes nothing (idempotency_level NO_SIDE_EFFECTS), so that it may be repeated. */
  readOnly: boolean;
  /** Whether repeating it does nothing more by its nature (idempotency_level), key or no key. */
  idempotent: boolean;
  /** Whether its request carries an idempotency key in `request_id`. */
  keyed: boolean;
}

/** An RPC that answers with a stream. One per such RPC in gen/streams.ts. */
export interface Stream<Req = AnyMessage, Res = AnyMessage> extends Identity<Req, Res> {
  /** The request from parsed JSON; adds what is wrong to `violations`, by JSON path. */
  read(value: unknown, violations: FieldViolation[]): Req;
  /** A response message as JSON text. */
  write(response: Res): string;
}

/** What an HTTP request says, taken apart but not yet understood. */
export interface RouteInput {
  /** Percent-decoded path parameters. */
  params: Record<string, string>;
  /** Percent-decoded query; an array where a parameter is repeated. */
  query: Record<string, string | string[]>;
  /** The parsed JSON body; undefined when there is none. */
  body: unknown;
  /** The header Idempotency-Key; undefined when there is none. */
  idempotencyKey: string | undefined;
  /** The header If-Match as it was sent; undefined when there is none. */
  ifMatch: string | undefined;
}

/** An RPC as a REST operation. One per google.api.http rule in gen/routes.ts. */
export interface Route {
  httpMethod: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** '/v1/orders/{order}'; with a custom verb '/v1/account:topUp', '/v1/orders/{order}:cancel'. */
  path: string;
  method: Method;
  /** Status of success: 201 where something is created. */
  status: 200 | 201;
  hasBody: boolean;
  /** Whether its request carries the condition of the header If-Match, in `etag`. */
  conditional: boolean;
  /**
   * Makes the request message. Adds what is wrong to `violations`, by JSON path; the message is of
   * no use when there is anything. Strict: nothing is coerced, and nothing unknown is skipped.
   */
  read(input: RouteInput, violations: FieldViolation[]): unknown;
  /** The response message as JSON text. */
  write(response: AnyMessage): string;
  /** The response's own `etag`; empty when it has none. */
  etag(response: AnyMessage): string;
  /** A REST caller's name for a proto path: 'order.amount.amount_minor' -> 'amount.amountMinor'. */
  jsonPath(protoPath: string): string;
}
