import { parseArgs, type ParseArgsConfig } from 'node:util';

/** What parseArgs makes of a configuration: `values` and `positionals` with their exact types. */
export type Arguments<Config extends ParseArgsConfig> = ReturnType<typeof parseArgs<Config>>;

/** A wrong argument, in one sentence: to be thrown by what `readArguments` calls. */
export class WrongArgument extends Error {}

/**
 * Reads the arguments of a command with `parseArgs` of node:util and returns what that returns, or
 * what `read` makes of it. `usage` is the command line, then what the command does, then its
 * options. `--help` prints it and ends the process with 0; after a wrong argument one sentence and
 * the usage go to standard error, and the process ends with 2: so this comes before anything is
 * started. An empty configuration takes no arguments at all.
 */
export function readArguments<const Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): Arguments<Config>;
export function readArguments<const Config extends ParseArgsConfig, Result>(
  usage: string,
  config: Config,
  read: (given: Arguments<Config>) => Result,
): Result;
export function readArguments(
  usage: string,
  config: ParseArgsConfig,
  read: (given: Arguments<ParseArgsConfig>) => unknown = (given) => given,
): unknown {
  const args = config.args ?? process.argv.slice(2);
  if (args.some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`Usage: ${usage}\n`);
    process.exit(0);
  }
  try {
    return read(parseArgs({ ...config, args: [...args] }));
  } catch (error) {
    if (!isAboutArguments(error)) throw error;
    process.stderr.write(`${sentenceOf(error)}\nUsage: ${usage}\n`);
    process.exit(2);
  }
}

/** All of `parseArgs`' own errors have codes that begin alike. */
function isAboutArguments(error: unknown): error is Error {
  if (error instanceof WrongArgument) return true;
  return error instanceof Error && String(Reflect.get(error, 'code')).startsWith('ERR_PARSE_ARGS_');
}

/** Without Node's advice on positional arguments that begin with a dash: there are none. */
function sentenceOf({ message }: Error): string {
  return message.replace(/\. To specify a positional argument [^]*/, '').replace(/\.?$/, '.');
}

/** Throws WrongArgument for an option that `command`, which takes those `known`, would ignore. */
export function requireOptionsOf(
  command: string,
  known: readonly string[],
  values: Readonly<Record<string, unknown>>,
): void {
  const other = Object.keys(values).find((name) => !known.includes(name));
  if (other !== undefined) throw new WrongArgument(`${command} takes no --${other}.`);
}

/**
 * The number that an option or variable has in digits; undefined when it is not given. Throws
 * WrongArgument when it is something else, or not from `min` to `max`.
 */
export function wholeNumber(name: string, text: string, range: Range): number;
export function wholeNumber(
  name: string,
  text: string | undefined,
  range: Range,
): number | undefined;
export function wholeNumber(
  name: string,
  text: string | undefined,
  { min, max = Number.MAX_SAFE_INTEGER }: Range,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  const end = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
  throw new WrongArgument(
    `${name} takes a whole number from ${min}${end}, not ${text || 'nothing'}.`,
  );
}

/** Both ends included. */
interface Range {
  min: number;
  max?: number;
}
