// Builds web/dist unless its sources are the same as at the last time: `node tools/web/build.ts`.
// Every file of text is there compressed too, so that the server spends no time on it.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

export const projectFolder = resolve(import.meta.dirname, '../..');

/** Where the build is. */
export const siteFolder = join(projectFolder, 'web/dist');

const stampFile = '.built-from';

/** Everything that gets into the pages. */
const sources = [
  'gen/sdk/*.ts',
  'package-lock.json',
  'sdk/src/*.ts',
  'tools/web/build.ts',
  'web/{index.html,vite.config.ts}',
  'web/{public,src}/**/*',
];

/** Whether it has built; false when everything was as it should be. Throws what Vite says. */
export async function buildSite(): Promise<boolean> {
  const stamp = stampOf();
  if (isBuiltFrom(stamp)) return false;
  // Beside it first: a server that runs, or a build that is interrupted, keeps a whole one.
  const fresh = `${siteFolder}.${process.pid}`;
  try {
    const { build } = await import('vite');
    await build({
      configFile: join(projectFolder, 'web/vite.config.ts'),
      logLevel: 'error',
      build: { outDir: fresh, emptyOutDir: true },
    });
    await compress(fresh);
    writeFileSync(join(fresh, stampFile), stamp);
    replaceSite(fresh, stamp);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return true;
}

function isBuiltFrom(stamp: string): boolean {
  const present = join(siteFolder, stampFile);
  return existsSync(present) && readFileSync(present, 'utf8') === stamp;
}

function replaceSite(fresh: string, stamp: string): void {
  rmSync(siteFolder, { recursive: true, force: true });
  try {
    renameSync(fresh, siteFolder);
  } catch (error) {
    // Another start has built the same meanwhile.
    if (!isBuiltFrom(stamp)) throw error;
  }
}

function stampOf(): string {
  const hash = createHash('sha256');
  const entries = globSync(sources, { cwd: projectFolder, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.includes('.test.'));
  for (const file of files.map(({ parentPath, name }) => join(parentPath, name)).toSorted()) {
    hash
      .update(`${file.slice(projectFolder.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

async function compress(folder: string): Promise<void> {
  const names = globSync('**/*.{html,js,css,svg,webmanifest}', { cwd: folder });
  await Promise.all(
    names.map(async (name) => {
      const content = readFileSync(join(folder, name));
      const [br, gz] = await Promise.all([
        promisify(brotliCompress)(content),
        promisify(gzip)(content, { level: 9 }),
      ]);
      writeFileSync(join(folder, `${name}.br`), br);
      writeFileSync(join(folder, `${name}.gz`), gz);
    }),
  );
}

if (import.meta.main) {
  try {
    await buildSite();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
