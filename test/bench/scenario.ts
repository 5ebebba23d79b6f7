import type { BenchSystem } from './bench-system.ts';

/** What a scenario measured, by name; the unit stands at the end of the name. */
export type Figures = Readonly<Record<string, number | string>>;

/** How long and how much; `--quick` takes less of everything. */
export interface Extent {
  warmUpMs: number;
  measureMs: number;
  users: number;
  /** Orders that wait in the outbox in `pipeline`. */
  pipelineOrders: number;
  /** Old orders in `growth`. */
  oldOrders: number;
  soakMs: number;
}

export interface ScenarioContext {
  extent: Extent;
  /** One system for all scenarios that do not ask for another. */
  system(): Promise<BenchSystem>;
  /** One line of progress. */
  print(line: string): void;
  /** The audit of the tests over all databases; throws what it finds broken. */
  audit(system: BenchSystem): Promise<void>;
}

export interface Scenario {
  name: string;
  /** One line: what it measures. */
  about: string;
  /** It starts systems of its own, beside which the one of the others shall not run. */
  ownSystems?: true;
  run(context: ScenarioContext): Promise<Figures>;
}

/** A scenario that this machine, or the extent, does not allow: the reason is printed. */
export class Skipped extends Error {}
