import { once } from 'node:events';
import { Gauge } from 'prom-client';
import { Audit, type AuditProgress } from '#gen/purser/operations/v1/audit.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Job } from '#lib/service/periodic-job.ts';
import type { Clock } from '#lib/time/clock.ts';
import type { AuditOptions } from './audit.ts';
import { reportMessage } from './report-message.ts';
import { type AuditReport, brokenChecks } from './report.ts';

const violations = new Gauge({
  name: 'purser_invariant_violations',
  help: 'Rows that break an invariant, as the last audit saw it; 51 stands for more than 50.',
  labelNames: ['invariant', 'where'],
});

const lastAudit = new Gauge({
  name: 'purser_audit_last_timestamp_seconds',
  help: 'When the last audit that could look began, in seconds since 1970; 0 before the first.',
});

export interface AuditorOptions {
  run(options: Pick<AuditOptions, 'onProgress'>): Promise<AuditReport>;
  /** Seconds from the end of one audit to the next that nobody asks for; 0 for none. */
  intervalSeconds: number;
  log: Logger;
  clock: Clock;
}

/** Audits from time to time and when asked, one at a time, and keeps what the last one found. */
export class Auditor {
  readonly #options: AuditorOptions;
  #report: Audit['lastReport'];
  #progress: AuditProgress | undefined;
  #problem: Pick<Audit, 'problem' | 'problemTime'> = { problem: '', problemTime: undefined };
  #running: Promise<void> | undefined;

  constructor(options: AuditorOptions) {
    this.#options = options;
  }

  /** None when audits are only made when somebody asks. */
  jobs(): Job[] {
    const { intervalSeconds } = this.#options;
    if (intervalSeconds === 0) return [];
    const run = (signal: AbortSignal) => Promise.race([this.run(), aborted(signal)]);
    return [{ name: 'audit', intervalMs: intervalSeconds * 1_000, run }];
  }

  get state(): Audit {
    const { intervalSeconds } = this.#options;
    return {
      lastReport: this.#report,
      progress: this.#progress,
      ...this.#problem,
      intervalSeconds,
    };
  }

  /** Resolves when an audit has ended: the one in hand, or a new one. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#audit().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #audit(): Promise<void> {
    const { run, log, clock } = this.#options;
    const startTime = clock();
    this.#progress = { startTime, doneSteps: 0, totalSteps: 0 };
    try {
      const report = await run({
        onProgress: (doneSteps, totalSteps) => {
          this.#progress = { startTime, doneSteps, totalSteps };
        },
      });
      this.#problem = { problem: '', problemTime: undefined };
      this.#report = reportMessage(report);
      this.#tell(report);
    } catch (error) {
      this.#problem = { problem: (error as Error).message, problemTime: clock() };
      log.warn({ error }, 'an audit could not look');
    } finally {
      this.#progress = undefined;
    }
  }

  #tell(report: AuditReport): void {
    lastAudit.set(new Date(report.startTime).getTime() / 1_000);
    for (const { id, where, broken, more } of report.checks) {
      violations.set({ invariant: id, where }, broken.length + (more ? 1 : 0));
    }
    const bad = brokenChecks(report).map(({ id, where }) => `${id} ${where}`);
    if (bad.length > 0) this.#options.log.error({ broken: bad }, 'the audit found what is broken');
  }
}

/** An audit may take minutes; a stop of the process does not wait for it. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
