import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Search } from './find-nats-server.ts';

const execute = promisify(execFile);

export interface Release {
  version: string;
  baseUrl: string;
  /** SHA-256 of the archive, by `<platform>-<architecture>` in the words of the release. */
  checksums: Readonly<Record<string, string>>;
}

/** Checksums as in the Dockerfiles of nats-io/nats-docker, folder 2.12.x, for this version. */
const pinnedRelease: Release = {
  version: '2.12.15',
  baseUrl: 'https://github.com/nats-io/nats-server/releases/download',
  checksums: {
    'linux-amd64': '58ab8131f819263897e2fc38e503e1b755b63bcafeecc7d12582487df48ca15e',
    'linux-arm64': 'b724db99fefbf8f5c808baa82819ee50350aee9734017e4a478f7e545cef3ab6',
    'linux-arm7': '72311fe4e14ce3ce22dc8e7ac02633e6f31a9bab4086c92a31fd040e59683c8a',
  },
};

const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm7',
};

/** Downloads the official release and, if its checksum is the pinned one, unpacks it. */
export async function downloadRelease(
  folder: string,
  { progress, signal }: Search,
  release: Release = pinnedRelease,
): Promise<string> {
  const platform = `${process.platform}-${architectures[process.arch] ?? process.arch}`;
  const checksum = release.checksums[platform];
  if (checksum === undefined) throw new Error(`No release is pinned for ${platform}.`);
  const name = `nats-server-v${release.version}-${platform}`;
  progress(`Downloading ${name} from its official release.`);
  const archive = await download(`${release.baseUrl}/v${release.version}/${name}.tar.gz`, signal);
  const found = createHash('sha256').update(archive).digest('hex');
  if (found !== checksum) {
    throw new Error(`The downloaded ${name} has the checksum ${found}, not the pinned one.`);
  }
  const file = join(folder, `${name}.tar.gz`);
  writeFileSync(file, archive);
  await execute('tar', ['-xzf', file, '-C', folder]);
  return join(folder, name, 'nats-server');
}

async function download(url: string, signal?: AbortSignal): Promise<Buffer> {
  let response: Response;
  try {
    const late = AbortSignal.timeout(120_000);
    response = await fetch(url, { signal: signal ? AbortSignal.any([late, signal]) : late });
  } catch (cause) {
    throw new Error(`${url} cannot be reached.`, { cause });
  }
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  return Buffer.from(await response.arrayBuffer());
}
