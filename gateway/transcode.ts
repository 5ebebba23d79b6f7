import type { IncomingMessage } from 'node:http';
import { writeEntityTag } from '#lib/contract/entity-tag.ts';
import type { FieldViolation, Route } from '#lib/contract/types.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { failpoint, isDrill } from '#lib/failpoint/failpoint.ts';
import type { Exchange } from './exchange.ts';
import { parseJson } from './parse-json.ts';
import { parseQuery } from './parse-query.ts';
import { readAuthorization, readOnce } from './read-headers.ts';
import type { Upstreams } from '#lib/grpc/upstreams.ts';

export interface Incoming {
  exchange: Exchange;
  route: Route;
  params: Record<string, string>;
  request: IncomingMessage;
  /** Undefined when the request has none. */
  body: Uint8Array | undefined;
}

export interface Answer {
  /** JSON text. */
  body: string;
  headers: Record<string, string>;
}

/**
 * Turns a REST request into its RPC and the answer into JSON. The message and the metadata are made
 * from what was read here and nothing else, so that no header of the caller's passes through.
 * Throws PurserError, its violations with JSON paths.
 */
export async function transcode(
  incoming: Incoming,
  options: { upstreams: Upstreams; deadlineMs: number },
): Promise<Answer> {
  const { exchange, route, params, request, body } = incoming;
  const violations: FieldViolation[] = [];
  const message = route.read(
    {
      params,
      query: parseQuery(exchange.query),
      body: body === undefined || body.length === 0 ? undefined : parseJson(body),
      idempotencyKey: route.method.keyed ? readOnce(request, 'Idempotency-Key') : undefined,
      // Where the request has no field for a condition the header is ignored, whatever it says and
      // however often: like any header that an operation does not know, it refuses nothing.
      ifMatch: route.conditional ? readOnce(request, 'If-Match') : undefined,
    },
    violations,
  );
  if (violations.length > 0) throw new PurserError('INVALID_REQUEST', {}, { violations });
  const upstream = options.upstreams.get(route.method.domain);
  if (upstream === undefined)
    throw new Error(`No upstream serves the domain ${route.method.domain}.`);
  const call = {
    userId: exchange.userId,
    // To nobody else: whoever gets it can act as an operator.
    authorization: route.method.access === 'operator' ? readAuthorization(request) : undefined,
    requestId: exchange.id,
    deadline: new Date(exchange.arrivedMs + options.deadlineMs),
    signal: exchange.gone,
    traceparent: exchange.traceparent,
  };
  if (isDrill) await failpoint('gateway.received');
  try {
    const response = await upstream.unary(route.method, message, call);
    if (isDrill) await failpoint('gateway.answered');
    const etag = writeEntityTag(route.etag(response));
    return { body: route.write(response), headers: etag === undefined ? {} : { etag } };
  } catch (error) {
    throw withJsonPaths(error, route);
  }
}

/** The service names fields as the contract does; a REST caller knows them by their JSON names. */
function withJsonPaths(error: unknown, route: Route): unknown {
  if (!(error instanceof PurserError) || error.reason !== 'INVALID_REQUEST') return error;
  const violations = error.violations?.map(({ field, description }) => ({
    field: route.jsonPath(field),
    description,
  }));
  return new PurserError('INVALID_REQUEST', {}, { violations, cause: error.cause });
}
