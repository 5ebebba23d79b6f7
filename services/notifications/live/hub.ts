import { LiveMessage } from '#gen/purser/notifications/v1/live.ts';
import { Batcher } from '#lib/batch/batcher.ts';
import { Wakeup } from '#lib/batch/wakeup.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { isSamePosition, leadsOn, type Position, readResumeToken } from '../domain/position.ts';
import { type Page, readFollowing, type Reader } from '../sql/read-following.ts';
import { readSnapshots, type Snapshot } from '../sql/read-snapshots.ts';
import { selectHeads } from '../sql/select-heads.ts';
import { type Addition, type Line, readSignal, signalNumber } from './addition.ts';
import type { Listener } from './listener.ts';
import { heartbeat, LiveText, snapshotMessage } from './live-messages.ts';
import { logReads, openStreams, toldMessages } from './live-metrics.ts';
import { PushTimes } from './push-times.ts';
import { UserSignals } from './user-signals.ts';

/** Milliseconds, each with a default that suits production. */
export interface HubTimes {
  /** Silence after which a stream says that it is alive. */
  heartbeatMs: number;
  /** How often streams are looked after. */
  tendMs: number;
  /** How often the heads of all connected users are read, in case a signal was lost. */
  pollMs: number;
  /** How long a stream may not be ready before it is ended. */
  slowMs: number;
}

const timesDefault: HubTimes = {
  heartbeatMs: 15_000,
  tendMs: 1_000,
  pollMs: 3_000,
  slowMs: 10_000,
};

/** Users whose log is read in one query. */
const readUsersMax = 500;

/** Users whose heads are read in one query. */
const pollUsersMax = 2_000;

/** A user with open streams here. */
interface Listened {
  userId: string;
  listeners: Set<Listener>;
  /** The highest number that was heard of and not yet read. */
  wanted: bigint;
}

/**
 * Brings what the log of a user holds to the streams that are open on this instance. A stream that
 * begins is subscribed first and reads its beginning then, so that nothing falls between. After
 * that a stream gets lines that were just added as soon as they are committed, wherever that was,
 * if it has the line before them. Otherwise the log is read from where it is: one query for all
 * users that were signalled while the last one ran. A poll finds what no signal told.
 */
export class LiveHub {
  readonly #deps: ServiceDeps;
  readonly #times: HubTimes;
  readonly #users = new Map<string, Listened>();
  readonly #dirty = new Set<Listened>();
  readonly #wakeup = new Wakeup();
  readonly #signals: UserSignals;
  readonly #starts: Batcher<Reader, Page>;
  readonly #pushTimes: PushTimes;
  readonly #snapshots: Batcher<string, Snapshot>;
  readonly #timers: NodeJS.Timeout[] = [];
  #stopping = false;
  #polling = false;
  #work: Promise<void> = Promise.resolve();

  constructor(deps: ServiceDeps, times: Partial<HubTimes> = {}) {
    const { database } = deps;
    this.#deps = deps;
    this.#times = { ...timesDefault, ...times };
    this.#pushTimes = new PushTimes(deps);
    this.#signals = new UserSignals({
      broker: deps.broker,
      onSignal: (userId, signal) =>
        this.#hear(userId, signalNumber(signal), () => readSignal(userId, signal)),
      onDoubt: () => void this.#poll(),
    });
    this.#starts = new Batcher({
      name: 'live-starts',
      run: (readers) => database.single((tx) => readFollowing(tx, readers)),
      sizeMax: 100,
      queueMax: 20_000,
    });
    this.#snapshots = new Batcher({
      name: 'live-snapshots',
      run: (userIds) => database.single((tx) => readSnapshots(tx, userIds)),
      sizeMax: 50,
      queueMax: 20_000,
    });
  }

  start(): void {
    this.#work = this.#readLoop();
    this.#pushTimes.start();
    this.#timers.push(
      setInterval(() => this.#tend(), this.#times.tendMs),
      setInterval(() => void this.#poll(), this.#times.pollMs),
    );
  }

  /** Ends what streams are still open, and resolves when nothing reads any more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const { listeners } of this.#users.values()) {
      for (const listener of listeners) listener.fail(new PurserError('DEPENDENCY_UNAVAILABLE'));
    }
    this.#wakeup.wake();
    await Promise.all([this.#work, this.#starts.close(), this.#snapshots.close()]);
    this.#signals.close();
    await this.#pushTimes.stop();
  }

  /** Users' logs have grown, by this instance: tells all instances. */
  changed(additions: readonly Addition[]): void {
    for (const addition of additions) {
      this.#hear(addition.userId, addition.lines.at(-1)!.number, () => addition);
      this.#signals.send(addition);
    }
  }

  /**
   * Begins a stream: gives it what it missed since the token, or a snapshot, and from then on what
   * follows. Throws INVALID_REQUEST for a token that is not this user's. Whatever it throws,
   * `leave` must be called.
   */
  async join(listener: Listener, resumeToken: string): Promise<void> {
    const { userId } = listener;
    const position = resumeToken === '' ? undefined : readResumeToken(userId, resumeToken);
    if (resumeToken !== '' && !position) throw notYourToken();
    if (this.#stopping) throw new PurserError('DEPENDENCY_UNAVAILABLE');
    this.#listen(listener);
    await this.#signals.subscribed();
    const { texts, head } = await this.#beginning(userId, position);
    listener.isLive = true;
    this.#give(listener, texts);
    const user = this.#users.get(userId);
    if (!user) return;
    // What was told of while the beginning was read; nobody was there to take it.
    if (head > user.wanted) user.wanted = head;
    this.ready(listener);
  }

  async #beginning(
    userId: string,
    position: Position | undefined,
  ): Promise<{ texts: LiveText[]; head: bigint }> {
    const page = position && (await this.#starts.submit({ userId, position }));
    if (!page || !leadsOn(position.number, page)) {
      const text = await this.#snapshot(userId);
      return { texts: [text], head: text.position.number };
    }
    const texts = textsOf(userId, page.lines);
    // Who has missed nothing hears that at once.
    if (texts.length === 0) texts.push(new LiveText(userId, heartbeat, position));
    return { texts, head: page.head };
  }

  leave(listener: Listener): void {
    const user = this.#users.get(listener.userId);
    if (!user?.listeners.delete(listener)) return;
    openStreams.dec();
    if (user.listeners.size > 0) return;
    this.#users.delete(user.userId);
    this.#dirty.delete(user);
    this.#signals.unsubscribe(user.userId);
  }

  /** The stream can take more again. */
  ready(listener: Listener): void {
    const user = this.#users.get(listener.userId);
    if (user && listener.isLive && listener.position.number < user.wanted) this.#mark(user);
  }

  /** How many streams the user has here. */
  streamsOf(userId: string): number {
    return this.#users.get(userId)?.listeners.size ?? 0;
  }

  #listen(listener: Listener): void {
    const { userId } = listener;
    let user = this.#users.get(userId);
    if (!user) {
      user = { userId, listeners: new Set(), wanted: 0n };
      this.#users.set(userId, user);
      this.#signals.subscribe(userId);
    }
    user.listeners.add(listener);
    openStreams.inc();
  }

  /** `added` has the lines that end with that number, if it is known what they are. */
  #hear(userId: string, number: bigint, added: () => Addition | undefined): void {
    const user = this.#users.get(userId);
    if (!user || number <= user.wanted) return;
    user.wanted = number;
    const addition = added();
    if (!addition || !giveAll(user, addition, this.#give)) this.#mark(user);
  }

  #mark(user: Listened): void {
    this.#dirty.add(user);
    this.#wakeup.wake();
  }

  async #readLoop(): Promise<void> {
    while (!this.#stopping) {
      this.#wakeup.clear();
      const users = [...this.#dirty].slice(0, readUsersMax);
      if (users.length === 0) {
        await this.#wakeup.wait(60_000);
        continue;
      }
      for (const user of users) this.#dirty.delete(user);
      try {
        await this.#read(users);
      } catch (error) {
        this.#deps.log.warn({ error, users: users.length }, 'the log could not be read');
        for (const user of users) if (this.#users.has(user.userId)) this.#dirty.add(user);
        await new Promise((resume) => setTimeout(resume, 200 + Math.random() * 200));
      }
    }
  }

  async #read(users: readonly Listened[]): Promise<void> {
    const asks = users.flatMap((user) => askOf(user) ?? []);
    if (asks.length === 0) return;
    logReads.inc(asks.length);
    const pages = await this.#deps.database.single((tx) => readFollowing(tx, asks));
    const lost: Listener[] = [];
    asks.forEach(({ user, listeners, position, heard }, index) => {
      const page = pages[index]!;
      // Whatever was heard of before the read is in it; a database that was restored goes back.
      if (user.wanted === heard) user.wanted = page.head;
      const texts = textsOf(user.userId, page.lines);
      for (const [listener, at] of listeners) {
        if (!user.listeners.has(listener)) continue;
        // One that has gone on meanwhile needs none of it.
        const isThere = listener.position === at;
        const isLed =
          !isThere || lead(listener, { page, texts, from: position.number }, this.#give);
        if (!isLed) lost.push(listener);
        else if (listener.position.number < page.head) this.#mark(user);
      }
    });
    await this.#startOver(lost);
  }

  readonly #give: Give = (listener, texts) => {
    this.#pushTimes.note(texts);
    listener.give(texts, performance.now());
    toldMessages.inc(texts.length);
  };

  async #startOver(listeners: readonly Listener[]): Promise<void> {
    const userIds = [...new Set(listeners.map(({ userId }) => userId))];
    const texts = await Promise.all(userIds.map((userId) => this.#snapshot(userId)));
    for (const listener of listeners) {
      const text = texts[userIds.indexOf(listener.userId)]!;
      if (listener.isReady()) this.#give(listener, [text]);
    }
  }

  async #snapshot(userId: string): Promise<LiveText> {
    const { orders, account, position } = await this.#snapshots.submit(userId);
    return new LiveText(userId, snapshotMessage(orders, account), position);
  }

  #tend(): void {
    const nowMs = performance.now();
    for (const { listeners } of this.#users.values()) {
      for (const listener of listeners) {
        const blockedMs = listener.tend(nowMs, this.#times.heartbeatMs);
        if (blockedMs >= this.#times.slowMs) listener.fail(new PurserError('OVERLOADED'));
      }
    }
  }

  /** Finds users whose log has moved without a signal that arrived here. */
  async #poll(): Promise<void> {
    if (this.#polling || this.#stopping) return;
    this.#polling = true;
    try {
      const userIds = [...this.#users.keys()];
      for (let from = 0; from < userIds.length; from += pollUsersMax) {
        const part = userIds.slice(from, from + pollUsersMax);
        const heads = await this.#deps.database.single((tx) => selectHeads(tx, part));
        for (const { userId, number } of heads) this.#compare(userId, number);
      }
    } catch (error) {
      this.#deps.log.warn({ error }, 'the heads of the connected users could not be read');
    } finally {
      this.#polling = false;
    }
  }

  #compare(userId: string, head: bigint): void {
    const user = this.#users.get(userId);
    if (!user) return;
    for (const { isLive, position } of user.listeners) {
      if (isLive && position.number !== head) return this.#mark(user);
    }
  }
}

type Give = (listener: Listener, texts: readonly LiveText[]) => void;

/** What to read for a user: from where the stream that is furthest behind has got to. */
interface Ask extends Reader {
  user: Listened;
  /** The streams that can take something now, and where they are. */
  listeners: [Listener, Position][];
  heard: bigint;
}

function askOf(user: Listened): Ask | undefined {
  const listeners = [...user.listeners].filter((one) => one.isLive && one.isReady());
  const [first, ...others] = listeners.map(({ position }) => position);
  if (!first) return undefined;
  const position = others.reduce((one, other) => (other.number < one.number ? other : one), first);
  return {
    user,
    userId: user.userId,
    listeners: listeners.map((listener) => [listener, listener.position]),
    position,
    heard: user.wanted,
  };
}

/**
 * Gives the stream what of the page it does not have yet. False when that does not follow what it
 * had.
 */
function lead(
  listener: Listener,
  { page, texts, from }: { page: Page; texts: readonly LiveText[]; from: bigint },
  give: Give,
): boolean {
  const { number } = listener.position;
  if (number === from ? !leadsOn(number, page) : !page.isKnown || page.head < number) return false;
  const rest = texts.filter(({ position }) => position.number > number);
  if (rest[0] && rest[0].position.number !== number + 1n) return false;
  give(listener, rest);
  return true;
}

/**
 * Gives lines that were just added to the streams that wait for exactly them. False when there is a
 * stream that has to read the log: it is elsewhere, it cannot take more now, or it has not begun.
 */
function giveAll({ userId, listeners }: Listened, { after, lines }: Addition, give: Give): boolean {
  let texts: LiveText[] | undefined;
  let isWhole = true;
  for (const listener of listeners) {
    const waits = listener.isLive && listener.isReady();
    if (waits && isSamePosition(listener.position, after)) {
      texts ??= textsOf(userId, lines);
      give(listener, texts);
    } else {
      isWhole = false;
    }
  }
  return isWhole;
}

function textsOf(userId: string, lines: readonly Line[]): LiveText[] {
  return lines.map(
    ({ number, eventId, content, traceparent }) =>
      new LiveText(userId, LiveMessage.decode(content), { number, eventId }, traceparent),
  );
}

function notYourToken(): PurserError {
  const description =
    'is not a token of yours; take the one of the last message that you have seen';
  const violations = [{ field: 'resume_token', description }];
  return new PurserError('INVALID_REQUEST', {}, { violations });
}
