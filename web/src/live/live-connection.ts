// Keeps a page up to date: over a WebSocket where the system has one, else by asking again and
// again, and says truthfully which of them it is.
import type { LiveMessage } from '#sdk/src/index.ts';
import { followLive } from '#sdk/src/live-socket.ts';
import type { LiveSocket } from '#sdk/src/live-socket.ts';

export type ConnectionKind = 'connecting' | 'live' | 'polling' | 'offline';

export interface ConnectionState {
  kind: ConnectionKind;
  /** Since when it has been like this. */
  since: Date;
}

export interface LiveOptions {
  /** A ticket for one socket; undefined when the system has no live stream. */
  ticket(signal: AbortSignal): Promise<string | undefined>;
  connect(ticket: string): LiveSocket;
  /** Reads everything once; fails when nothing answers. */
  poll(signal: AbortSignal): Promise<void>;
  onMessage(message: LiveMessage): void;
  onState(state: ConnectionState): void;
  /** Whether the device has a network at all. */
  isOnline(): boolean;
  /** How long to wait before the next poll. */
  pollMs(): number;
  random?: () => number;
}

/** How long a ticket may take. */
const ticketMsMax = 10_000;

/** A system that has no live stream today may have one after its next release. */
const absentMs = 60_000;

const backoffMs = { first: 250, most: 30_000 };

/** Longest wait after so many failures; the wait itself is any part of it (“full jitter”). */
function backoff(failures: number, random: () => number): number {
  return random() * Math.min(backoffMs.most, backoffMs.first * 2 ** Math.min(failures, 20));
}

type Ending = 'lived' | 'failed' | 'absent';

export class LiveConnection {
  readonly #options: LiveOptions;
  readonly #stopped = new AbortController();
  #woken = new AbortController();
  #unlinked = new AbortController();
  #state: ConnectionState = { kind: 'connecting', since: new Date() };
  #resumeToken: string | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Runs until `stop`; a failure of whatever kind only leads to the next try. */
  async run(): Promise<void> {
    const { isOnline, pollMs, random = Math.random } = this.#options;
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      const ending = isOnline() ? await this.#stream().catch((): Ending => 'failed') : 'failed';
      failures = ending === 'failed' ? failures + 1 : 0;
      let waitMs = ending === 'absent' ? absentMs : backoff(failures, random);
      let answered = true;
      for (const begin = performance.now(); answered && !this.#stopped.signal.aborted;) {
        answered = await this.#poll();
        if (!answered && ending !== 'failed') failures += 1;
        const leftMs = begin + waitMs - performance.now();
        if (!answered) waitMs = backoff(failures, random);
        const woken = await this.#pause(answered ? Math.min(pollMs(), leftMs) : waitMs);
        if (woken && !answered) failures = 0;
        if (performance.now() >= begin + waitMs) break;
      }
    }
  }

  /** Looks at once: the network is back, or the user has done something. */
  wake(): void {
    this.#woken.abort();
  }

  /** The network is gone: no need to wait for a time-out. */
  lost(): void {
    this.#become('offline');
    // A socket without a network can stay “open” for minutes.
    this.#unlinked.abort();
    this.wake();
  }

  stop(): void {
    this.#stopped.abort();
    this.#woken.abort();
  }

  #become(kind: ConnectionKind): void {
    if (this.#stopped.signal.aborted || this.#state.kind === kind) return;
    this.#state = { kind, since: new Date() };
    this.#options.onState(this.#state);
  }

  /** One socket, from its ticket to its end. */
  async #stream(): Promise<Ending> {
    const stopped = this.#stopped.signal;
    this.#unlinked = new AbortController();
    const late = AbortSignal.timeout(ticketMsMax);
    const ticket = await this.#options.ticket(AbortSignal.any([stopped, late]));
    if (ticket === undefined) return 'absent';
    if (stopped.aborted) return 'failed';
    const lived = await followLive(this.#options.connect(ticket), {
      resumeToken: this.#resumeToken,
      signal: AbortSignal.any([stopped, this.#unlinked.signal]),
      onMessage: (message) => {
        this.#resumeToken = message.resumeToken || this.#resumeToken;
        this.#become('live');
        this.#options.onMessage(message);
      },
    });
    // A token that gets no answer may be the reason: the next socket begins anew.
    if (!lived) this.#resumeToken = undefined;
    return lived ? 'lived' : 'failed';
  }

  /** Asks for everything once, and says so. */
  async #poll(): Promise<boolean> {
    const { poll, isOnline } = this.#options;
    const { signal } = this.#stopped;
    const answered =
      isOnline() &&
      (await poll(signal).then(
        () => true,
        () => false,
      ));
    this.#become(answered ? 'polling' : 'offline');
    return answered;
  }

  /** Waits; true when it was woken before the time was over. */
  #pause(ms: number): Promise<boolean> {
    if (this.#stopped.signal.aborted) return Promise.resolve(true);
    this.#woken = new AbortController();
    return pause(Math.max(0, ms), this.#woken.signal);
  }
}

/** Waits; true when the signal ends it early. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve(false);
    }, ms);
    const stop = () => {
      clearTimeout(timer);
      resolve(true);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
