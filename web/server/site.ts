// What the build has made, read into memory: some thirty files, less than two megabytes.
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface SiteFile {
  contentType: string;
  /** Strong, and different for each encoding. */
  etag: string;
  /** Its name holds a hash of its content, so that the content under the name never changes. */
  immutable: boolean;
  /** By content coding; `identity` is always there. */
  bodies: ReadonlyMap<Coding, Buffer>;
}

export type Coding = 'br' | 'gzip' | 'identity';

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const precompressed: readonly (readonly [Coding, suffix: string])[] = [
  ['br', '.br'],
  ['gzip', '.gz'],
];

/** The page that every address without a file shows. */
export const indexPath = '/index.html';

/** All files of the build by path, '/assets/index-1a2b3c.js'. Throws when there is no build. */
export function readSite(folder: string): ReadonlyMap<string, SiteFile> {
  const names = globSync('**/*', { cwd: folder }).filter((name) => extname(name) in contentTypes);
  const site = new Map(names.map((name) => [`/${name}`, readSiteFile(folder, name)]));
  if (!site.has(indexPath)) throw new Error(`${folder} holds no build; npm start makes it.`);
  return site;
}

function readSiteFile(folder: string, name: string): SiteFile {
  const content = readFileSync(join(folder, name));
  const bodies = new Map<Coding, Buffer>([['identity', content]]);
  for (const [coding, suffix] of precompressed) {
    const [found] = globSync(`${name}${suffix}`, { cwd: folder });
    if (found !== undefined) bodies.set(coding, readFileSync(join(folder, found)));
  }
  return {
    contentType: contentTypes[extname(name)] as string,
    etag: createHash('sha256').update(content).digest('base64url').slice(0, 22),
    immutable: name.startsWith('assets/'),
    bodies,
  };
}
