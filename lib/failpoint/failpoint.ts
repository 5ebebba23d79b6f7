import { ConnectionLostError } from '#lib/pg/failure.ts';
import { Arms } from './arms.ts';
import type { Failpoint } from './failpoints.ts';

const { PURSER_FAILPOINTS: wanted = 'off', PURSER_ENV: kind } = process.env;

/**
 * Whether this process may be told to fail, which PURSER_FAILPOINTS decides at its start and
 * production refuses. Everywhere else this is a constant that is false, and all that is left of
 * `if (isDrill) await failpoint('…')` is its test: 15 ns on a busy machine, once for a batch.
 */
export const isDrill: boolean = wanted !== 'off' && wanted !== '' && kind !== 'production';

/** What this process is told to do at which point; undefined outside of drills. */
export const arms: Arms | undefined = isDrill
  ? new Arms({
      crash: () => process.kill(process.pid, 'SIGKILL'),
      fail: (name) => new ConnectionLostError(`the failpoint ${name} was told to throw`),
    })
  : undefined;

if (isDrill && wanted !== 'on') arms?.set(wanted);

/**
 * Passes a point. Does there what the process was told: dies by SIGKILL, waits, hangs until it is
 * told otherwise, or throws what a lost connection throws.
 */
export async function failpoint(name: Failpoint): Promise<void> {
  await arms?.pass(name);
}
