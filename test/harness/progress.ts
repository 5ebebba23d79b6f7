import { writeFileSync } from 'node:fs';

export type Verdict = 'passed' | 'failed';

/** What a test file reports to the runner, as JSON in the file PURSER_TEST_REPORT. */
export interface Report {
  passed: number;
  failed: number;
  skipped: number;
  /** What `note` was told. */
  notes: string[];
}

/** How long a file may stay after its last test, for sockets that are closing. */
const lingerMs = 5_000;

/** Counts what the tests of this process do, and decides about its exit code at its end. */
class Progress {
  #registered = 0;
  #passed = 0;
  #failed = 0;
  #skipped = 0;
  #only = 0;
  #failedHooks = 0;
  #openSuites = 0;
  #lingered = false;
  readonly #notes: string[] = [];

  constructor() {
    process.on('exit', () => this.#conclude());
  }

  registered(): void {
    this.#registered += 1;
  }

  ended(verdict: Verdict): void {
    if (verdict === 'passed') this.#passed += 1;
    else this.#failed += 1;
  }

  hookEnded(verdict: Verdict): void {
    if (verdict === 'failed') this.#failedHooks += 1;
  }

  skipped(): void {
    this.#skipped += 1;
  }

  /** Says what was seen, also when all is well: one line that the runner prints below the file. */
  note(line: string): void {
    process.stdout.write(`  ${line}\n`);
    this.#notes.push(line);
  }

  onlyUsed(): void {
    this.#only += 1;
  }

  suiteStarted(): void {
    this.#openSuites += 1;
  }

  suiteEnded(): void {
    this.#openSuites -= 1;
    if (this.#openSuites > 0) return;
    // Fires only while something else keeps the process alive: a pool, a timer, a child.
    setTimeout(() => {
      this.#lingered = true;
      const held = process.getActiveResourcesInfo().join(', ');
      process.stderr.write(`\nThe tests are over, but the file does not end. Open: ${held}\n`);
      process.exit(1);
    }, lingerMs).unref();
  }

  #conclude(): void {
    const problems = this.#problems();
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    if (problems.length > 0 || this.#failed > 0) process.exitCode ||= 1;
    const reportFile = process.env['PURSER_TEST_REPORT'];
    if (reportFile === undefined) return;
    const report: Report = {
      passed: this.#passed,
      failed: this.#failed + problems.length,
      skipped: this.#skipped,
      notes: this.#notes,
    };
    writeFileSync(reportFile, JSON.stringify(report));
  }

  #problems(): string[] {
    const problems: string[] = [];
    if (this.#registered + this.#skipped === 0) problems.push('This test file registers no test.');
    const unrun = this.#registered - this.#passed - this.#failed;
    if (unrun > 0 && this.#only === 0) problems.push(`${unrun} registered tests did not run.`);
    if (this.#failedHooks > 0) problems.push(`${this.#failedHooks} hooks failed.`);
    if (this.#lingered) problems.push('The file did not end after its last test.');
    return problems;
  }
}

export const progress = new Progress();
