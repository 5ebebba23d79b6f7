import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const projectFolder = resolve(import.meta.dirname, '../../..');

export interface Listed {
  name: string;
  service: string;
  healthy: boolean;
}

/** The containers of docker-compose.yml under a project's name and a port of their own. */
export class ComposedSystem {
  readonly #project: string;
  readonly #port: number;

  constructor({ project, port }: { project: string; port: number }) {
    this.#project = project;
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts what does not run, and waits until all of it is healthy. */
  async up(...args: string[]): Promise<void> {
    await this.compose('up', '--detach', '--wait', ...args);
  }

  async compose(...args: string[]): Promise<string> {
    return docker(['compose', '-p', this.#project, ...args], {
      PURSER_GATEWAY_PORT: String(this.#port),
    });
  }

  /** The containers that run; what runs once and ends is not among them. */
  async running(): Promise<Listed[]> {
    const lines = await this.compose('ps', '--format', '{{.Name}} {{.Service}} {{.Health}}');
    return lines.split('\n').map((line) => {
      const [name = '', service = '', health] = line.split(' ');
      return { name, service, healthy: health === 'healthy' };
    });
  }

  /** Starts containers that have ended, and nothing else. */
  async start(containers: readonly Listed[]): Promise<void> {
    await docker(['start', ...containers.map(({ name }) => name)]);
  }

  /** The process of a container, as this machine numbers it. */
  async pidOf(container: string): Promise<number> {
    return Number(await docker(['inspect', '--format', '{{.State.Pid}}', container]));
  }

  /** One value of the service's database, as text. */
  async sql(service: string, text: string): Promise<string> {
    const psql = ['psql', '-U', 'postgres', '-d', service, '-XAtc', text];
    return this.compose('exec', '-T', `${service}-db`, ...psql);
  }

  /** Names of everything that Docker still has of this project, images left out. */
  async leftovers(): Promise<string[]> {
    const label = `label=com.docker.compose.project=${this.#project}`;
    const lists = await Promise.all([
      docker(['ps', '--all', '--filter', label, '--format', 'container {{.Names}}']),
      docker(['volume', 'ls', '--filter', label, '--format', 'volume {{.Name}}']),
      docker(['network', 'ls', '--filter', label, '--format', 'network {{.Name}}']),
    ]);
    return lists.flatMap((list) => list.split('\n')).filter((line) => line !== '');
  }
}

/** What the command prints; rejects with the end of its complaints when it fails. */
export function docker(args: readonly string[], environment: NodeJS.Dict<string> = {}) {
  return new Promise<string>((done, reject) => {
    const child = spawn('docker', args, {
      cwd: projectFolder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let complaints = '';
    child.stdout.on('data', (data) => (output += String(data)));
    child.stderr.on('data', (data) => (complaints += String(data)));
    child.once('error', (cause) => reject(new Error('docker cannot be run', { cause })));
    child.once('close', (code) => {
      if (code === 0) return done(output.trim());
      const end = complaints.trim().split('\n').slice(-12).join('\n');
      reject(new Error(`docker ${args.join(' ')} failed:\n${end}`));
    });
  });
}
