import type { Load, LoadOptions } from './load/load.ts';
import type { Observation } from './observe.ts';
import type { Random } from './random.ts';
import type { World, WorldOptions } from './world/world.ts';

export interface DrillContext {
  rounds: number;
  random: Random;
  world: World;
  load: Load;
  /** One line of what is going on. */
  say(line: string): void;
  /** Counts what was done to the system. */
  injected(what: string, count?: number): void;
  /** Counts what was seen of it. */
  observed(what: string, count?: number): void;
  /** Keeps the greatest of what was measured. */
  measured(what: string, value: number, unit: string): void;
  /** Says what must not have happened; the drill fails, and goes on. */
  fault(what: string): void;
  /** How many of these the processes have counted so far. */
  counted(what: Counted): number;
}

export type Counted = Exclude<Observation, 'lease takeovers' | 'deaths' | 'cut sessions'>;

export interface Drill {
  /** `kill-services` */
  name: string;
  /** Of the fault table: `F1, F2`. */
  faults: string;
  /** What is done, one sentence without its end. */
  says: string;
  /** What one round is. */
  round: string;
  roundsDefault: number;
  /** Without any of these the drill has not injected what it says, and fails. */
  mustObserve: readonly (Observation | string)[];
  load?: LoadOptions;
  /** Root, and a network or mounts of its own. */
  needs?: 'own network' | 'own mounts';
  /** How long all orders may take to become final after the last fault, in seconds. Default 90. */
  finalWithinSeconds?: number;
  /** Makes what the world stands on, and what the drill then does with it. */
  prepare(random: Random): Promise<Prepared>;
}

export interface Prepared {
  world?: WorldOptions;
  run(context: DrillContext): Promise<void>;
  /** Takes away what was made; called when the world is gone. */
  undo?(): Promise<void>;
}

/** A drill that needs nothing but the system itself. */
export function drill({ run, ...what }: Omit<Drill, 'prepare'> & { run: Prepared['run'] }): Drill {
  return { ...what, prepare: async () => ({ run }) };
}
