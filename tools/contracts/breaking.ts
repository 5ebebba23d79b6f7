import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootDirectory, runBuf } from '../gen/run-buf.ts';
import { extractContracts, findBase } from './base.ts';
import type { CheckResult } from './check-result.ts';

/**
 * What buf says of a method that becomes idempotent, or one without side effects, by its contract.
 * Clients repeat it from then on; no client relied on it that it must not be repeated.
 */
export const morePromised = /changed option "idempotency_level" from "IDEMPOTENCY_UNKNOWN" to "/;

/**
 * Whether a client of the contracts on main would break. Compares with the commit where the work
 * left main; on main itself, with the commit before, unless proto/ has changes of its own.
 */
export async function breaking(root = rootDirectory): Promise<CheckResult> {
  const name = 'contracts: breaking changes';
  const base = await findBase(root);
  if ('reason' in base) {
    return { name, ok: true, detail: base.reason };
  }
  const directory = await mkdtemp(join(tmpdir(), 'purser-breaking-'));
  try {
    if (!(await extractContracts(root, base.commit, directory))) {
      const detail = `The commit ${base.commit} has no contracts to compare with.`;
      return { name, ok: true, detail };
    }
    const against = join(directory, 'tree/proto');
    const { ok, output } = await runBuf(['breaking', 'proto', '--against', against], root);
    const detail = output.split('\n').filter((line) => !morePromised.test(line));
    return { name, ok: ok || detail.length === 0, detail: detail.join('\n') };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
