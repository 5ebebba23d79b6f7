import { lookup as lookUpByDns } from 'node:dns/promises';
import { experimental, Metadata, status, type ChannelOptions } from '@grpc/grpc-js';
import { splitAddress } from '#lib/config/parse-value.ts';

/** The scheme of grpc-js's URIs that this resolver serves: `instances:///orders:50051`. */
export const instancesScheme = 'instances';

/** The addresses of a host name, each an IP address; rejects when there are none. */
export type LookUp = (host: string) => Promise<string[]>;

export interface ResolverSettings {
  lookUp: LookUp;
  /** The name is looked up this often, in milliseconds. */
  lookUpEveryMs: number;
  /** Told how many addresses there are, whenever that may have changed. */
  onAddresses: (count: number) => void;
}

/** Among the options of a channel, where the resolver finds its settings. */
export const resolverSettingsKey = 'purser.resolver';

export const lookUpAll: LookUp = async (host) => {
  const found = await lookUpByDns(host, { all: true });
  return found.map(({ address }) => address);
};

/**
 * Keeps a channel connected to all addresses of a name, as they come and go. The resolver of
 * grpc-js looks a name up again only when a connection is lost, and then at most every 30 s: an
 * instance that was added would get its first call when the connections have reached their greatest
 * age, five minutes later. While the name server does not answer, the addresses stay as they were.
 */
class InstancesResolver implements experimental.Resolver {
  readonly #host: string;
  readonly #port: number;
  readonly #listener: experimental.ResolverListener;
  readonly #settings: ResolverSettings;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #known = '';

  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    options: ChannelOptions,
  ) {
    const address = splitAddress(target.path);
    if (address === undefined) throw new Error(`${target.path} is no host:port`);
    this.#host = address.host;
    this.#port = address.port;
    this.#listener = listener;
    this.#settings = options[resolverSettingsKey] as ResolverSettings;
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path;
  }

  updateResolution(): void {
    this.#timer ??= setInterval(() => void this.#look(), this.#settings.lookUpEveryMs).unref();
    void this.#look();
  }

  destroy(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#known = '';
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const addresses = await this.#settings.lookUp(this.#host);
      if (this.#timer !== undefined) this.#tell(addresses.toSorted());
    } catch (error) {
      if (this.#timer !== undefined && this.#known === '') this.#tellFailure(error as Error);
    } finally {
      this.#looking = false;
    }
  }

  #tell(addresses: readonly string[]): void {
    const known = addresses.join();
    if (known === this.#known) return;
    this.#known = known;
    this.#settings.onAddresses(addresses.length);
    const endpoints = addresses.map((host) => ({ addresses: [{ host, port: this.#port }] }));
    this.#listener(experimental.statusOrFromValue(endpoints), {}, null, '');
  }

  #tellFailure({ message }: Error): void {
    const details = `no address of ${this.#host}: ${message}`;
    const failure = { code: status.UNAVAILABLE, details, metadata: new Metadata() };
    this.#listener(experimental.statusOrFromError(failure), {}, null, '');
  }
}

experimental.registerResolver(instancesScheme, InstancesResolver);
