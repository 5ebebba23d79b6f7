import { suite as uvuSuite } from 'uvu';
import { progress, type Verdict } from './progress.ts';

export interface Limits {
  /** Default 60 s: it ends what hangs, and says nothing about speed. */
  timeoutMs?: number;
}

type Body = () => unknown;

interface Hook {
  (body: Body, limits?: Limits): void;
  /** Around every single test. */
  each(body: Body, limits?: Limits): void;
}

export interface Suite {
  (name: string, body: Body, limits?: Limits): void;
  /** For a session at the keyboard; `tools/tidy.ts` refuses one that is left in. */
  only(name: string, body: Body, limits?: Limits): void;
  skip(name: string, body?: Body): void;
  before: Hook;
  after: Hook;
  /** Starts the tests registered so far; the last line of every test file. */
  run(): void;
}

const timeoutMsDefault = 60_000;

/**
 * A uvu suite with what uvu lacks: a time-out for every test and hook, failed hooks that fail the
 * file (uvu swallows a failing `before` and reports success), and a file that fails when it
 * registers nothing, leaves tests unrun, or does not end after its last test.
 */
export function suite(name: string): Suite {
  const inner = uvuSuite(name);
  const register =
    (add: (name: string, body: () => Promise<void>) => void) =>
    (title: string, body: Body, limits: Limits = {}) => {
      progress.registered();
      add(title, () => timed(title, body, limits, (verdict) => progress.ended(verdict)));
    };
  const hook =
    (kind: string, add: (body: () => Promise<void>) => void) =>
    (body: Body, limits: Limits = {}) => {
      add(() => timed(`${kind} hook`, body, limits, (verdict) => progress.hookEnded(verdict)));
    };
  const test = register(inner) as Suite;
  test.only = register((title, body) => {
    progress.onlyUsed();
    inner.only(title, body);
  });
  test.skip = () => {
    progress.skipped();
    inner.skip();
  };
  test.before = hook('before', inner.before) as Hook;
  test.before.each = hook('before.each', inner.before.each);
  test.after = hook('after', inner.after) as Hook;
  test.after.each = hook('after.each', inner.after.each);
  test.run = () => {
    progress.suiteStarted();
    // uvu runs the hooks in the order of their registration, so this one is the very last.
    inner.after(() => progress.suiteEnded());
    inner.run();
  };
  return test;
}

async function timed(
  title: string,
  body: Body,
  { timeoutMs = timeoutMsDefault }: Limits,
  report: (verdict: Verdict) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`“${title}” did not end within ${timeoutMs} ms.`));
    }, timeoutMs);
  });
  try {
    await Promise.race([body(), late]);
    report('passed');
  } catch (thrown) {
    report('failed');
    throw asError(thrown, title);
  } finally {
    clearTimeout(timer);
  }
}

/** uvu reads `name` and `stack` of whatever was thrown, and dies where they are missing. */
function asError(thrown: unknown, title: string): Error {
  const error = thrown instanceof Error ? thrown : new Error(`Thrown: ${String(thrown)}`);
  if (title.endsWith(' hook')) process.stderr.write(`\n${title} failed: ${error.stack}\n`);
  return error;
}
