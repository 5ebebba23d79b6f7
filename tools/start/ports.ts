import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenerOf } from './port-listener.ts';
import type { WantedPort } from './settings.ts';

/** One sentence for each port that cannot be had, within 2 s; empty when all can. */
export async function portProblems(ports: readonly WantedPort[]): Promise<string[]> {
  const problems: string[] = [];
  const first = new Map<number, WantedPort>();
  for (const wanted of ports) {
    const other = first.get(wanted.port);
    if (other === undefined) {
      first.set(wanted.port, wanted);
      const problem = await problemOf(wanted);
      if (problem !== undefined) problems.push(problem);
    } else {
      problems.push(
        `Port ${wanted.port} is wanted twice, by ${other.usedBy} and by ${wanted.usedBy}: ` +
          `change ${other.variable} or ${wanted.variable}.`,
      );
    }
  }
  return problems;
}

async function problemOf(wanted: WantedPort): Promise<string | undefined> {
  const { port, host, usedBy, variable } = wanted;
  if (port > 65_535) return `Port ${port} (${usedBy}) does not exist: set ${variable} lower.`;
  let code = await tryToListen(port, host);
  // Nobody listens: a connection has it as its own end, or a process that is ending.
  for (let tries = 1; code === 'EADDRINUSE' && tries < 20 && !listenerOf(port); tries += 1) {
    await sleep(100);
    code = await tryToListen(port, host);
  }
  if (code === undefined) return undefined;
  if (code === 'EADDRINUSE') {
    const listener = listenerOf(port);
    const by = listener === undefined ? '' : ` by ${listener}`;
    return `Port ${port} (${usedBy}) is taken${by}: stop that, or set ${variable} to a free port.`;
  }
  if (code === 'EACCES') {
    return `Port ${port} (${usedBy}) is not allowed to this user: set ${variable} to 1024 or more.`;
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `PURSER_HOST must be an address of this machine, not ${host}.`;
  }
  return `Port ${port} (${usedBy}, ${variable}) cannot be listened on: ${code}.`;
}

/** Returns the error's code, or undefined when the port is free. */
function tryToListen(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
