import { type LoadOptions, ordersDuring, type Tally } from '../deploy/check/load.ts';
import type { Fleet } from './fleet.ts';

const columns = ['step', 'seconds', 'accepted', 'paid', 'failed', 'repeated', 'longest wait'];
const widths = [38, 8, 9, 7, 7, 9, 13];

/** Time for what is on its way when the load ends; the load itself waits until each order ended. */
const graceMs = 5_000;

const usual: LoadOptions = { users: 8, pauseMs: 20, payable: 200n };

type Outcome = Pick<Tally, 'repeated' | 'unanswered'>;

/** A table of steps, each under load and with the audit after it. */
export class Steps {
  readonly #fleet: Fleet;
  readonly #load: LoadOptions;
  #problems = 0;

  constructor(fleet: Fleet, title: string, load = usual) {
    this.#fleet = fleet;
    this.#load = load;
    print(title);
    row(...columns);
  }

  get problems(): number {
    return this.#problems;
  }

  /** Runs `work` while users order; then each accepted order must have ended, the audit hold. */
  async run(name: string, work: () => Promise<void>): Promise<Outcome> {
    const startedMs = performance.now();
    const seconds = () => ((performance.now() - startedMs) / 1_000).toFixed(1);
    try {
      const tally = await ordersDuring(this.#fleet.url, work, this.#load);
      const longest = `${(tally.longestMs / 1_000).toFixed(1)} s`;
      row(name, seconds(), tally.accepted, tally.paid, tally.failed, tally.repeated, longest);
      await this.#fleet.requireSound(graceMs);
      return tally;
    } catch (error) {
      row(name, seconds(), 'failed');
      this.fault((error as Error).message);
      return { repeated: 0, unanswered: 0 };
    }
  }

  fault(text: string): void {
    this.#problems += 1;
    print(`  ${text.replaceAll('\n', '\n  ')}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function row(...cells: (string | number)[]): void {
  print(cells.map((cell, index) => String(cell).padEnd(widths[index] ?? 0)).join(' '));
}
