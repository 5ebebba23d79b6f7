import { type ChannelCredentials, Client, credentials, Metadata } from '@grpc/grpc-js';
import { routes } from '../../../gen/routes.ts';
import type { Domain } from '../../../gen/sdk/clients.ts';
import type { FieldViolation, Route } from '../../../lib/contract/types.ts';
import type { Answer, Transport, Try } from '../operation.ts';
import { PurserError } from '../purser-error.ts';
import { toError } from './to-error.ts';

export interface GrpcTransportOptions {
  /**
   * Where the services are, as gRPC writes addresses: 'localhost:50051', 'dns:///orders:50051',
   * 'ipv4:10.0.0.1:50051,10.0.0.2:50051'. Calls go round all addresses of a service.
   */
  targets: Readonly<Partial<Record<Domain, string>>>;
  /** Default: no encryption. */
  credentials?: ChannelCredentials | undefined;
  /** The role that goes with every call; `staff` may assemble, ship and deliver. */
  userRole?: string | undefined;
}

const channelOptions = {
  // grpc-js waits up to two minutes between its attempts to connect; calls here end before that.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // A server that froze is noticed after 15 s at most, also while nothing is asked.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

const routesByRpc = new Map(routes.map((route) => [route.method.path, route]));

/**
 * Speaks gRPC with the services. A request becomes a message by the same generated code with which
 * the gateway reads REST, and an answer JSON: values, names and refusals are those of REST.
 */
export class GrpcTransport implements Transport {
  readonly #options: GrpcTransportOptions;
  readonly #clients = new Map<string, Client>();

  constructor(options: GrpcTransportOptions) {
    this.#options = options;
  }

  async send(request: Try): Promise<Answer> {
    const route = routesByRpc.get(request.operation.rpc) as Route;
    const message = readMessage(route, request);
    const { requestSerialize, responseDeserialize } = route.method.definition;
    const client = this.#clientOf(route.method.domain as Domain);
    let requestId: string | undefined;
    const response = await new Promise((resolve, reject) => {
      const call = client.makeUnaryRequest(
        route.method.path,
        requestSerialize,
        responseDeserialize,
        message,
        this.#metadataOf(request),
        { deadline: Date.now() + request.timeoutMs },
        (error, value) => {
          request.signal.removeEventListener('abort', cancel);
          if (error === null) resolve(value);
          else reject(toError(error, route, request, requestId));
        },
      );
      const cancel = () => call.cancel();
      request.signal.addEventListener('abort', cancel, { once: true });
      call.on('metadata', (metadata) => {
        requestId = metadata.get('x-request-id')[0]?.toString();
      });
    });
    return { json: JSON.parse(route.write(response)) as unknown, requestId };
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #clientOf(domain: Domain): Client {
    let client = this.#clients.get(domain);
    if (client === undefined) {
      const { targets, credentials: own = credentials.createInsecure() } = this.#options;
      const target = targets[domain];
      if (target === undefined) throw new TypeError(`There is no target for ${domain}.`);
      client = new Client(target, own, channelOptions);
      this.#clients.set(domain, client);
    }
    return client;
  }

  #metadataOf({ userId }: Try): Metadata {
    const metadata = new Metadata();
    metadata.set('x-user-id', userId);
    const { userRole } = this.#options;
    if (userRole !== undefined) metadata.set('x-user-role', userRole);
    return metadata;
  }
}

/** Throws INVALID_REQUEST, as the gateway would, when the request is none that the RPC takes. */
function readMessage(route: Route, request: Try): unknown {
  const { operation, params, query, body, idempotencyKey, ifMatch, attempt } = request;
  const violations: FieldViolation[] = [];
  const message = route.read(
    {
      params,
      query,
      body: body === undefined ? undefined : JSON.parse(body),
      idempotencyKey,
      ifMatch: ifMatch === undefined ? undefined : `"${ifMatch}"`,
    },
    violations,
  );
  if (violations.length === 0) return message;
  const details = { operation: operation.rpc, idempotencyKey, attempt, violations };
  const text = 'The request is not valid; see the violations.';
  throw new PurserError('INVALID_REQUEST', text, details);
}
