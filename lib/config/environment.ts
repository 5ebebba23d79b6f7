// Configuration comes from environment variables alone. All of them are checked before anything
// starts, and every fault is told at once, one sentence each.
import type { ProcessName, Variable } from './variable.ts';
import { variables, type VariableName } from './variables.ts';

type Reader<Name extends VariableName> = (typeof variables)[Name]['readBy'][number];

type ReadBy<P extends ProcessName> = {
  [Name in VariableName as [P] extends [Reader<Name>] ? Name : never]: ReturnType<
    (typeof variables)[Name]['parse']
  >;
};

type Values<T extends Record<string, Variable>> = {
  [Name in keyof T]: ReturnType<T[Name]['parse']>;
};

/** The values of the variables that a process reads, by name. */
export type Environment<
  P extends ProcessName,
  More extends Record<string, Variable> = Record<never, never>,
> = Readonly<ReadBy<P> & Values<More>>;

type Source = Record<string, string | undefined>;

/** Part of every password that is published with the source (deploy/development). */
const publishedMark = 'development-only';

/** Carries one sentence for each variable that is missing or malformed. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly problems: string[];

  constructor(problems: string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * Reads the variables that the process needs, and `more` that the table cannot list. Variables of
 * other processes, and names that nobody knows, are left alone: one environment may serve all
 * processes.
 * Throws EnvironmentError with all faults.
 */
export function readEnvironment<
  P extends ProcessName,
  More extends Record<string, Variable> = Record<never, never>,
>(
  processName: P,
  options: { source?: Source; more?: More | undefined } = {},
): Environment<P, More> {
  const { source = process.env, more } = options;
  const wanted = Object.entries<Variable>(variables).filter(([, { readBy }]) =>
    readBy.includes(processName),
  );
  const production = source['PURSER_ENV'] === 'production';
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, variable] of [...wanted, ...Object.entries<Variable>(more ?? {})]) {
    try {
      values[name] = readVariable(name, variable, source);
      if (production && variable.secret) refusePublished(name, source);
      if (production && variable.drillsOnly) refuseDrill(name, variable, source);
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
  return Object.freeze(values) as Environment<P, More>;
}

function readVariable(name: string, variable: Variable, source: Source): unknown {
  const text = source[name] || variable.default;
  if (text === undefined) throw new Error(`${name} is not set. ${variable.description}`);
  try {
    return variable.parse(text);
  } catch (error) {
    const shown = variable.secret ? '' : `, not ${JSON.stringify(text.slice(0, 100))}`;
    throw new Error(`${name} must be ${(error as Error).message}${shown}.`, { cause: error });
  }
}

function refusePublished(name: string, source: Source): void {
  if (!source[name]?.includes(publishedMark)) return;
  throw new Error(
    `${name} has a password that everybody can read in the source of Purser; ` +
      'production needs one of its own (docs/deployment.md).',
  );
}

function refuseDrill(name: string, variable: Variable, source: Source): void {
  if ((source[name] || variable.default) === variable.default) return;
  throw new Error(`${name} makes processes fail, and production has enough of that.`);
}

/**
 * Runs `read`; when variables are at fault, prints one sentence for each to stderr and exits with
 * 1.
 */
export function orExit<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
