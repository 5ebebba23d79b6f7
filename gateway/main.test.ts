import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { suite } from '../test/harness/suite.ts';
import { freePort } from '../tools/local/free-port.ts';
import { startTestServices } from './test-gateway.ts';

const test = suite('gateway process');
const main = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Process {
  child: ChildProcess;
  ended: Promise<{ code: number | null; output: string; errors: string }>;
}

function run(env: Record<string, string>): Process {
  const child = spawn(process.execPath, [main], { env: { ...process.env, ...env }, stdio: 'pipe' });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return {
    child,
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output, errors })),
  };
}

async function untilReady(url: string): Promise<void> {
  for (;;) {
    const status = await fetch(`${url}/readyz`).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    await sleep(50);
  }
}

test('the process serves its two ports and stops with 0 at SIGTERM', async () => {
  const services = await startTestServices();
  const [port, internalPort] = [await freePort(), await freePort()];
  const target = `127.0.0.1:${services.port}`;
  const gateway = run({
    PURSER_GATEWAY_PORT: String(port),
    PURSER_GATEWAY_INTERNAL_PORT: String(internalPort),
    PURSER_ORDERS_TARGET: target,
    PURSER_PAYMENTS_TARGET: target,
    PURSER_NOTIFICATIONS_TARGET: target,
  });
  const url = `http://127.0.0.1:${port}`;
  const internalUrl = `http://127.0.0.1:${internalPort}`;
  await untilReady(url);
  await untilReady(internalUrl);
  const headers = { 'x-user-id': 'alice' };
  assert.is((await fetch(`${url}/v1/orders/1`, { headers })).status, 200);
  const metrics = await (await fetch(`${internalUrl}/metrics`)).text();
  assert.match(metrics, /^purser_http_requests_total\{.*route="\/v1\/orders\/\{order\}"/m);
  gateway.child.kill('SIGTERM');
  const { code, errors } = await gateway.ended;
  assert.is(errors, '');
  assert.is(code, 0);
  await services.stop();
});

test('every wrong variable is one sentence, and the exit code 1', async () => {
  const { code, output, errors } = await run({
    PURSER_GATEWAY_PORT: '0',
    PURSER_ORDERS_TARGET: 'orders',
  }).ended;
  const lines = errors.trim().split('\n');
  assert.is(lines.length, 2);
  assert.match(lines[0] ?? '', /^PURSER_GATEWAY_PORT must be /);
  assert.match(lines[1] ?? '', /^PURSER_ORDERS_TARGET must be /);
  assert.is(output, '');
  assert.is(code, 1);
});

test('a taken port ends the start with 1 and its cause in the log', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const taken = String((server.address() as AddressInfo).port);
  const internal = String(await freePort());
  const { code, output } = await run({
    PURSER_GATEWAY_PORT: taken,
    PURSER_GATEWAY_INTERNAL_PORT: internal,
  }).ended;
  assert.match(output, /the start failed/);
  assert.match(output, /EADDRINUSE/);
  assert.is(code, 1);
  server.close();
});

test.run();
