import { setTimeout as sleep } from 'node:timers/promises';
import { type Failpoint, requireFailpoint } from './failpoints.ts';

type Kind = 'crash' | 'throw' | 'delay' | 'hang';

interface Arm {
  kind: Kind;
  delayMs: number;
  /** How often the point is passed unharmed before. */
  spare: number;
  /** Whether it goes on after the first time. */
  always: boolean;
}

export interface Deeds {
  /** Ends the process; returns only in tests. */
  crash(): void;
  /** What a point throws. */
  fail(name: Failpoint): Error;
}

/** What a process is told to do at its failpoints, and how often it has passed each. */
export class Arms {
  readonly #deeds: Deeds;
  readonly #arms = new Map<Failpoint, Arm>();
  readonly #passed = new Map<Failpoint, number>();
  /** Those that hang, by their point. */
  readonly #hanging = new Map<Failpoint, PromiseWithResolvers<void>>();

  constructor(deeds: Deeds) {
    this.#deeds = deeds;
  }

  /**
   * Reads `name=deed` or several separated by commas. Deeds: `crash`, `throw`, `delay:<ms>`,
   * `hang`, and `off`, which also lets those go that hang. `@n` after it means the n-th pass from
   * now, `*` every pass and not only one. Throws a RangeError, whose message completes
   * “… must be”, and then changes nothing.
   */
  set(text: string): void {
    const read = text.split(',').map(readArm);
    for (const [name, arm] of read) {
      if (arm !== undefined) {
        this.#arms.set(name, arm);
        continue;
      }
      this.#arms.delete(name);
      this.#hanging.get(name)?.resolve();
      this.#hanging.delete(name);
    }
  }

  /** How often each point was passed, and how many points are still armed or hang. */
  report(): { passed: Record<string, number>; armed: string[]; hanging: string[] } {
    return {
      passed: Object.fromEntries(this.#passed),
      armed: [...this.#arms.keys()],
      hanging: [...this.#hanging.keys()],
    };
  }

  async pass(name: Failpoint): Promise<void> {
    this.#passed.set(name, (this.#passed.get(name) ?? 0) + 1);
    const arm = this.#arms.get(name);
    if (arm === undefined) return;
    if (arm.spare > 0) {
      arm.spare -= 1;
      return;
    }
    if (!arm.always) this.#arms.delete(name);
    if (arm.kind === 'crash') this.#deeds.crash();
    if (arm.kind === 'throw') throw this.#deeds.fail(name);
    if (arm.kind === 'delay') await sleep(arm.delayMs);
    if (arm.kind === 'hang') await this.#hang(name);
  }

  #hang(name: Failpoint): Promise<void> {
    const held = this.#hanging.get(name) ?? Promise.withResolvers<void>();
    this.#hanging.set(name, held);
    return held.promise;
  }
}

const form = /^([a-z.]+)=(crash|throw|delay:(\d{1,6})|hang|off)(?:@(\d{1,6}))?(\*)?$/;

function readArm(text: string): [Failpoint, Arm | undefined] {
  const [, name = '', deed = '', ms = '0', nth = '1', always] = form.exec(text.trim()) ?? [];
  if (name === '' || Number(nth) < 1) {
    throw new RangeError('off, on, or points with deeds, such as settle.locked=hang');
  }
  const known = requireFailpoint(name);
  if (deed === 'off') return [known, undefined];
  const kind = deed.split(':', 1)[0] as Kind;
  return [known, { kind, delayMs: Number(ms), spare: Number(nth) - 1, always: always === '*' }];
}

/** The text of PURSER_FAILPOINTS; throws as `Arms.set` does. */
export function failpointsText(text: string): string {
  if (text !== 'off' && text !== 'on') text.split(',').forEach(readArm);
  return text;
}
