import { Caller } from '../caller.ts';
import type { CallerOptions } from '../caller.ts';
import { Resources } from '../resources.ts';
import type { OrderSource } from '../watch-order.ts';
import { GrpcTransport } from './grpc-transport.ts';
import type { GrpcTransportOptions } from './grpc-transport.ts';

export interface PurserGrpcOptions extends CallerOptions, GrpcTransportOptions {
  /** Where `orders.watch` learns of changes; default: polling. */
  orderSource?: OrderSource | undefined;
}

/**
 * Purser over gRPC, straight to the services, in Node: the same methods, values, defaults and
 * errors as over REST. Needs the packages @grpc/grpc-js and @bufbuild/protobuf.
 */
export class PurserGrpc extends Resources {
  readonly #transport: GrpcTransport;

  /** Throws PurserError for a `userId` that can be none. */
  constructor(options: PurserGrpcOptions) {
    const transport = new GrpcTransport(options);
    super(new Caller(transport, options), options.orderSource);
    this.#transport = transport;
  }

  /** Closes the connections; calls under way fail. */
  close(): void {
    this.#transport.close();
  }
}

export type { GrpcTransportOptions } from './grpc-transport.ts';
