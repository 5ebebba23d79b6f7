// The rules of the house that no linter has: `node tools/tidy.ts` lists what breaks them. Linters'
// rules (functions of at most 70 lines, left debug output, file names) are in
// tools/check/oxlintrc.json.
// It reads the text itself: TypeScript 7 has no library to parse with, and lines, import paths and
// a few words need no more than comments and strings to be told from code.
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const fileLinesMax = 400;
const columnsMax = 100;
/** Twelve folders, and the files that tools look for in the root. */
const rootEntriesMax = 21;

/** Files that may have more lines, each with the reason. */
const longFiles: Readonly<Record<string, string>> = {};

/** Barrels that are meant, each with the reason. */
const barrels: Readonly<Record<string, string>> = {
  'sdk/src/index.ts': 'what a published package shows has to be said somewhere',
};

const sourcePattern = '{gateway,lib,sdk,services,test,tools,web}/**/*.{ts,tsx,mjs}';

/** In the root of a working copy, and not of the project. */
const ignoredInRoot = new Set(['.git', '.purser', 'coverage', 'node_modules']);

const declaration = /^export (?:abstract |async )*(?:class|interface|type|function|const) (\w+)/;
const bannedParts = /(^|[^a-z])(utils?|common|helpers?|manager|impl)(?![a-z])/;
const bannedTypes = /^(I[A-Z][a-z]|Base[A-Z])/;

export interface SourceFile {
  /** Relative to the project, with slashes. */
  path: string;
  text: string;
}

/** Everything that breaks a rule, each as `path:line: what is wrong`. */
export function tidyProblems(projectFolder: string): string[] {
  const sources = readSources(projectFolder);
  const mentions = readMentions(projectFolder);
  return [
    ...rootProblems(rootEntries(projectFolder)),
    ...sources.flatMap(fileProblems),
    ...unreferencedFiles(sources, mentions),
  ].toSorted();
}

/** The rules that look at one file alone. */
export function fileProblems(file: SourceFile): string[] {
  return [
    ...lengthProblems(file),
    ...nameProblems(file),
    ...importProblems(file),
    ...barrelProblems(file),
    ...testProblems(file),
  ];
}

export function rootProblems(entries: readonly string[]): string[] {
  if (entries.length <= rootEntriesMax) return [];
  return [`the root has ${entries.length} entries, more than ${rootEntriesMax}`];
}

function lengthProblems({ path, text }: SourceFile): string[] {
  const lines = text.trimEnd().split('\n');
  const problems = lines.flatMap((line, index) => {
    // An address cannot be broken into two lines.
    if (line.length <= columnsMax || /https?:\/\//.test(line)) return [];
    return [`${path}:${index + 1}: ${line.length} columns, more than ${columnsMax}`];
  });
  if (lines.length > fileLinesMax && longFiles[path] === undefined) {
    problems.push(`${path}:${lines.length}: more than ${fileLinesMax} lines`);
  }
  return problems;
}

function nameProblems({ path, text }: SourceFile): string[] {
  const problems: string[] = [];
  const banned = bannedParts.exec(path)?.[2];
  if (banned !== undefined) problems.push(`${path}:1: the name “${banned}” says nothing`);
  for (const [index, line] of codeOf(text).split('\n').entries()) {
    const name = declaration.exec(line)?.[1];
    if (name === undefined) continue;
    const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
    if (bannedParts.test(words) || bannedTypes.test(name)) {
      problems.push(`${path}:${index + 1}: the name “${name}” has a part that says nothing`);
    }
  }
  return problems;
}

function importProblems({ path, text }: SourceFile): string[] {
  return importsOf(text).flatMap(({ line, specifier }) => {
    const isOurs = specifier.startsWith('.') || specifier.startsWith('#');
    if (!isOurs || /\.(ts|tsx|mjs|json|css)$/.test(specifier)) return [];
    return [`${path}:${line}: the import ${specifier} does not end in .ts`];
  });
}

/** A file that only passes on what others export hides where things are, and loads all of them. */
function barrelProblems({ path, text }: SourceFile): string[] {
  if (barrels[path] !== undefined) return [];
  const code = codeOf(text);
  if (/^export (type )?\*/m.test(code)) return [`${path}:1: export * makes a barrel`];
  const statements = code.split(';').map((statement) => statement.trim());
  const left = statements.filter((statement) => statement !== '');
  const passedOn = left.filter((statement) => /^export (type )?\{[^}]*\}\s*from\b/.test(statement));
  const isBarrel = passedOn.length > 0 && passedOn.length === left.length;
  return isBarrel ? [`${path}:1: nothing but exports of other files: a barrel`] : [];
}

function testProblems({ path, text }: SourceFile): string[] {
  if (!path.endsWith('.test.ts')) return [];
  const code = codeOf(text);
  const problems: string[] = [];
  const only = /\b\w+\.only\(/.exec(code);
  if (only !== null) problems.push(`${path}:${lineAt(code, only.index)}: a left .only`);
  const suiteName = /\bconst (\w+) = suite\(/.exec(code)?.[1];
  if (suiteName === undefined || !new RegExp(`\\b${suiteName}\\(`).test(code)) {
    problems.push(`${path}:1: registers no test`);
  } else if (!code.includes(`${suiteName}.run()`)) {
    problems.push(`${path}:1: never runs its tests`);
  }
  return problems;
}

/**
 * Source files that nothing uses. Used is what another file imports, and what is named by its path
 * (`services/orders/migrate.ts`, or as seen from the file that names it) in any text of ours.
 * Tests, and files named `main`, are begun by people and programs.
 */
export function unreferencedFiles(
  sources: readonly SourceFile[],
  mentions: readonly SourceFile[] = [],
): string[] {
  const used = new Set<string>();
  for (const { path, text } of sources) {
    for (const { specifier } of importsOf(text)) used.add(resolveImport(path, specifier));
  }
  return sources
    .map(({ path }) => path)
    .filter((path) => !/\.test\.ts$|(^|\/)main\.\w+$/.test(path) && !used.has(path))
    .filter((path) => ![...sources, ...mentions].some((file) => names(file, path)))
    .map((path) => `${path}:1: nothing uses this file`);
}

function names(file: SourceFile, path: string): boolean {
  if (file.path === path) return false;
  if (file.text.includes(path)) return true;
  const near = posix.relative(posix.dirname(file.path), path);
  return new RegExp(`['"\`](\\./)?${RegExp.escape(near)}['"\`]`).test(file.text);
}

function resolveImport(from: string, specifier: string): string {
  if (specifier.startsWith('#')) return specifier.slice(1);
  return posix.join(posix.dirname(from), specifier);
}

function importsOf(text: string): { line: number; specifier: string }[] {
  const pattern =
    /^(?:import|export|\}) (?:[^'";]*from )?['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    line: lineAt(text, match.index),
    specifier: match[1] ?? match[2] ?? '',
  }));
}

/** The text with the insides of comments and strings blanked; every line keeps its number. */
export function codeOf(text: string): string {
  const pattern =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`/g;
  return text.replaceAll(pattern, (found) => found.replaceAll(/[^\n]/g, ' '));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function readSources(projectFolder: string): SourceFile[] {
  return readAll(projectFolder, [sourcePattern]);
}

/** Other texts that may name a source file. */
function readMentions(projectFolder: string): SourceFile[] {
  return readAll(projectFolder, [
    '*.{json,yaml,yml,md}',
    'web/*.html',
    '.ci/*',
    'deploy/**/*',
    'docs/**/*.md',
  ]);
}

function readAll(projectFolder: string, patterns: string[]): SourceFile[] {
  return globSync(patterns, { cwd: projectFolder, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/node_modules|(sdk|web).dist/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({
      path: posix.relative(projectFolder, file),
      text: readFileSync(file, 'utf8'),
    }));
}

function rootEntries(projectFolder: string): string[] {
  return readdirSync(projectFolder).filter((name) => !ignoredInRoot.has(name));
}

if (import.meta.main) {
  const problems = tidyProblems(join(import.meta.dirname, '..'));
  for (const problem of problems) console.log(problem);
  if (problems.length > 0) process.exitCode = 1;
}
