import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootDirectory } from '../../gen/run-buf.ts';
import { extractContracts, findBase, git } from '../base.ts';
import type { Row } from './change.ts';
import { compareEvents } from './events.ts';
import { compareOpenApi } from './openapi.ts';
import { compareProtobuf } from './protobuf.ts';
import { compareReasons } from './reasons.ts';
import { compareRoutes } from './routes.ts';
import { compareSdk } from './sdk.ts';
import { readBase, readHead } from './side.ts';
import { compareValidators } from './validators.ts';

/** What the working tree does to all that is made from the contracts of a commit. */
export type Report = { commit: string; rows: Row[] } | { reason: string };

/**
 * Compares the contracts of the working tree with those of `against`, or else of the commit that
 * the work started from. Throws for a name of no commit, and when the contracts are refused.
 */
export async function report(
  options: { root?: string; against?: string | undefined } = {},
): Promise<Report> {
  const { root = rootDirectory, against } = options;
  const base = against === undefined ? await findBase(root) : await named(root, against);
  if ('reason' in base) return base;
  const directory = await mkdtemp(join(tmpdir(), 'purser-contract-'));
  try {
    await mkdir(directory, { recursive: true });
    if (!(await extractContracts(root, base.commit, directory))) {
      return { reason: `The commit ${base.commit} has no contracts to compare with.` };
    }
    return { commit: base.commit, rows: await compare(root, base.commit, directory) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function named(root: string, against: string): Promise<{ commit: string }> {
  const commit = await git(root, 'rev-parse', '--verify', '--quiet', `${against}^{commit}`);
  if (commit === undefined) throw new Error(`There is no commit ${against}.`);
  return { commit };
}

async function compare(root: string, commit: string, directory: string): Promise<Row[]> {
  const tree = join(directory, 'tree');
  const sides = [
    readBase({ root, commit, tree }, join(directory, 'base.binpb')),
    readHead(root, join(directory, 'head.binpb')),
  ] as const;
  // Whichever fails, both have to be done: the directory that they work in goes away.
  await Promise.allSettled(sides);
  const [base, head] = await Promise.all(sides);
  const validators = compareValidators(base, head);
  const reasons = compareReasons(base, head);
  const routes = compareRoutes(base, head);
  return [
    ...(await compareProtobuf(base, head, directory)),
    routes,
    compareOpenApi(base, head),
    validators,
    reasons,
    compareEvents(base, head),
    compareSdk(base, head, [routes, validators, reasons]),
  ];
}
