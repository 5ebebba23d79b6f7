import type { Logger } from 'pino';
import { Backoff } from '#lib/batch/backoff.ts';
import { batchItems } from '#lib/batch/batch-metrics.ts';
import { gatherMs } from '#lib/batch/gather.ts';
import { isolate } from '#lib/batch/isolate.ts';
import { systemTiming, type Timing } from '#lib/batch/timing.ts';
import { Wakeup } from '#lib/batch/wakeup.ts';
import { deadLetters } from '#lib/dead-letters/dead-letter-metrics.ts';
import type { DeadLetter } from '#lib/dead-letters/insert-dead-letter.ts';
import { failpoint, isDrill } from '#lib/failpoint/failpoint.ts';
import {
  isPermanent as isPermanentDatabaseError,
  isTransient as isTransientDatabaseError,
} from '#lib/pg/failure.ts';
import { traceIds } from '#lib/trace/trace-parent.ts';
import {
  consumed,
  inBuffer,
  pendingInStream,
  pullsOpened,
  redelivered,
  retried,
  waited,
} from './consumer-metrics.ts';
import { type Delivery, deadLetterOf, type Received, readDelivery } from './delivery.ts';
import type { Pull, PullSource } from './pull-source.ts';
import { traceDeliveries } from './trace-deliveries.ts';

/** An event that `handle` could not take yet: it is delivered again after the delay. */
export interface Postponed {
  eventId: string;
  delayMs: number;
}

export interface ConsumerOptions {
  /** Name of the durable consumer: label of the metrics and source of its dead letters. */
  name: string;
  source: PullSource;
  /**
   * Commits the effect of all events and their inbox rows in one transaction, or of none when it
   * throws. No event id comes twice in one batch, and each may have been handled before. Those that
   * it returns have had no effect and come again.
   */
  handle(batch: Delivery[]): Promise<readonly Postponed[] | void>;
  /** Keeps a message that `handle` cannot take even alone. */
  deadLetter(letter: DeadLetter, error: unknown): Promise<void>;
  /** Errors that pass: the same batch is tried again, for ever. Default: the database's. */
  isTransient?: (error: unknown) => boolean;
  /**
   * Errors that are the message's own fault: it goes to the dead letters. Default: the database's.
   */
  isPermanent?: (error: unknown) => boolean;
  log: Logger;
  batchSizeMax?: number;
  /** Most messages received and not yet handled. */
  bufferMax?: number;
  timing?: Timing;
}

interface Event {
  delivery: Delivery;
  /** Usually one; more when the broker delivered the event again while it waited here. */
  messages: Received[];
}

/** Longest pause between two batches of events that come fast. */
const gatherMsMax = 60;
const pullWaitMs = { firstMs: 50, lastMs: 1_000 };
/**
 * An order passes two relays and two consumers, each of which may have to sleep out its last pause
 * when a database is back: all together that stays below five seconds. What is tried so often is
 * one transaction.
 */
const retryWaitMs = { firstMs: 50, lastMs: 1_000 };
/** How long a stop goes on with messages that were received and not yet handled. */
const stopGraceMs = 3_000;
/** How long a stop waits for messages that are on their way from the broker. */
const drainMs = 500;
/** Pause before a message comes back that a fault of ours kept from being handled or buried. */
const postponedDelayMs = 30_000;

/**
 * Takes events from the broker in natural batches: what arrived while the last batch was handled is
 * the next one. Acknowledges after `handle` returned, so delivery is at least once. Never ends by
 * itself: whatever breaks at the broker, it opens a new pull.
 */
export class Consumer {
  readonly #options: Required<ConsumerOptions>;
  readonly #wakeup: Wakeup;
  readonly #stopping = new AbortController();
  readonly #stopped = Promise.withResolvers<void>();
  readonly #drained = new AbortController();
  readonly #waiting: Received[] = [];
  #inHand: readonly Received[] = [];
  #pull: Pull | undefined;
  /** After a stop: when the messages that are left go back. */
  #handleUntil = Number.POSITIVE_INFINITY;
  #loops: Promise<unknown> | undefined;

  constructor(options: ConsumerOptions) {
    this.#options = {
      isTransient: isTransientDatabaseError,
      isPermanent: isPermanentDatabaseError,
      batchSizeMax: 500,
      bufferMax: 1_000,
      timing: systemTiming,
      ...options,
    };
    // From zero on, so that the first of each is a growth that Prometheus sees.
    for (const counter of [redelivered, retried]) counter.inc({ consumer: options.name }, 0);
    this.#wakeup = new Wakeup(this.#options.timing);
  }

  start(): void {
    this.#loops ??= Promise.all([this.#pullLoop(), this.#handleLoop(), this.#keepAliveLoop()]);
  }

  /**
   * Takes no more messages, and handles and acknowledges those that it has. What cannot be handled
   * now, or not within 3 s, goes back to the broker.
   */
  async stop(): Promise<void> {
    const { timing } = this.#options;
    this.#stopping.abort();
    this.#stopped.resolve();
    await Promise.race([this.#pull?.close(), timing.sleep(drainMs)]);
    this.#handleUntil = Math.min(this.#handleUntil, timing.now() + stopGraceMs);
    this.#wakeup.wake();
    await this.#loops;
  }

  async #pullLoop(): Promise<void> {
    const { name, source, timing, log } = this.#options;
    const { signal } = this.#stopping;
    const backoff = new Backoff({ ...pullWaitMs, timing });
    while (!signal.aborted) {
      const openedAt = timing.now();
      let reason: unknown;
      try {
        reason = await this.#pullUntilEnd(source);
        if (timing.now() - openedAt > pullWaitMs.lastMs) backoff.reset();
      } catch (error) {
        reason = error;
      }
      if (signal.aborted) return;
      // The first failure is routine, as a reconnect is; a row of them wants to be seen.
      const level = backoff.failures === 0 ? 'info' : 'warn';
      log[level]({ err: reason, consumer: name }, 'the consumer opens its source again');
      await backoff.pause(signal);
    }
  }

  async #pullUntilEnd(source: PullSource): Promise<Error> {
    const { name, bufferMax } = this.#options;
    const opening = source.open({
      room: () => bufferMax - this.#waiting.length,
      onMessage: (message) => this.#receive(message),
    });
    // A broker that does not answer must not hold up the stop, and a pull that opened in the very
    // moment of it has nobody else who would close it.
    const pull = await Promise.race([opening, this.#stopped.promise]);
    if (pull === undefined || this.#stopping.signal.aborted) {
      opening.then((late) => late.close()).catch(() => {});
      return new Error('stopped');
    }
    pullsOpened.inc({ consumer: name });
    this.#pull = pull;
    return pull.ended;
  }

  #receive(message: Received): void {
    if (this.#drained.signal.aborted) return message.nak();
    if (message.deliveries > 1) redelivered.inc({ consumer: this.#options.name });
    this.#waiting.push(message);
    this.#show(message);
    this.#wakeup.wake();
  }

  #show({ pending }: Received): void {
    const { name: consumer } = this.#options;
    inBuffer.set({ consumer }, this.#waiting.length);
    if (pending !== undefined) pendingInStream.set({ consumer }, pending);
  }

  /**
   * Also empties the buffer when it stops. Giving messages back is the worse way: nats-server
   * 2.9.10 loses the first of them to the pull request that was just closed, until ackWaitMs is
   * over.
   */
  async #handleLoop(): Promise<void> {
    const { name, batchSizeMax } = this.#options;
    while (this.#goesOn()) {
      this.#wakeup.clear();
      this.#inHand = this.#waiting.splice(0, batchSizeMax);
      inBuffer.set({ consumer: name }, this.#waiting.length);
      if (this.#inHand.length > 0) {
        this.#pull?.refill();
        await this.#process(this.#inHand);
        await this.#gather();
      } else {
        await this.#wakeup.wait(60_000);
      }
    }
    this.#inHand = [];
    for (const message of this.#waiting.splice(0)) message.nak();
    this.#drained.abort();
  }

  /** Unless as many as the last set had are waiting already. */
  async #gather(): Promise<void> {
    const count = this.#inHand.length;
    this.#inHand = [];
    const pauseMs = this.#waiting.length < count ? gatherMs(count, gatherMsMax) : 0;
    if (pauseMs > 0) await this.#options.timing.sleep(pauseMs, this.#stopping.signal);
  }

  #goesOn(): boolean {
    if (this.#handleUntil === Number.POSITIVE_INFINITY) return true;
    return this.#waiting.length > 0 && this.#options.timing.now() < this.#handleUntil;
  }

  /** Tells the broker that messages which wait or are in hand are not lost. */
  async #keepAliveLoop(): Promise<void> {
    const { source, timing } = this.#options;
    const { signal } = this.#drained;
    let seen = new Set<Received>();
    while (!signal.aborted) {
      await timing.sleep(source.ackWaitMs / 3, signal);
      if (signal.aborted) return;
      const held = [...this.#inHand, ...this.#waiting];
      // Those that came since the last round have time enough.
      for (const message of held) if (seen.has(message)) message.working();
      seen = new Set(held);
    }
  }

  /** Returns when every message is answered. */
  async #process(messages: readonly Received[]): Promise<void> {
    const events = new Map<string, Event>();
    for (const message of messages) {
      try {
        const delivery = readDelivery(message);
        const event = events.get(delivery.eventId);
        if (event === undefined) events.set(delivery.eventId, { delivery, messages: [message] });
        else event.messages.push(message);
      } catch (error) {
        await this.#bury([message], error);
      }
    }
    if (events.size === 0) return;
    await isolate(
      [...events.values()],
      (part) => this.#handle(part),
      (event, error) => this.#giveUp(event, error),
    );
  }

  /** Throws when a part of the events, or the only one, cannot be handled. */
  async #handle(events: readonly Event[]): Promise<void> {
    const { name, handle } = this.#options;
    batchItems.observe({ batch: name }, events.length);
    const delays = new Map<string, number>();
    const batch = events.map(({ delivery }) => delivery);
    const done = await traceDeliveries(batch, name, (deliveries) =>
      this.#untilItPasses(async () => {
        if (isDrill) await failpoint('consumer.received');
        const postponed = await handle(deliveries);
        if (isDrill) await failpoint('consumer.handled');
        for (const { eventId, delayMs } of postponed ?? []) delays.set(eventId, delayMs);
      }),
    );
    for (const { delivery, messages } of events) {
      const delayMs = delays.get(delivery.eventId);
      for (const message of messages) {
        if (!done) message.nak();
        else if (delayMs !== undefined) message.nak(delayMs);
        else message.ack();
      }
      if (!done || delayMs !== undefined) continue;
      consumed.inc({ consumer: name }, messages.length);
      const takenMs = delivery.streamed?.time.getTime();
      if (takenMs !== undefined) waited.observe({ consumer: name }, secondsSince(takenMs));
    }
    if (isDrill) await failpoint('consumer.acknowledged');
  }

  /**
   * A message that can never be handled is buried. Any other lone failure is a fault of ours (a
   * missing column, a missing right): the message is not to blame, so it comes back later, and
   * meanwhile those behind it go on.
   */
  async #giveUp({ delivery, messages }: Event, error: unknown): Promise<void> {
    const { name, isPermanent, log } = this.#options;
    if (isPermanent(error)) return this.#bury(messages, error);
    const { eventId, type, about, traceparent } = delivery;
    const fields = { consumer: name, eventId, type, about, ...traceIds(traceparent) };
    log.error({ err: error, ...fields }, 'a message is postponed');
    for (const message of messages) message.nak(postponedDelayMs);
  }

  /** Keeps the message in dead_letters, then tells the broker never to deliver it again. */
  async #bury(messages: readonly Received[], cause: unknown): Promise<void> {
    const { name, deadLetter, log } = this.#options;
    const [message] = messages;
    if (message === undefined) return;
    const letter = deadLetterOf(message, name);
    const { eventId, type, about, headers } = letter;
    const fields = { eventId, type, about, ...traceIds(headers['traceparent']) };
    try {
      const done = await this.#untilItPasses(() => deadLetter(letter, cause));
      for (const each of messages) {
        if (done) each.term();
        else each.nak();
      }
      if (!done) return;
      deadLetters.inc({ source: name });
      log.error({ err: cause, ...fields }, 'a message goes to dead_letters');
    } catch (error) {
      log.error({ err: error, cause, ...fields }, 'a dead letter could not be kept');
      for (const each of messages) each.nak(postponedDelayMs);
    }
  }

  /**
   * Tries again while the failure is one that passes. False: the consumer stops before it passed.
   */
  async #untilItPasses(work: () => Promise<void>): Promise<boolean> {
    const { name, isTransient, log, timing } = this.#options;
    const backoff = new Backoff({ ...retryWaitMs, timing });
    for (;;) {
      try {
        await work();
        return true;
      } catch (error) {
        if (!isTransient(error)) throw error;
        retried.inc({ consumer: name });
        const failures = backoff.failures + 1;
        log.warn({ err: error, consumer: name, failures }, 'will be tried again');
        await backoff.pause(this.#stopping.signal);
        if (this.#stopping.signal.aborted) {
          this.#handleUntil = 0;
          return false;
        }
      }
    }
  }
}

/** By the broker's clock and ours, which may differ a little. */
function secondsSince(timeMs: number): number {
  return Math.max(0, Date.now() - timeMs) / 1_000;
}
