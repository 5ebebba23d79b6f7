import type { Cursor, Death, OutboxRow, PublishOutcome } from './relay-ports.ts';

type State = 'open' | 'finished';

/**
 * The rows of one page on their way to the broker. Outcomes come row by row and in any order; the
 * cursor only ever moves over a prefix of finished rows, and a retry publishes only what is open.
 */
export class PublishRound {
  readonly #rows: readonly OutboxRow[];
  readonly #states: State[];
  readonly #refusals: Death[];
  #finished = 0;

  constructor(rows: readonly OutboxRow[]) {
    this.#rows = rows;
    this.#states = rows.map(() => 'open');
    this.#refusals = rows.map(() => ({ cause: undefined, attempts: 0 }));
  }

  get done(): boolean {
    return this.#finished === this.#rows.length;
  }

  open(): OutboxRow[] {
    return this.#rows.filter((_, index) => this.#states[index] === 'open');
  }

  /** Takes the outcomes of the rows that `open` returned. */
  settle(outcomes: readonly PublishOutcome[]): void {
    let next = 0;
    this.#states.forEach((state, index) => {
      if (state !== 'open') return;
      const outcome = outcomes[next++];
      if (outcome?.kind === 'stored') this.#states[index] = 'finished';
      if (outcome?.kind === 'refused') {
        const { attempts } = this.#refusals[index] as Death;
        this.#refusals[index] = { cause: outcome.cause, attempts: attempts + 1 };
      }
    });
  }

  /** Moves over the stored rows at the head, and returns the cursor after them, if any. */
  takeStored(): Cursor | undefined {
    const before = this.#finished;
    while (this.#states[this.#finished] === 'finished') this.#finished += 1;
    return this.#finished > before ? this.#rows[this.#finished - 1]?.after : undefined;
  }

  /** Moves over the row at the head if it was refused `attemptsMax` times, and returns it. */
  takeRefused(attemptsMax: number): { row: OutboxRow; death: Death } | undefined {
    const row = this.#rows[this.#finished];
    const death = this.#refusals[this.#finished];
    if (row === undefined || death === undefined || death.attempts < attemptsMax) return undefined;
    this.#states[this.#finished] = 'finished';
    this.#finished += 1;
    return { row, death };
  }
}
