import type { Logger } from '#lib/log/logger.ts';

export interface ReadinessReport {
  ready: boolean;
  /** Names of everything that is checked, in the order of the alphabet. */
  checks: string[];
  /** What failed, by the name of its check: `failed`, `timeout`, or `stopping`. */
  failures: Record<string, 'failed' | 'timeout' | 'stopping'>;
}

export type Check = () => Promise<unknown> | unknown;

/**
 * Whether a process can do its work right now: its dependencies answer and it is not shutting down.
 * A check that throws, or takes longer than a second, fails. At most one round of checks runs at a
 * time; whoever asks meanwhile gets that round's result, so that probes cannot pile up on a slow
 * dependency.
 */
export class Readiness {
  #checks: Record<string, Check>;
  #names: string[];
  #timeoutMs: number;
  #log: Logger;
  #stopping = false;
  #round: Promise<ReadinessReport> | undefined;
  #failed = '';

  constructor(options: { checks: Record<string, Check>; log: Logger; timeoutMs?: number }) {
    this.#checks = options.checks;
    this.#names = Object.keys(options.checks).toSorted();
    this.#timeoutMs = options.timeoutMs ?? 1_000;
    this.#log = options.log;
  }

  /** From now on the process is not ready, whatever its dependencies say. */
  stop(): void {
    this.#stopping = true;
  }

  async report(): Promise<ReadinessReport> {
    if (this.#stopping)
      return { ready: false, checks: this.#names, failures: { process: 'stopping' } };
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
    this.#logChange(Object.keys(failures).toSorted().join(', '));
    return { ready: Object.keys(failures).length === 0, checks: this.#names, failures };
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

  #logChange(failed: string): void {
    if (failed === this.#failed) return;
    this.#failed = failed;
    if (failed === '') this.#log.info('ready');
    else this.#log.warn({ failed }, 'not ready');
  }
}
