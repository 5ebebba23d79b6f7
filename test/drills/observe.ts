import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { World } from './world/world.ts';

/** What can be seen of faults from outside, and the metric that counts it. */
const counters = {
  redeliveries: 'purser_consumer_redeliveries_total',
  'unknown publishes': 'purser_outbox_unanswered_total',
  'repeats the broker dropped': 'purser_outbox_republished_total',
  'duplicates dropped': 'purser_duplicates_dropped_total',
  'batches tried again': 'purser_consumer_retries_total',
  'requests sent again': 'purser_reconciler_resent_total',
  'orders healed': 'purser_reconciler_healed_total',
  'dead letters': 'purser_dead_letters_total',
} as const;

export type Observation = keyof typeof counters | 'lease takeovers' | 'deaths' | 'cut sessions';

const intervalMs = 500;

/**
 * Adds up the counters of all processes over their lives: a process that starts again counts from
 * zero, and what it counted before stays.
 */
export class Observer {
  readonly #world: World;
  readonly #over = new AbortController();
  /** By process and counter, the last value that was read. */
  readonly #last = new Map<string, number>();
  readonly #sums = new Map<string, number>();
  #loop: Promise<void> | undefined;
  #termsBefore = 0n;

  constructor(world: World) {
    this.#world = world;
  }

  async start(): Promise<void> {
    this.#termsBefore = await this.#terms();
    this.#loop = this.#run();
  }

  /** What has been seen so far, what has not been seen left out. */
  async stop(): Promise<Partial<Record<Observation, number>>> {
    this.#over.abort();
    await this.#loop;
    await this.#look();
    const seen = Object.entries(counters).map(([name, metric]) => [name, this.#sums.get(metric)]);
    const deaths = this.#world.members.reduce((sum, member) => sum + member.deaths, 0);
    seen.push(['lease takeovers', Number((await this.#terms()) - this.#termsBefore)]);
    seen.push(['deaths', deaths]);
    return Object.fromEntries(seen.filter(([, count]) => Number(count ?? 0) > 0));
  }

  sum(name: keyof typeof counters): number {
    return this.#sums.get(counters[name]) ?? 0;
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await this.#look();
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const instances = this.#world.settings.instances.map(({ name }) => name);
    await Promise.all(instances.map((name) => this.#lookAt(name)));
  }

  async #lookAt(name: string): Promise<void> {
    const answer = await this.#world.internal(name, '/metrics');
    if (answer?.status !== 200) return;
    for (const metric of Object.values(counters)) {
      const value = sumOf(answer.body, metric);
      const before = this.#last.get(`${name} ${metric}`) ?? 0;
      // Less than before: the process is another one.
      const more = value >= before ? value - before : value;
      this.#last.set(`${name} ${metric}`, value);
      this.#sums.set(metric, (this.#sums.get(metric) ?? 0) + more);
    }
  }

  /** Every lease that was ever taken, over all outboxes. */
  async #terms(): Promise<bigint> {
    const { orders, payments } = this.#world.addresses();
    let sum = 0n;
    for (const url of [orders, payments]) {
      const [row] = await select<{ term: string }>(url, 'select term from outbox_relay');
      sum += BigInt(row?.term ?? 0);
    }
    return sum;
  }
}

function sumOf(text: string, metric: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(metric));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** A server that has just recovered may be full of sessions that nobody has ended yet. */
const patienceMs = 20_000;

/** Rows of a database of the system under drill. Waits while the server has no session left. */
export async function select<Row>(url: string, text: string): Promise<Row[]> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return await selectOnce<Row>(url, text);
    } catch (error) {
      const isFull = (error as { code?: string }).code === '53300';
      if (!isFull || performance.now() > giveUpAt) throw error;
      await sleep(200);
    }
  }
}

async function selectOnce<Row>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end().catch(() => {});
  }
}
