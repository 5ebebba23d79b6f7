import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const c8 = resolve(import.meta.dirname, '../../node_modules/.bin/c8');

/** What production runs. Its lines must be covered by more than this share, in per cent. */
export const measuredFolders = ['gateway', 'lib', 'sdk', 'services'];
export const linesPercentMin = 80;

export interface Coverage {
  folder: string;
  lines: number;
  covered: number;
}

interface V8Coverage {
  result: { url: string }[];
}

/**
 * Keeps of a test file's coverage what is about our own code, in `keptFolder`: a process that loads
 * MikroORM writes some 10 MB, and c8 reads the files of all processes into memory together.
 */
export function keepOwnCoverage(projectFolder: string, from: string, keptFolder: string): void {
  const folders = measuredFolders.map((name) => join(projectFolder, name, sep));
  const prefixes = folders.map((folder) => pathToFileURL(folder).href);
  mkdirSync(keptFolder, { recursive: true });
  for (const name of listJson(from)) {
    const file = join(from, name);
    const coverage = readCoverage(file);
    rmSync(file);
    if (coverage === undefined) continue;
    const result = coverage.result.filter(({ url }) => prefixes.some((it) => url.startsWith(it)));
    if (result.length === 0) continue;
    writeFileSync(`${file}.part`, JSON.stringify({ result }));
    renameSync(`${file}.part`, join(keptFolder, name));
  }
}

/** Lets c8 count the lines, prints its summary, and returns the counts of every folder. */
export async function reportCoverage(
  projectFolder: string,
  keptFolder: string,
  workFolder: string,
): Promise<{ summary: string; folders: Coverage[] }> {
  const args = [
    'report',
    `--temp-directory=${keptFolder}`,
    `--reports-dir=${workFolder}`,
    '--reporter=text-summary',
    '--reporter=json-summary',
    '--all',
    ...measuredFolders.map((name) => `--include=${name}/**/*.ts`),
    '--exclude=**/*.test.ts',
    '--exclude=sdk/dist/**',
  ];
  const { stdout } = await execute(process.execPath, [c8, ...args], { cwd: projectFolder });
  const file = join(workFolder, 'coverage-summary.json');
  const files = JSON.parse(readFileSync(file, 'utf8')) as Record<string, FileSummary>;
  return { summary: stdout.trim(), folders: byFolder(projectFolder, files) };
}

interface FileSummary {
  lines: { total: number; covered: number };
}

/** `lib/pg`, `services/orders`, `gateway`: the first two parts of the path. */
function byFolder(projectFolder: string, files: Readonly<Record<string, FileSummary>>): Coverage[] {
  const folders = new Map<string, Coverage>();
  for (const [path, { lines }] of Object.entries(files)) {
    if (path === 'total') continue;
    const parts = relative(projectFolder, path).split(sep).slice(0, -1);
    const folder = parts.slice(0, 2).join('/');
    const sum = folders.get(folder) ?? { folder, lines: 0, covered: 0 };
    sum.lines += lines.total;
    sum.covered += lines.covered;
    folders.set(folder, sum);
  }
  return [...folders.values()].toSorted((a, b) => (a.folder < b.folder ? -1 : 1));
}

export function percent({ lines, covered }: Coverage): number {
  return lines === 0 ? 100 : (100 * covered) / lines;
}

/** The sum over everything below a top folder. */
export function sumOf(name: string, folders: readonly Coverage[]): Coverage {
  const sum: Coverage = { folder: name, lines: 0, covered: 0 };
  for (const { folder, lines, covered } of folders) {
    if (folder !== name && !folder.startsWith(`${name}/`)) continue;
    sum.lines += lines;
    sum.covered += covered;
  }
  return sum;
}

function listJson(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

/** A process that was killed while it wrote has left half a file. */
function readCoverage(file: string): V8Coverage | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as V8Coverage;
  } catch {
    return undefined;
  }
}
