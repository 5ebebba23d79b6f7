import { Client, connectivityState, type ChannelOptions } from '@grpc/grpc-js';
import { splitAddress } from '#lib/config/parse-value.ts';
import type { Logger } from '#lib/log/logger.ts';
import { HandshakeDeadlineCredentials } from './handshake-deadline.ts';
import { isIPv6 } from 'node:net';

const channelSettings: ChannelOptions = {
  // A server that froze after the handshake is noticed after 15 s at most, also while nothing is
  // asked.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
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
}

const timesDefault: ChannelTimes = { handshakeTimeoutMs: 3_000, stuckTimeoutMs: 5_000 };

/**
 * A channel to all instances of a service, which heals itself. Each connection has a deadline for
 * its handshake, and a channel that has had no connection for `stuckTimeoutMs` is closed and made
 * anew: a TCP connect whose packets are dropped waits for the system's retransmissions, which after
 * a long outage are a minute apart. Calls that wait in the closed channel fail with UNAVAILABLE.
 */
export class Channel {
  #target: string;
  #times: ChannelTimes;
  #log: Logger;
  #client: Client;
  #timer: NodeJS.Timeout;
  #disconnectedSinceMs: number | undefined;

  constructor(options: { target: string; log: Logger; times?: Partial<ChannelTimes> }) {
    this.#target = options.target;
    this.#log = options.log;
    this.#times = { ...timesDefault, ...options.times };
    this.#client = this.#connect();
    this.#timer = setInterval(() => this.#look(), this.#times.stuckTimeoutMs / 5).unref();
  }

  /** The client to make the next call with. */
  get client(): Client {
    return this.#client;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }

  #connect(): Client {
    const credentials = new HandshakeDeadlineCredentials(this.#times.handshakeTimeoutMs);
    const client = new Client(grpcUri(this.#target), credentials, channelSettings);
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
 * The target in grpc-js's words: one `host:port` is resolved by name, and again when connections
 * are lost; several are taken as IP addresses.
 */
export function grpcUri(target: string): string {
  if (!target.includes(',')) return `dns:///${target}`;
  const [first] = target.split(',');
  const family = isIPv6(splitAddress(first ?? '')?.host ?? '') ? 'ipv6' : 'ipv4';
  return `${family}:${target}`;
}
