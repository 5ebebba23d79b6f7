import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootDirectory, runBuf, runProgram } from '../gen/run-buf.ts';
import type { CheckResult } from './check-result.ts';

/**
 * What buf says of a method that becomes idempotent, or one without side effects, by its contract.
 * Clients repeat it from then on; no client relied on it that it must not be repeated.
 */
const morePromised = /changed option "idempotency_level" from "IDEMPOTENCY_UNKNOWN" to "/;

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
    if (!(await extract(root, base.commit, directory))) {
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

async function findBase(root: string): Promise<{ commit: string } | { reason: string }> {
  const head = await git(root, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}');
  if (head === undefined) {
    return { reason: 'There is no git history to compare the contracts with.' };
  }
  const fork =
    (await git(root, 'merge-base', 'HEAD', 'origin/main')) ??
    (await git(root, 'merge-base', 'HEAD', 'main'));
  if (fork === undefined) {
    return { reason: 'No main branch is known here to compare the contracts with.' };
  }
  const isUnchanged = (await git(root, 'status', '--porcelain', '--', 'proto', 'buf.yaml')) === '';
  if (fork !== head || !isUnchanged) {
    return { commit: fork };
  }
  const parent = await git(root, 'rev-parse', '--verify', '--quiet', 'HEAD^1');
  return parent === undefined
    ? { reason: 'The history has no earlier commit to compare the contracts with.' }
    : { commit: parent };
}

/** Puts the commit's contracts into `tree/`; false when it has none. */
async function extract(root: string, commit: string, directory: string): Promise<boolean> {
  const archive = join(directory, 'base.tar');
  const tree = join(directory, 'tree');
  await mkdir(tree);
  const paths = ['proto', 'buf.yaml'];
  if ((await git(root, 'archive', '--output', archive, commit, ...paths)) === undefined) {
    return false;
  }
  const { ok, output } = await runProgram('tar', ['-xf', archive, '-C', tree], root);
  if (!ok) {
    throw new Error(output);
  }
  // buf.yaml reaches into node_modules, which is not in git.
  await symlink(join(rootDirectory, 'node_modules'), join(tree, 'node_modules'));
  return true;
}

/** What git prints, trimmed; undefined when it fails or is not installed. */
async function git(root: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { ok, stdout } = await runProgram('git', args, root);
    return ok ? stdout : undefined;
  } catch {
    return undefined;
  }
}
