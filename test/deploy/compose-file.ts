import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';

const projectFolder = resolve(import.meta.dirname, '../..');

export interface Container {
  image: string;
  build?: { dockerfile: string; target: string };
  command?: string[];
  entrypoint?: string[];
  user?: string;
  restart?: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  stop_grace_period?: string;
  healthcheck?: { test?: string[]; disable?: boolean };
  ports?: string[];
  networks?: string[];
  volumes?: string[];
  env_file?: string;
  environment?: Record<string, string>;
  profiles?: string[];
  depends_on?: Record<string, { condition: string }>;
  deploy?: { resources?: { limits?: { cpus?: string; memory?: string; pids?: number } } };
}

export interface ComposeFile {
  services: Record<string, Container>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, unknown>;
}

export function readProject(path: string): string {
  return readFileSync(resolve(projectFolder, path), 'utf8');
}

/** docker-compose.yml with its anchors and merges resolved; `${…}` stay as they are. */
export function readComposeFile(): ComposeFile {
  const options = { merge: true, maxAliasCount: 1_000 };
  return parse(readProject('docker-compose.yml'), options) as ComposeFile;
}

export interface Stage {
  base: string;
  /** Each instruction with all that follows it, continuation lines joined. */
  instructions: string[];
}

/** The stages of deploy/Dockerfile by name. */
export function readDockerfile(): Map<string, Stage> {
  const stages = new Map<string, Stage>();
  const text = readProject('deploy/Dockerfile').replaceAll(/^#.*\n/gm, '');
  let stage: Stage | undefined;
  for (const line of text.replaceAll(/\\\n\s*/g, '').split('\n')) {
    const [, base, name] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? [];
    if (base !== undefined && name !== undefined) {
      stage = { base, instructions: [] };
      stages.set(name, stage);
    } else if (line.trim() !== '') {
      stage?.instructions.push(line.trim());
    }
  }
  return stages;
}
