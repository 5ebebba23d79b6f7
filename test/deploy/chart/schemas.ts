import { execFile } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import type { KubernetesObject } from './render.ts';

const execute = promisify(execFile);

const projectFolder = resolve(import.meta.dirname, '../../..');

/** Where the npm packages made of the schemas of Kubernetes and of operators have each object. */
const packages: readonly [apiVersion: RegExp, module: (apiVersion: string) => string][] = [
  [/^keda\.sh\//, (version) => `@kubernetes-models/keda/${version}`],
  [/^postgresql\.cnpg\.io\//, (version) => `@kubernetes-models/cloudnative-pg/${version}`],
  [/^monitoring\.coreos\.com\//, (version) => `@kubernetes-models/prometheus-operator/${version}`],
  [/^(v1$|[a-z]+\/|[\w.]+\.k8s\.io\/)/, (version) => `kubernetes-models/${version}`],
];

/**
 * What of the object its schema refuses, in words: types, missing fields, formats. It lets unknown
 * fields pass: see `unknownFields`.
 */
export async function schemaFaults(object: KubernetesObject): Promise<string[]> {
  const models = (await import(moduleOf(object))) as Record<string, ModelClass | undefined>;
  const Model = models[object.kind];
  if (Model === undefined) return [`there is no ${object.apiVersion} ${object.kind}`];
  try {
    new Model(object).validate();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

type ModelClass = new (object: object) => { validate(): void };

function moduleOf({ apiVersion }: KubernetesObject): string {
  const found = packages.find(([pattern]) => pattern.test(apiVersion));
  if (found === undefined) throw new Error(`no schema for ${apiVersion}`);
  return found[1](apiVersion);
}

/**
 * What the compiler refuses when each object is written down as its type: fields that Kubernetes
 * does not know, which its schemas let pass and a server drops in silence.
 */
export async function unknownFields(objects: readonly KubernetesObject[]): Promise<string[]> {
  const folder = temporaryFolder();
  symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
  const lines = objects.map((object) => {
    const type = `import(${JSON.stringify(moduleOf(object))}).I${object.kind}`;
    return `(${JSON.stringify(object)}) satisfies ${type};`;
  });
  writeFileSync(join(folder, 'objects.ts'), `export {};\n${lines.join('\n')}\n`);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    target: 'esnext',
    module: 'nodenext',
    types: [],
  };
  const config = { compilerOptions, files: ['objects.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compiler = join(projectFolder, 'node_modules/.bin/tsc');
  try {
    await execute(compiler, ['-p', folder, '--pretty', 'false'], { maxBuffer: 16 * 1024 * 1024 });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (!stdout) throw error;
    const places = stdout.split('\n').filter((line) => /^\S.*error/.test(line));
    return places.map((line) => {
      const number = Number(/objects\.ts\((\d+),/.exec(line)?.[1]) - 2;
      const { kind, metadata } = objects[number] ?? { kind: '?', metadata: { name: '?' } };
      return `${kind} ${metadata.name}: ${line.replace(/^.*?error /, '')}`;
    });
  }
}
