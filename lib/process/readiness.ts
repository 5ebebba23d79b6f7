import type { Logger } from '#lib/log/logger.ts';

export interface ReadinessReport {
  ready: boolean;
  /** It can do its work, and something that goes with it cannot: see `failures`. */
  degraded: boolean;
  /** Names of everything that is checked, in the order of the alphabet. */
  checks: string[];
  /** What failed, by the name of its check: `failed`, `timeout`, or `stopping`. */
  failures: Record<string, 'failed' | 'timeout' | 'stopping'>;
}

export type Check = () => Promise<unknown> | unknown;

export interface ReadinessOptions {
  checks: Record<string, Check>;
  /** Those among them without which the process still does what it is there for. */
  dispensable?: readonly string[];
  log: Logger;
  timeoutMs?: number;
}

/**
 * Whether a process can do its work right now: its dependencies answer and it is not shutting down.
 * A check that throws, or takes longer than a second, fails. At most one round of checks runs at a
 * time; whoever asks meanwhile gets that round's result, so that probes cannot pile up on a slow
 * dependency.
 */
export class Readiness {
  #checks: Record<string, Check>;
  #names: string[];
  #dispensable: ReadonlySet<string>;
  #timeoutMs: number;
  #log: Logger;
  #stopping = false;
  #round: Promise<ReadinessReport> | undefined;
  #failed = '';

  constructor(options: ReadinessOptions) {
    this.#checks = options.checks;
    this.#dispensable = new Set(options.dispensable);
    this.#names = Object.keys(options.checks).toSorted();
    this.#timeoutMs = options.timeoutMs ?? 1_000;
    this.#log = options.log;
  }

  /** From now on the process is not ready, whatever its dependencies say. */
  stop(): void {
    this.#stopping = true;
  }

  async report(): Promise<ReadinessReport> {
    if (this.#stopping) {
      const failures = { process: 'stopping' } as const;
      return { ready: false, degraded: false, checks: this.#names, failures };
    }
    this.#round ??= this.#runChecks().finally(() => {
      this.#round = undefined;
    });
    const report = await this.#round;
    return this.#stopping ? this.report() : report;
  }

  /**
   * Tells the listener at once and then at each change whether the process is ready, looking every
   * `periodMs`.
   * Returns a function that ends it.
   */
  watch(listener: (ready: boolean) => void, periodMs = 1_000): () => void {
    let last: boolean | undefined;
    const look = async () => {
      const { ready } = await this.report();
      if (ready === last || timer === undefined) return;
      last = ready;
      listener(ready);
    };
    let timer: NodeJS.Timeout | undefined = setInterval(look, periodMs).unref();
    void look();
    return () => {
      clearInterval(timer);
      timer = undefined;
    };
  }

  async #runChecks(): Promise<ReadinessReport> {
    const failures: ReadinessReport['failures'] = {};
    const run = async ([name, check]: [string, Check]) => {
      const outcome = await this.#runCheck(name, check);
      if (outcome !== 'ok') failures[name] = outcome;
    };
    await Promise.all(Object.entries(this.#checks).map(run));
    const failed = Object.keys(failures).toSorted();
    const ready = failed.every((name) => this.#dispensable.has(name));
    this.#logChange(ready, failed.join(', '));
    return { ready, degraded: ready && failed.length > 0, checks: this.#names, failures };
  }

  async #runCheck(name: string, check: Check): Promise<'ok' | 'failed' | 'timeout'> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(resolve, this.#timeoutMs, 'timeout');
    });
    const attempt = async () => {
      await check();
      return 'ok' as const;
    };
    try {
      return await Promise.race([attempt(), timeout]);
    } catch (error) {
      this.#log.debug({ check: name, error }, 'a readiness check failed');
      return 'failed';
    } finally {
      clearTimeout(timer);
    }
  }

  #logChange(ready: boolean, failed: string): void {
    if (failed === this.#failed) return;
    this.#failed = failed;
    if (failed === '') this.#log.info('ready');
    else if (ready) this.#log.warn({ failed }, 'ready, but degraded');
    else this.#log.warn({ failed }, 'not ready');
  }
}
