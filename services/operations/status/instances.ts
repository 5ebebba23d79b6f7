import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { methods } from '#gen/methods.ts';
import type { InstanceStatus } from '#gen/purser/operations/v1/system_status.ts';
import { splitAddress } from '#lib/config/parse-value.ts';
import type { PurserError } from '#lib/errors/purser-error.ts';
import { GrpcClient } from '#lib/grpc/client.ts';
import { lookUpAll, type LookUp } from '#lib/grpc/instances-resolver.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';

const method = methods['/purser.operations.v1.InstanceService/GetInstance'];

/** Long enough for an instance whose database hangs, which answers after a second. */
const askTimeoutMs = 2_000;

export interface InstancesOptions {
  service: string;
  /** In the form of PURSER_ORDERS_TARGET. */
  target: string;
  /** Without it the connections are plain. */
  tls?: TlsFolder | undefined;
  log: Logger;
  lookUp?: LookUp;
}

/**
 * All instances of a service, each asked for itself: a channel to all of them would ask whichever
 * has its turn. A name is looked up every time, so that instances come and go with its addresses.
 */
export class Instances {
  readonly #options: InstancesOptions;
  readonly #clients = new Map<string, GrpcClient>();

  constructor(options: InstancesOptions) {
    this.#options = options;
  }

  /** One status for each address; one that says why where the name has none. Never throws. */
  async ask(): Promise<InstanceStatus[]> {
    const { service, target } = this.#options;
    let addresses: string[];
    try {
      addresses = await this.#addresses();
    } catch {
      const problem = 'DEPENDENCY_UNAVAILABLE';
      return [{ service, address: target, instance: undefined, problem }];
    }
    this.#closeOthers(addresses);
    return Promise.all(addresses.map((address) => this.#askOne(address)));
  }

  close(): void {
    this.#closeOthers([]);
  }

  async #addresses(): Promise<string[]> {
    const { target, lookUp = lookUpAll } = this.#options;
    const parts = target.split(',').map(splitAddress);
    const [first] = parts;
    if (first === undefined || isIP(first.host) !== 0) return target.split(',');
    const found = await lookUp(first.host);
    return found.toSorted().map((ip) => `${isIP(ip) === 6 ? `[${ip}]` : ip}:${first.port}`);
  }

  async #askOne(address: string): Promise<InstanceStatus> {
    const { service } = this.#options;
    const client = this.#clients.get(address) ?? this.#connect(address);
    this.#clients.set(address, client);
    try {
      const options = {
        userId: undefined,
        requestId: randomUUID(),
        deadline: new Date(Date.now() + askTimeoutMs),
      };
      const instance = await client.unary(method, {}, options);
      return { service, address, instance, problem: '' };
    } catch (error) {
      const { reason } = error as PurserError;
      return { service, address, instance: undefined, problem: reason };
    }
  }

  #connect(address: string): GrpcClient {
    const { service: server, target, tls: folder, log } = this.#options;
    const host = splitAddress(target)?.host;
    return new GrpcClient({ target: address, log, tls: folder && { folder, server, host } });
  }

  #closeOthers(addresses: readonly string[]): void {
    for (const [address, client] of this.#clients) {
      if (addresses.includes(address)) continue;
      client.close();
      this.#clients.delete(address);
    }
  }
}
