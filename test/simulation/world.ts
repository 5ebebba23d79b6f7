import type { Timing } from '#lib/batch/timing.ts';
import type { Clock } from '#lib/time/clock.ts';

/** Uniform in [0, 1) from a seed: sfc32 (https://pracrand.sourceforge.net/RNG_engines.txt). */
export function seededRandom(seed: number): () => number {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed >>> 0;
  let d = Math.floor(seed / 2 ** 32) + 1;
  const next = () => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let n = 0; n < 12; n += 1) next();
  return next;
}

/** Something that will happen. */
export interface Entry {
  readonly atMs: number;
  readonly order: number;
  /** Whether the system waits for nothing while only entries like this are left. */
  readonly idle: boolean;
  run: (() => void) | undefined;
}

/** Longer sleeps are polls and renewals, or waits for something that has no hurry. */
const idleSleepMs = 400;

/** The beginning of simulated time, as a date. */
export const epochMs = Date.UTC(2026, 0, 1);

/**
 * Simulated time: a queue of what will happen, in the order of time. Code of the system runs when
 * something happens to it, up to its next await; then the next thing happens. One seed, one order.
 */
export class World {
  readonly random: () => number;
  nowMs = 0;
  events = 0;
  /** Faults of the network happen while this is set. */
  stormy = true;
  /** Set for a replay: what happened, one line each. */
  timeline: string[] | undefined;
  readonly #inHurry = new EntryQueue();
  readonly #idle = new EntryQueue();
  #order = 0;
  #busy = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  note(line: () => string): void {
    this.timeline?.push(`${(this.nowMs / 1_000).toFixed(4).padStart(9)} s  ${line()}`);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random() < probability;
  }

  between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random() * items.length)];
  }

  after(delayMs: number, run: () => void, idle = false): Entry {
    const entry = { atMs: this.nowMs + delayMs, order: this.#order++, idle, run };
    if (idle) {
      this.#idle.push(entry);
    } else {
      this.#busy += 1;
      this.#inHurry.push(entry);
    }
    return entry;
  }

  cancel(entry: Entry): void {
    if (entry.run === undefined) return;
    entry.run = undefined;
    if (!entry.idle) this.#busy -= 1;
  }

  /** Whether nothing is on its way, and nobody is in a hurry. */
  get quiet(): boolean {
    return this.#busy === 0;
  }

  /** When the first thing happens that somebody waits for. */
  get nextBusyMs(): number {
    return this.#busy === 0 ? Number.POSITIVE_INFINITY : this.#inHurry.first()!.atMs;
  }

  /** The whole machine sleeps: everything that is due meanwhile happens at its end. */
  leapTo(timeMs: number): void {
    this.nowMs = Math.max(this.nowMs, timeMs);
  }

  /** Lets things happen until `ended` says so; it is asked before each. */
  run(ended: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          if (ended() || !this.#happen()) return resolve();
        } catch (error) {
          return reject(error as Error);
        }
        // A tick comes when no microtask is left: the code has come to its next await.
        queueMicrotask(tick);
      };
      const tick = () => process.nextTick(step);
      queueMicrotask(tick);
    });
  }

  #happen(): boolean {
    const busy = this.#inHurry.first();
    const idle = this.#idle.first();
    if (busy === undefined && idle === undefined) return false;
    const isBusyNext = idle === undefined || (busy !== undefined && isBefore(busy, idle));
    const entry = (isBusyNext ? this.#inHurry : this.#idle).take();
    const run = entry.run!;
    this.cancel(entry);
    if (entry.atMs > this.nowMs) this.nowMs = entry.atMs;
    this.events += 1;
    run();
    return true;
  }
}

/** A heap of what will happen, by time; what was cancelled is passed over. */
class EntryQueue {
  readonly #heap: Entry[] = [];

  /** The next that was not cancelled. */
  first(): Entry | undefined {
    const heap = this.#heap;
    while (heap.length > 0 && heap[0]!.run === undefined) this.take();
    return heap[0];
  }

  push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  /** Removes the first, whether or not it was cancelled. */
  take(): Entry {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** A process with clocks of its own. What is meant for it waits while it is frozen. */
export class Host {
  readonly world: World;
  readonly name: string;
  alive = true;
  /** How far its wall clock is off, in milliseconds. */
  skewMs = 0;
  /** How fast its monotonic clock runs. */
  readonly rate: number;
  readonly timing: Timing;
  readonly clock: Clock;
  readonly onDeath: (() => void)[] = [];
  #held: (() => void)[] | undefined;

  constructor(world: World, name: string, { rate = 1 } = {}) {
    this.world = world;
    this.name = name;
    this.rate = rate;
    this.timing = {
      now: () => world.nowMs * rate,
      random: world.random,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
    this.clock = () => new Date(epochMs + Math.floor(world.nowMs + this.skewMs));
  }

  /** Something happens to this process. */
  run(happen: () => void): void {
    if (!this.alive) return;
    if (this.#held === undefined) happen();
    else this.#held.push(happen);
  }

  die(): void {
    this.alive = false;
    this.#held = undefined;
    for (const tell of this.onDeath) tell();
  }

  get frozen(): boolean {
    return this.#held !== undefined;
  }

  freeze(): void {
    this.#held ??= [];
  }

  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    // One after the other, as an event loop takes them.
    for (const happen of held) this.world.after(0, () => this.run(happen));
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const end = () => {
        this.world.cancel(entry);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const entry = this.world.after(ms / this.rate, () => this.run(end), ms >= idleSleepMs);
      signal?.addEventListener('abort', end, { once: true });
    });
  }
}
