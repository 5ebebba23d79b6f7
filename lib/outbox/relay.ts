import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { Backoff } from '#lib/batch/backoff.ts';
import { gatherMs } from '#lib/batch/gather.ts';
import { systemTiming, type Timing } from '#lib/batch/timing.ts';
import { Wakeup } from '#lib/batch/wakeup.ts';
import { deadLetters } from '#lib/dead-letters/dead-letter-metrics.ts';
import { traceIds } from '#lib/trace/trace-parent.ts';
import { failpoint, isDrill } from '#lib/failpoint/failpoint.ts';
import { HintSender } from './hint-sender.ts';
import { Lease } from './lease.ts';
import { PublishRound } from './publish-round.ts';
import { lagSeconds, leasesTaken, published, republished, unanswered } from './relay-metrics.ts';
import type {
  OutboxRow,
  PublishOutcome,
  RelayBroker,
  RelayStore,
  WakeHints,
} from './relay-ports.ts';

export interface RelayOptions {
  /** Whose outbox it is, `orders`: label of the metrics. */
  service: string;
  store: RelayStore;
  broker: RelayBroker;
  hints: WakeHints;
  log: Logger;
  /** Shown in outbox_relay; must differ between instances. Default: random. */
  holder?: string;
  timing?: Timing;
  /** How long the lease of an instance that died blocks the others. */
  leaseMs?: number;
}

/** Rows per read: at 500 the two statements around them cost a tenth of publishing them. */
const pageSize = 500;
/** Longest pause between two pages of rows that come fast. */
const gatherMsMax = 25;
/** How often a holder looks without being woken, and the others ask for the lease. */
const pollMs = 500;
const acquireMs = 1_000;
const failureWaitMs = { firstMs: 50, lastMs: 1_000 };
/** A row that the broker refuses this often, pauses between, goes to dead_letters. */
const refusalsMax = 3;
/** How long `stop` waits for acknowledgements in flight. Without them the rows go out once more. */
const stopGraceMs = 1_500;

/**
 * Publishes an outbox to the broker, every committed row at least once; the order is roughly that
 * of the commits and nothing to rely on. Any number of instances run one; the holder of the lease
 * works, the others stand by. No transaction is open while the broker is spoken to.
 */
export class Relay {
  readonly #options: Required<RelayOptions>;
  readonly #wakeup: Wakeup;
  readonly #hintSender: HintSender;
  readonly #failure: Backoff;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** A stop has waited long enough for the broker. */
  #isLate = false;
  /** Ends the waiting for a publish in flight. */
  #giveUp: (() => void) | undefined;
  #lease: Lease | undefined;

  constructor(options: RelayOptions) {
    this.#options = { holder: randomUUID(), timing: systemTiming, leaseMs: 5_000, ...options };
    const { timing, hints } = this.#options;
    this.#wakeup = new Wakeup(timing);
    this.#hintSender = new HintSender({ hints, timing });
    this.#failure = new Backoff({ ...failureWaitMs, timing });
  }

  /** Whether this instance publishes at present. */
  get holding(): boolean {
    return this.#lease?.held ?? false;
  }

  start(): void {
    this.#options.hints.listen((hint) => {
      if ((hint === 'commit') === this.holding) this.#wakeup.wake();
    });
    this.#running ??= this.#run();
  }

  /** Call after every commit that wrote to the outbox, on any instance. Cheap, never throws. */
  wake(): void {
    if (this.holding) this.#wakeup.wake();
    else this.#hintSender.send();
  }

  /**
   * Finishes the page in flight, frees the lease and tells the others. At most about two seconds.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wakeup.wake();
    const grace = new AbortController();
    void this.#options.timing.sleep(stopGraceMs, grace.signal).then(() => {
      this.#isLate = true;
      this.#giveUp?.();
    });
    await this.#running;
    grace.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let failure: unknown;
      try {
        this.#wakeup.clear();
        this.#lease = await Lease.acquire(this.#options);
        if (isDrill && this.#lease) await failpoint('relay.leased');
        if (this.#lease === undefined) await this.#standBy();
        else await this.#serve(this.#lease);
      } catch (error) {
        failure = error;
        this.#logFailure(error, 'the outbox relay failed and starts again');
      }
      await this.#release();
      if (failure !== undefined) await this.#failure.pause(signal);
    }
  }

  /** Until the lease may be free. The jitter keeps the instances from asking in step. */
  async #standBy(): Promise<void> {
    lagSeconds.set({ service: this.#options.service }, 0);
    await this.#wakeup.wait(acquireMs * (0.75 + this.#options.timing.random() / 2));
  }

  async #release(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease === undefined) return;
    try {
      await lease.release();
      if (this.#stopping.signal.aborted) this.#options.hints.send('release');
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the outbox lease is left to run out');
    }
  }

  /**
   * Returns when the lease is lost or the relay stops; throws when database or broker do not
   * answer.
   */
  async #serve(lease: Lease): Promise<void> {
    const { store, service } = this.#options;
    leasesTaken.inc({ service });
    while (lease.held && !this.#stopping.signal.aborted) {
      this.#wakeup.clear();
      const page = await store.read(lease.cursor, pageSize);
      lagSeconds.set({ service }, page.lagMs / 1_000);
      if (page.rows.length > 0) {
        if (isDrill) await failpoint('relay.read');
        await this.#deliver(lease, page.rows);
        await this.#gather(page.rows.length);
      } else {
        this.#failure.reset();
        await this.#wakeup.wait(pollMs);
      }
    }
  }

  async #gather(count: number): Promise<void> {
    const pauseMs = count < pageSize ? gatherMs(count, gatherMsMax) : 0;
    if (pauseMs > 0) await this.#options.timing.sleep(pauseMs, this.#stopping.signal);
  }

  /** Brings all rows to the broker and moves the cursor over them, unless the lease gets lost. */
  async #deliver(lease: Lease, rows: OutboxRow[]): Promise<void> {
    const round = new PublishRound(rows);
    while (lease.held && !this.#stopping.signal.aborted) {
      const outcomes = await this.#publish(round.open());
      if (outcomes === undefined || !lease.held) return;
      if (isDrill) await failpoint('relay.published');
      round.settle(outcomes);
      const stored = round.takeStored();
      if (stored !== undefined && !(await lease.advance(stored))) return;
      if (isDrill) await failpoint('relay.advanced');
      if (!(await this.#buryRefused(lease, round))) return;
      if (round.done) return this.#failure.reset();
      await this.#waitForBroker(outcomes);
    }
  }

  /** Undefined when the relay stops before the broker answered. */
  async #publish(rows: OutboxRow[]): Promise<PublishOutcome[] | undefined> {
    const { broker, service } = this.#options;
    const outcomes = await this.#unlessLate(broker.publish(rows));
    if (outcomes === undefined) return undefined;
    const stored = outcomes.filter((outcome) => outcome.kind === 'stored');
    const again = stored.filter(({ duplicate }) => duplicate).length;
    published.inc({ service }, stored.length - again);
    republished.inc({ service }, again);
    const unknown = outcomes.filter(({ kind }) => kind === 'unknown');
    unanswered.inc({ service }, unknown.length);
    return outcomes;
  }

  /**
   * A promise of its own for each wait: `Promise.race` with one that lives as long as the relay
   * would keep 250 bytes of every page until the relay stops.
   */
  #unlessLate<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const giveUp = () => resolve(undefined);
      this.#giveUp = giveUp;
      if (this.#isLate) giveUp();
      work.then(resolve, reject);
    });
  }

  /** Rows that can never be published must not hold up those behind them. False: lease lost. */
  async #buryRefused(lease: Lease, round: PublishRound): Promise<boolean> {
    for (;;) {
      const refused = round.takeRefused(refusalsMax);
      if (refused === undefined) return true;
      const { row, death } = refused;
      if (!(await lease.bury(row, death))) return false;
      deadLetters.inc({ source: 'outbox' });
      this.#options.log.error(
        { err: death.cause, ...fieldsOf(row) },
        'an event cannot be published and is kept in dead_letters',
      );
      const stored = round.takeStored();
      if (stored !== undefined && !(await lease.advance(stored))) return false;
    }
  }

  /**
   * Some rows are still open. When the broker took none of them, it is the broker: give up the
   * lease, perhaps another instance reaches it.
   */
  async #waitForBroker(outcomes: PublishOutcome[]): Promise<void> {
    const open = outcomes.find((outcome) => outcome.kind !== 'stored');
    if (outcomes.every(({ kind }) => kind === 'unknown')) throw open?.cause;
    this.#logFailure(open?.cause, 'events could not be published and are tried again');
    await this.#failure.pause(this.#stopping.signal);
  }

  /** At failure 1, 2, 4, 8 …: a broker that is down for a night must not fill the log. */
  #logFailure(error: unknown, message: string): void {
    const count = this.#failure.failures + 1;
    const isPowerOfTwo = (count & (count - 1)) === 0;
    if (isPowerOfTwo) this.#options.log.warn({ err: error, failures: count }, message);
  }
}

function fieldsOf({ eventId, type, about, traceparent }: OutboxRow) {
  return { eventId, type, about, ...traceIds(traceparent) };
}
