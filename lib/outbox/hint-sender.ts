import type { Timing } from '#lib/batch/timing.ts';
import type { WakeHints } from './relay-ports.ts';

/** One hint is enough for all commits of this span; the holder takes up to 500 rows at a time. */
const quietMs = 3;

/** Tells the holder of commits made elsewhere: the first at once, those that follow it together. */
export class HintSender {
  readonly #hints: WakeHints;
  readonly #timing: Timing;
  #quiet = false;
  #again = false;

  constructor(options: { hints: WakeHints; timing: Timing }) {
    this.#hints = options.hints;
    this.#timing = options.timing;
  }

  send(): void {
    if (this.#quiet) {
      this.#again = true;
      return;
    }
    this.#quiet = true;
    this.#hints.send('commit');
    void this.#timing.sleep(quietMs).then(() => {
      this.#quiet = false;
      if (!this.#again) return;
      this.#again = false;
      this.send();
    });
  }
}
