import { Client, connectivityState, type ChannelOptions } from '@grpc/grpc-js';
import { splitAddress } from '#lib/config/parse-value.ts';
import type { Logger } from '#lib/log/logger.ts';
import { type ChannelTls, HandshakeDeadlineCredentials } from './handshake-deadline.ts';
import {
  instancesScheme,
  lookUpAll,
  resolverSettingsKey,
  type LookUp,
  type ResolverSettings,
} from './instances-resolver.ts';
import { isIP, isIPv6 } from 'node:net';

const channelSettings: ChannelOptions = {
  // A server that froze after the handshake is noticed after 10 s at most, also while nothing is
  // asked.
  'grpc.keepalive_time_ms': 6_000,
  'grpc.keepalive_timeout_ms': 4_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  // In a rolling restart the second instance goes when the first is back: whoever has not noticed
  // that by then has nobody.
  'grpc.max_reconnect_backoff_ms': 500,
  // A page of a thousand orders is about 200 KiB.
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.enable_channelz': 0,
  // A channel that is made anew must never get a stuck connection of the old one back from the
  // pool that channels share by default.
  'grpc.use_local_subchannel_pool': 1,
  // The client kit decides what is repeated; grpc-js still repeats what provably never reached a
  // server.
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

export interface ChannelTimes {
  /** How long a server may stay silent after it accepted a connection. */
  handshakeTimeoutMs: number;
  /** How long the channel may be without any connection before it is closed and made anew. */
  stuckTimeoutMs: number;
  /** How often a name is looked up again, for instances that came or went. */
  lookUpEveryMs: number;
}

const timesDefault: ChannelTimes = {
  handshakeTimeoutMs: 3_000,
  stuckTimeoutMs: 5_000,
  lookUpEveryMs: 2_000,
};

export interface ChannelSettings {
  /** In the form of PURSER_ORDERS_TARGET. */
  target: string;
  log: Logger;
  /** Without it the connection is plain. */
  tls?: ChannelTls | undefined;
  times?: Partial<ChannelTimes>;
  /** Finds the addresses of a name; default: as the operating system does. */
  lookUp?: LookUp;
}

/**
 * A channel to all instances of a service, which heals itself. Each connection has a deadline for
 * its handshake, and a channel that has had no connection for `stuckTimeoutMs` is closed and made
 * anew: a TCP connect whose packets are dropped waits for the system's retransmissions, which after
 * a long outage are a minute apart. Calls that wait in the closed channel fail with UNAVAILABLE.
 */
export class Channel {
  #target: string;
  #times: ChannelTimes;
  #tls: ChannelTls | undefined;
  #log: Logger;
  #resolver: ResolverSettings;
  #addresses: number;
  #client: Client;
  #timer: NodeJS.Timeout;
  #disconnectedSinceMs: number | undefined;

  constructor({ target, log, tls, times, lookUp = lookUpAll }: ChannelSettings) {
    this.#target = target;
    this.#tls = tls;
    this.#log = log;
    this.#times = { ...timesDefault, ...times };
    this.#addresses = target.split(',').length;
    this.#resolver = {
      lookUp,
      lookUpEveryMs: this.#times.lookUpEveryMs,
      onAddresses: (count) => (this.#addresses = count),
    };
    this.#client = this.#connect();
    this.#timer = setInterval(() => this.#look(), this.#times.stuckTimeoutMs / 5).unref();
  }

  /** The client to make the next call with. */
  get client(): Client {
    return this.#client;
  }

  /** How many instances there may be, as far as the target or its name tells. */
  get addresses(): number {
    return this.#addresses;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }

  #connect(): Client {
    const { handshakeTimeoutMs } = this.#times;
    const credentials = new HandshakeDeadlineCredentials(handshakeTimeoutMs, this.#tls);
    const client = new Client(grpcUri(this.#target), credentials, {
      ...channelSettings,
      [resolverSettingsKey]: this.#resolver,
    });
    client.getChannel().getConnectivityState(true);
    return client;
  }

  #look(): void {
    const state = this.#client.getChannel().getConnectivityState(true);
    if (state === connectivityState.READY) {
      this.#disconnectedSinceMs = undefined;
      return;
    }
    const nowMs = performance.now();
    this.#disconnectedSinceMs ??= nowMs;
    if (nowMs - this.#disconnectedSinceMs < this.#times.stuckTimeoutMs) return;
    this.#disconnectedSinceMs = undefined;
    this.#log.warn(
      { target: this.#target, state: connectivityState[state] },
      'no connection; trying anew',
    );
    const stuck = this.#client;
    this.#client = this.#connect();
    stuck.close();
  }
}

/**
 * The target in grpc-js's words: a name is looked up again and again; addresses are taken as they
 * are.
 */
export function grpcUri(target: string): string {
  const host = splitAddress(target.split(',', 1)[0] ?? '')?.host ?? '';
  if (isIP(host) === 0) return `${instancesScheme}:///${target}`;
  return `${isIPv6(host) ? 'ipv6' : 'ipv4'}:${target}`;
}
