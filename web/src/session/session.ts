// One user's time in the store front. Another user gets another session, and nothing of this one.
import { Purser } from '#sdk/src/purser.ts';
import { PurserError } from '#sdk/src/purser-error.ts';
import { LiveConnection } from '../live/live-connection.ts';
import type { ConnectionState } from '../live/live-connection.ts';
import { connectLive, openTicket } from '../live/open-live.ts';
import { Newest } from './newest.ts';
import type { Change, News } from './newest.ts';
import { UnreadCount } from './unread-count.ts';

export interface SessionOptions {
  userId: string;
  /** Told of what is new to the user: not of what was there when the session began. */
  onChange(change: Change): void;
  onState(state: ConnectionState): void;
}

const pollMs = { first: 250, most: 4_000, hidden: 15_000 };

/** Orders on their way that are not among the newest; more are left to their own pages. */
const unsettledMax = 10;

export class Session {
  readonly userId: string;
  readonly purser: Purser;
  readonly unread = new UnreadCount();
  readonly newest = new Newest();
  readonly connection: LiveConnection;
  readonly #options: SessionOptions;
  /** One try for each question: the next poll is the second try. */
  readonly #poller: Purser;
  readonly #ended = new AbortController();
  #quietPolls = 0;
  #isFirst = true;

  constructor(options: SessionOptions) {
    const { userId } = options;
    this.userId = userId;
    this.#options = options;
    this.purser = new Purser({ baseUrl: '', userId, timeoutMs: 15_000 });
    this.#poller = new Purser({ baseUrl: '', userId, triesMax: 1, timeoutMs: 5_000 });
    this.connection = new LiveConnection({
      ticket: (signal) => openTicket(this.#poller, signal),
      connect: connectLive,
      poll: (signal) => this.#poll(signal),
      onMessage: ({ kind, orders, account }) => {
        if (kind === 'HEARTBEAT') return;
        this.#take({ orders, account }, kind === 'SNAPSHOT' ? 'all' : 'done');
      },
      onState: (state) => options.onState(state),
      isOnline: () => navigator.onLine,
      pollMs: () => this.#pollMs(),
    });
  }

  /** Connects; returns how to end it. */
  start(): () => void {
    const { signal } = this.#ended;
    addEventListener('online', () => this.connection.wake(), { signal });
    addEventListener('offline', () => this.connection.lost(), { signal });
    const look = () => document.visibilityState === 'visible' && this.connection.wake();
    document.addEventListener('visibilitychange', look, { signal });
    void this.connection.run();
    return () => {
      this.#ended.abort();
      this.connection.stop();
    };
  }

  /** Takes what was read. It is news to the user only where something older was known. */
  learn(news: News): void {
    this.#take(news, 'read');
  }

  /** Takes what the user has done, so that every part of the page knows it. */
  note(news: News): void {
    this.#take(news, 'done');
    this.#quietPolls = 0;
    // Only when it polls: over a stream the news comes by itself.
    if (this.connection.state.kind !== 'live') this.connection.wake();
  }

  #take(news: News, from: 'all' | 'read' | 'done'): void {
    if (this.#ended.signal.aborted) return;
    const changes = this.newest.take(news);
    if (changes.length > 0) this.#quietPolls = 0;
    // What the first look shows was there before.
    const tellsOld = from === 'done' || (from === 'all' && !this.#isFirst);
    if (from === 'all') this.#isFirst = false;
    for (const change of changes) {
      if (tellsOld || change.before !== undefined) this.#options.onChange(change);
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { orders: client, account: accounts } = this.#poller;
    const [page, account] = await Promise.all([
      client.list({ pageSize: 20, signal }).page(),
      accounts.get({ signal }).catch(undefinedWithoutAccount),
    ]);
    const listed = new Set(page.items.map(({ name }) => name));
    const names = this.newest.unsettled().filter((name) => !listed.has(name));
    const others = await Promise.all(
      names.slice(0, unsettledMax).map((name) => client.get(name, { signal })),
    );
    this.#take({ orders: [...page.items, ...others], account }, 'all');
    this.#quietPolls += 1;
  }

  /** Soon after a change, and rarely when nothing happens or nobody looks. */
  #pollMs(): number {
    if (document.visibilityState === 'hidden') return pollMs.hidden;
    const isWaiting = this.newest.unsettled().length > 0;
    const most = isWaiting ? 1_000 : pollMs.most;
    return Math.min(most, pollMs.first * 1.5 ** Math.min(20, this.#quietPolls));
  }
}

function undefinedWithoutAccount(error: unknown): undefined {
  if (error instanceof PurserError && error.reason === 'ACCOUNT_NOT_FOUND') return undefined;
  throw error;
}
