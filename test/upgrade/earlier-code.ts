import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { extractTree, findBase, git } from '../../tools/contracts/base.ts';
import type { Migrations } from '#lib/pg/migrate.ts';
import { type Step } from '../../tools/migrations/lint.ts';
import { stepsOf } from '../../tools/migrations/steps.ts';

export const projectFolder = resolve(import.meta.dirname, '../..');

export interface EarlierCode {
  /** `v1.2.0`, or the short name of the commit. */
  name: string;
  /** Its files, with the packages of this working copy. */
  folder: string;
}

/**
 * The code to upgrade from: the commit that is named, else the newest release (a tag `v…` before
 * this commit), else the commit where the work left main. The reason when there is none, as in a
 * clone without history.
 */
export async function earlierCode(
  commit?: string,
): Promise<EarlierCode | { folder?: never; reason: string }> {
  const chosen = commit ?? (await releaseBefore()) ?? (await base());
  if (typeof chosen !== 'string') return chosen;
  const name = await git(projectFolder, 'describe', '--tags', '--always', `${chosen}^{commit}`);
  if (name === undefined) return { reason: `there is no commit ${chosen} here` };
  const folder = temporaryFolder();
  if (!(await extractTree(projectFolder, chosen, folder))) {
    return { reason: `the commit ${chosen} cannot be unpacked` };
  }
  symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, '.purser'));
  return { name, folder };
}

async function releaseBefore(): Promise<string | undefined> {
  return git(projectFolder, 'describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*', 'HEAD^');
}

async function base(): Promise<string | { reason: string }> {
  const found = await findBase(projectFolder);
  return 'commit' in found ? found.commit : found;
}

/** Steps of a service's schema in that code; none when it had no such service. */
export async function stepsIn(folder: string, service: string): Promise<Step[]> {
  const file = schemaFile(folder, service);
  if (!existsSync(file)) return [];
  const { migrations } = (await import(file)) as { migrations: Migrations };
  return stepsOf(migrations);
}

/** From now on the code in the folder makes its databases with the schema of ours. */
export function giveOurSchema(folder: string, service: string): void {
  for (const name of ['migrations', 'rights']) {
    const ours = join(projectFolder, 'services', service, 'schema', `${name}.ts`);
    const text = `export { ${name} } from ${JSON.stringify(ours)};\n`;
    writeFileSync(join(folder, 'services', service, 'schema', `${name}.ts`), text);
  }
}

function schemaFile(folder: string, service: string): string {
  return join(folder, 'services', service, 'schema/migrations.ts');
}
