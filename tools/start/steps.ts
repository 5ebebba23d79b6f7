/** Prints what the start is doing: one line for each step, with the time it took. */
export class Steps {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  say(sentence: string): void {
    this.#write(`  ${sentence}\n`);
  }

  async step<T>(what: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await work();
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    this.#write(`✓ ${what} (${seconds} s)\n`);
    return result;
  }
}
