import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const projectFolder = resolve(import.meta.dirname, '../../..');

export interface Listed {
  name: string;
  service: string;
  healthy: boolean;
}

export interface ComposedOptions {
  /** What Compose calls it, so that it is beside others. */
  project: string;
  /** Where the balancer is published. */
  port: number;
  /** Compose files over docker-compose.yml, from the folder of the project. */
  overlays?: readonly string[];
  /** Variables of the Compose files. */
  environment?: Readonly<Record<string, string>>;
}

/** What Docker has of a project, images left out, each as `volume purser_orders-data`. */
export interface Leftovers {
  left: string[];
  /**
   * Networks that nobody is in, and that the engine refuses to remove because it miscounts who is:
   * engines up to 28 lose count when containers end and start at the same time
   * (github.com/moby/moby/issues/42119), until the engine itself is started again.
   */
  miscounted: string[];
}

/** Containers of docker-compose.yml under a project's name and a port of their own. */
export class ComposedSystem {
  readonly #project: string;
  readonly #port: number;
  readonly #files: string[];
  readonly #environment: Readonly<Record<string, string>>;

  constructor({ project, port, overlays = [], environment = {} }: ComposedOptions) {
    this.#project = project;
    this.#port = port;
    this.#files = ['docker-compose.yml', ...overlays].flatMap((file) => ['-f', file]);
    this.#environment = environment;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts what does not run, and waits until all of it is healthy. */
  async up(...args: string[]): Promise<void> {
    await this.compose('up', '--detach', '--wait', ...args);
  }

  /** Removes everything; what it could not remove is among the leftovers. */
  async down(): Promise<void> {
    const all = ['--profile', 'observability', 'down', '--volumes', '--timeout', '15'];
    await this.compose(...all).catch((error: Error) => {
      if (!error.message.includes(inUse)) throw error;
    });
  }

  async compose(...args: string[]): Promise<string> {
    return docker(['compose', '-p', this.#project, ...this.#files, ...args], {
      ...this.#environment,
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

  async leftovers(): Promise<Leftovers> {
    const label = `label=com.docker.compose.project=${this.#project}`;
    const [containers, volumes, networks] = await Promise.all([
      list(['ps', '--all', '--filter', label, '--format', '{{.Names}}']),
      list(['volume', 'ls', '--filter', label, '--format', '{{.Name}}']),
      list(['network', 'ls', '--filter', label, '--format', '{{.Name}}']),
    ]);
    const miscounted: string[] = [];
    for (const name of networks) if (await isMiscounted(name)) miscounted.push(name);
    return {
      left: [
        ...containers.map((name) => `container ${name}`),
        ...volumes.map((name) => `volume ${name}`),
        ...networks.filter((name) => !miscounted.includes(name)).map((name) => `network ${name}`),
      ],
      miscounted,
    };
  }
}

/** What the engine says of a network that it takes to be in use. */
const inUse = 'has active endpoints';

async function isMiscounted(network: string): Promise<boolean> {
  const members = await docker(['network', 'inspect', '-f', '{{len .Containers}}', network]);
  // Those that do not run are not among its members.
  const attached = await list(['ps', '--all', '--quiet', '--filter', `network=${network}`]);
  if (members !== '0' || attached.length > 0) return false;
  return docker(['network', 'rm', network]).then(
    () => false,
    ({ message }: Error) => message.includes(inUse),
  );
}

async function list(args: readonly string[]): Promise<string[]> {
  return (await docker(args)).split('\n').filter((line) => line !== '');
}

/** Bytes of an image with all its layers; one that is not here is fetched. */
export async function imageBytes(image: string): Promise<number> {
  const inspect = ['image', 'inspect', '--format', '{{.Size}}', image];
  const size = await docker(inspect).catch(async () => {
    await docker(['pull', '--quiet', image]);
    return docker(inspect);
  });
  return Number(size);
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
