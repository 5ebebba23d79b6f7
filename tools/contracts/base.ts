import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { rootDirectory, runProgram } from '../gen/run-buf.ts';

export type Base = { commit: string } | { reason: string };

/**
 * What the contracts are compared with: the commit where the work left main; on main itself the
 * commit before, unless proto/ has changes of its own. The reason when there is none.
 */
export async function findBase(root: string): Promise<Base> {
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
export async function extractContracts(
  root: string,
  commit: string,
  directory: string,
): Promise<boolean> {
  const tree = join(directory, 'tree');
  await mkdir(tree);
  if (!(await extractTree(root, commit, tree, ['proto', 'buf.yaml']))) {
    return false;
  }
  // buf.yaml reaches into node_modules, which is not in git.
  await symlink(join(rootDirectory, 'node_modules'), join(tree, 'node_modules'));
  return true;
}

/** Puts files of the commit, all by default, into `folder`; false when it has none of these. */
export async function extractTree(
  root: string,
  commit: string,
  folder: string,
  paths: readonly string[] = [],
): Promise<boolean> {
  const archive = `${folder}.tar`;
  if ((await git(root, 'archive', '--output', archive, commit, ...paths)) === undefined) {
    return false;
  }
  const { ok, output } = await runProgram('tar', ['-xf', archive, '-C', folder], root);
  await rm(archive);
  if (!ok) {
    throw new Error(output);
  }
  return true;
}

/** What git prints, trimmed; undefined when it fails or is not installed. */
export async function git(root: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { ok, stdout } = await runProgram('git', args, root);
    return ok ? stdout : undefined;
  } catch {
    return undefined;
  }
}
