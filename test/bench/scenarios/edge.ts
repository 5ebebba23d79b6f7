import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../tools/local/free-port.ts';
import { memoryFlags } from '../../../tools/start/service-process.ts';
import { concurrency } from '../bench-system.ts';
import { runClosedLoop } from '../closed-loop.ts';
import { HttpConnection } from '../http-connection.ts';
import { restOrder } from '../order-request.ts';
import { round } from '../paid-orders.ts';
import { readProcess } from '../process-usage.ts';
import type { Figures, Scenario } from '../scenario.ts';

/** The two take turns, so that what else the machine does hits both. */
const rounds = 3;

export const edge: Scenario = {
  name: 'edge',
  about: 'the gateway before an echo service, against bare Fastify with grpc-js before the same',
  async run({ extent, print }) {
    const echoPort = await freePort();
    const echo = await startProgram('test/bench/edge/echo.ts', [String(echoPort)]);
    const gateway = await startEdge('gateway', echoPort);
    const bare = await startEdge('bare', echoPort);
    const edges = [gateway, bare];
    try {
      const measureMs = extent.measureMs / rounds;
      for (let n = 1; n <= rounds; n += 1) {
        for (const one of edges) await one.load(extent.warmUpMs / rounds, measureMs);
        print(`round ${n} of ${rounds}`);
      }
      return { ...gateway.figures(), ...bare.figures() };
    } finally {
      for (const { program } of [...edges, { program: echo }]) program.kill('SIGKILL');
    }
  },
};

async function startEdge(name: 'gateway' | 'bare', echoPort: number) {
  const port = await freePort();
  const program =
    name === 'bare'
      ? await startProgram('test/bench/edge/bare.ts', [String(port), String(echoPort)])
      : await startGateway(port, echoPort);
  const url = new URL(`http://127.0.0.1:${port}`);
  const http = await Promise.all(
    Array.from({ length: concurrency }, () => HttpConnection.open(url)),
  );
  const rates: number[] = [];
  let calls = 0;
  let cpuMs = 0;
  return {
    program,
    async load(warmUpMs: number, measureMs: number) {
      let before = 0;
      const result = await runClosedLoop(
        {
          concurrency,
          warmUpMs,
          measureMs,
          onMeasure: () => (before = readProcess(program.pid!)?.cpuMs ?? 0),
        },
        http.map((connection) => async () => {
          const { status } = await connection.send(restOrder('bench-0'));
          return status === 201;
        }),
      );
      if (result.failures > 0) throw new Error(`${name}: ${result.failures} calls failed.`);
      cpuMs += (readProcess(program.pid!)?.cpuMs ?? 0) - before;
      calls += result.calls;
      rates.push(result.perSecond);
    },
    figures: (): Figures => ({
      [`${name}PerSecond`]: round(rates.toSorted((a, b) => a - b)[rates.length >> 1]!),
      [`cpuMs.${name}`]: round(cpuMs / calls, 3),
    }),
  };
}

async function startGateway(port: number, echoPort: number): Promise<ChildProcess> {
  const echo = `127.0.0.1:${echoPort}`;
  const program = start('gateway/main.ts', [], {
    PURSER_GATEWAY_PORT: String(port),
    PURSER_GATEWAY_INTERNAL_PORT: String(await freePort()),
    PURSER_ORDERS_TARGET: echo,
    PURSER_PAYMENTS_TARGET: echo,
    PURSER_NOTIFICATIONS_TARGET: echo,
    PURSER_USER_RATE_LIMIT: 'off',
  });
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) await sleep(50);
  return program;
}

async function startProgram(file: string, args: readonly string[]): Promise<ChildProcess> {
  const program = start(file, args, {});
  await once(program.stdout!, 'data');
  return program;
}

function start(
  file: string,
  args: readonly string[],
  environment: Record<string, string>,
): ChildProcess {
  const program = spawn(
    process.execPath,
    [...memoryFlags, resolve(import.meta.dirname, '../../..', file), ...args],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    },
  );
  const kill = () => program.kill('SIGKILL');
  process.once('exit', kill);
  program.once('exit', () => process.off('exit', kill));
  program.stdout!.resume();
  return program;
}
