import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamState,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';

/** What streams take; the same for all services. */
export type StreamLimits = Partial<Pick<StreamSpec, 'bytesMax' | 'replicas'>>;

export interface StreamSpec {
  /** `ORDERS` */
  name: string;
  /** `purser.v1.orders.>` */
  subject: string;
  /**
   * The oldest messages go when the stream grows over nine tenths of this (`trimStream`), or over
   * all of it at the latest; the services' databases still have them.
   */
  bytesMax: number;
  /** How many servers of the cluster keep it: 1, 3 or 5. A server that is alone takes 1 only. */
  replicas: number;
}

export interface DurableSpec {
  stream: StreamSpec;
  /** Name of the consumer; its instances share its messages. */
  durable: string;
  /** `purser.v1.orders.payment_requested.*` */
  filterSubject: string;
  /** Default: `ackWaitMsDefault`. */
  ackWaitMs?: number;
}

/** nats-server reserves this of its disk per stream when the stream is made. */
const bytesMaxDefault = 512 * 1024 * 1024;

/**
 * How long a delivered message may stay unanswered, in milliseconds, before another instance gets
 * it. Instances report work in progress every third of it, so it bounds only how long the messages
 * of one that died are stuck.
 */
export const ackWaitMsDefault = 10_000;

/** Delivered and unanswered messages per durable, over all instances: five full buffers. */
const ackPendingMax = 5_000;

/** How long a stream keeps an event, in milliseconds. */
export const eventAgeMaxMs = 7 * 24 * 3_600_000;

/**
 * How long, in milliseconds, the broker drops a message whose id it saw. Saves most repeats: a
 * relay publishes again within seconds, and another takes over from a dead one after five. The
 * inbox catches the rest, and what comes later. The broker keeps each id in memory for so long,
 * some 500 bytes: ten minutes of 5,000 messages a second fill 1.6 GB.
 */
export const duplicateWindowMs = 60_000;

const requestTimeoutMs = 2_000;

/** Codes of nats-server's errors. */
const streamExistsDifferently = 10058;
const streamNotFound = 10059;
const consumerExistsDifferently = 10148;

/** The stream with the events of one service. All services name it the same way. */
export function streamOf(
  domain: string,
  { bytesMax = bytesMaxDefault, replicas = 1 }: StreamLimits = {},
): StreamSpec {
  return { name: domain.toUpperCase(), subject: `purser.v1.${domain}.>`, bytesMax, replicas };
}

/**
 * Makes the stream, or brings it to the specification; changes nothing when it is right. Limits
 * retention, because the others forget which message ids they saw once a message is consumed.
 */
export async function ensureStream(connection: NatsConnection, spec: StreamSpec): Promise<void> {
  const manager = await managerOf(connection);
  if (await createStream(manager, spec)) return;
  await manager.streams.update(spec.name, limitsOf(spec));
}

function limitsOf(spec: StreamSpec) {
  return {
    subjects: [spec.subject],
    max_age: nanos(eventAgeMaxMs),
    max_bytes: spec.bytesMax,
    discard: DiscardPolicy.Old,
    duplicate_window: nanos(duplicateWindowMs),
    num_replicas: spec.replicas,
  };
}

/** False when the stream is there with other settings. */
async function createStream(manager: JetStreamManager, spec: StreamSpec): Promise<boolean> {
  try {
    await manager.streams.add({
      name: spec.name,
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      ...limitsOf(spec),
    });
    return true;
  } catch (error) {
    if (!hasCode(error, streamExistsDifferently)) throw error;
    return false;
  }
}

/**
 * Makes the durable consumer, or brings it to the specification. Its stream is made when it is
 * missing and otherwise left alone: the service that publishes in it decides about it.
 */
export async function ensureDurable(connection: NatsConnection, spec: DurableSpec): Promise<void> {
  const manager = await managerOf(connection);
  await createStream(manager, spec.stream);
  const config = {
    filter_subject: spec.filterSubject,
    ack_wait: nanos(spec.ackWaitMs ?? ackWaitMsDefault),
    max_ack_pending: ackPendingMax,
    // The broker would drop a message after its last delivery without a word: giving up is ours.
    max_deliver: -1,
  };
  try {
    await manager.consumers.add(spec.stream.name, {
      durable_name: spec.durable,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ...config,
    });
  } catch (error) {
    if (!hasCode(error, consumerExistsDifferently)) throw error;
    await manager.consumers.update(spec.stream.name, spec.durable, config);
  }
}

/** How full a stream may be, and how full it is after room was made. */
const fullnessMax = 0.9;
const fullnessAfter = 0.6;

/**
 * Once the stream is full to nine tenths, lets the oldest third of its messages go at once; the
 * number that went. When the broker has to make room itself, it does so for each message that comes
 * and asks every consumer about each one that goes: nats-server took three times the CPU for a
 * message. It takes as long for a few messages as for many. Any instance may do it at any time. A
 * stream that nobody has made yet is empty.
 */
export async function trimStream(connection: NatsConnection, spec: StreamSpec): Promise<number> {
  const manager = await managerOf(connection);
  const state = await stateOf(manager, spec.name);
  if (state === undefined || state.bytes <= spec.bytesMax * fullnessMax) return 0;
  const surplus = state.bytes - spec.bytesMax * fullnessAfter;
  const messages = Math.ceil((surplus / state.bytes) * state.messages);
  const { purged } = await manager.streams.purge(spec.name, { seq: state.first_seq + messages });
  return purged;
}

async function stateOf(
  manager: JetStreamManager,
  stream: string,
): Promise<StreamState | undefined> {
  try {
    return (await manager.streams.info(stream)).state;
  } catch (error) {
    if (!hasCode(error, streamNotFound)) throw error;
    return undefined;
  }
}

function managerOf(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection, { timeout: requestTimeoutMs, checkAPI: false });
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}
