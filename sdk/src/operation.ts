/** An RPC as the SDK calls it, over any transport. One per RPC in gen/sdk/clients.ts. */
export interface Operation {
  /** Its path over gRPC, '/purser.orders.v1.OrderService/CancelOrder'. */
  rpc: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Its path over REST, '/v1/orders/{order}:cancel'. */
  path: string;
  /** Fields of the request that the path holds, each with the form of its value. */
  names?: Readonly<Record<string, string>>;
  /** Fields that are query parameters. */
  query?: readonly string[];
  /** The field that is the body, or the fields that are its members; absent for no body. */
  body?: string | readonly string[];
  /** Whether the request carries an idempotency key. */
  keyed?: boolean;
  /** Whether the request may carry an etag as the condition If-Match. */
  conditional?: boolean;
  /** Whether repeating it does nothing more, key or no key. */
  idempotent?: boolean;
}

/** One try of a call, as a transport gets it. Texts that become headers are visible ASCII. */
export interface Try {
  operation: Operation;
  /** Path parameters by name, not encoded; none is empty or has a slash. */
  params: Readonly<Record<string, string>>;
  /** Query parameters, not encoded; a list where one is repeated. */
  query: Readonly<Record<string, string | string[]>>;
  /** JSON text; undefined for no body. */
  body: string | undefined;
  userId: string;
  idempotencyKey: string | undefined;
  /** The etag that the resource must have; undefined for no condition. */
  ifMatch: string | undefined;
  /** Counts the tries of a call, from 1. */
  attempt: number;
  /** How long the answer may take, in milliseconds. `signal` aborts when it is over. */
  timeoutMs: number;
  /** Aborts when nobody waits for the answer any more; its reason is the error to fail with. */
  signal: AbortSignal;
}

export interface Answer {
  /** The response as parsed JSON. */
  json: unknown;
  /** HTTP status; undefined over gRPC. */
  status?: number | undefined;
  /** The id by which the logs know the call. */
  requestId?: string | undefined;
}

/** A way to the services. `send` makes one try and fails with PurserError only. */
export interface Transport {
  send(request: Try): Promise<Answer>;
}
