import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';

const execute = promisify(execFile);

export const chartFolder = resolve(import.meta.dirname, '../../../deploy/helm');

/** An object of Kubernetes as the chart writes it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: any;
  data?: Record<string, string>;
}

interface Dependency {
  name: string;
  version: string;
}

const { dependencies } = parse(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8')) as {
  dependencies: Dependency[];
};

/** Whether `helm dependency build` has fetched the charts that ours is built on. */
export const isBuilt = dependencies.every(({ name, version }) =>
  existsSync(join(chartFolder, 'charts', `${name}-${version}.tgz`)),
);

/** The chart; where its dependencies have not been fetched, a copy with empty ones. */
const rendered = isBuilt ? chartFolder : withEmptyDependencies();

function withEmptyDependencies(): string {
  const copy = join(temporaryFolder(), 'chart');
  cpSync(chartFolder, copy, { recursive: true });
  for (const { name, version } of dependencies) {
    const folder = join(copy, 'charts', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'Chart.yaml'), JSON.stringify({ apiVersion: 'v2', name, version }));
  }
  return copy;
}

/** What `helm template` makes of the values; throws what Helm says when it refuses them. */
export async function render(helm: string, values: object = {}): Promise<KubernetesObject[]> {
  const args = ['template', 'purser', rendered, '--namespace', 'shop', '--values', '-'];
  const running = execute(helm, args, { maxBuffer: 32 * 1024 * 1024 });
  running.child.stdin!.end(JSON.stringify(values));
  const { stdout } = await running;
  const documents = parseAllDocuments(stdout);
  for (const { errors } of documents as { errors: Error[] }[]) {
    if (errors[0] !== undefined) throw errors[0];
  }
  return documents
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

/** The one of that kind and name. */
export function named(
  objects: readonly KubernetesObject[],
  kind: string,
  name: string,
): KubernetesObject {
  const one = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (one === undefined) throw new Error(`there is no ${kind} ${name}`);
  return one;
}

/** The template of the pods that the object makes; undefined when it makes none. */
export function podOf({ kind, spec }: KubernetesObject): any {
  if (kind === 'Pod') return spec;
  if (kind === 'CronJob') return spec.jobTemplate.spec.template.spec;
  return ['Deployment', 'StatefulSet', 'DaemonSet', 'Job'].includes(kind)
    ? spec.template.spec
    : undefined;
}
