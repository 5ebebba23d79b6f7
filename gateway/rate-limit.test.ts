import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '../test/harness/suite.ts';
import { freePort } from '../tools/local/free-port.ts';
import { RateLimit } from './rate-limit.ts';
import { problemOf, startTestGateway, startTestServices } from './test-gateway.ts';

const test = suite('rate limits');

/** A limit with a clock that the test moves. */
function limit(perSecond: number, instances = 1) {
  const clock = { ms: 1_000_000 };
  const rate = new RateLimit({ perSecond, instances, now: () => clock.ms });
  /** Milliseconds to wait, 0 when it was granted. */
  const take = (key = 'alice'): number => {
    try {
      rate.take(key);
      return 0;
    } catch (error) {
      assert.instance(error, PurserError);
      assert.is((error as PurserError).reason, 'RATE_LIMITED');
      return (error as PurserError).retryDelayMs!;
    }
  };
  /** How many are granted, one asked for every so many milliseconds. */
  const during = (ms: number, everyMs: number, key?: string): number => {
    let granted = 0;
    for (const endMs = clock.ms + ms; clock.ms < endMs; clock.ms += everyMs) {
      if (take(key) === 0) granted += 1;
    }
    return granted;
  };
  return { clock, rate, take, during };
}

test('a quiet key may send what it has missed of two seconds, then its rate', () => {
  const { clock, take, during } = limit(50);
  let burst = 0;
  while (take() === 0) burst += 1;
  assert.is(burst, 100);
  assert.is(take(), 20, 'the next one is due after a fiftieth of a second');
  clock.ms += 20;
  assert.is(take(), 0);
  assert.ok(take() > 0, 'a refusal costs nothing, and one grant is one grant');
  assert.is(during(60_001, 1), 3_000);
});

test('one key takes nothing from another', () => {
  const { take } = limit(1);
  assert.equal([take('alice'), take('alice'), take('alice') > 0], [0, 0, true]);
  assert.is(take('bob'), 0);
});

test('all instances together grant no more than the limit, and at least one request each', () => {
  for (const [perSecond, instances] of [
    [100, 4],
    [3, 2],
    [1, 10],
  ] as const) {
    const all = Array.from({ length: instances }, () => limit(perSecond, instances));
    const granted = all.reduce((sum, { during }) => sum + during(100_000, 5), 0);
    const burst = Math.max(2 * perSecond, instances);
    assert.ok(granted <= 100 * perSecond + burst, `${granted} of ${perSecond}, ${instances}`);
    assert.ok(granted >= 99 * perSecond, `${granted} of ${perSecond}, ${instances}`);
  }
});

test('keys that are quiet are forgotten, and no sooner than it makes no difference', () => {
  const { clock, rate, take } = limit(1_000);
  for (let key = 0; key < 5_000; key += 1) take(`invented-${key}`);
  assert.is(rate.size, 5_000);
  for (const _ of [1, 2]) {
    clock.ms += 2_000;
    take();
  }
  assert.is(rate.size, 2, 'the one key, in both maps');
  clock.ms += 3_600_000;
  take();
  assert.is(rate.size, 1);
  // A part of so little that a bucket takes ten seconds to fill.
  const slow = limit(1, 10);
  assert.is(slow.during(100_000, 100), 10);
});

test('users are limited by their id, all others by their address, probes not at all', async () => {
  const services = await startTestServices();
  const options = { perSecond: 1, instances: 1 };
  const rates = { user: new RateLimit(options), address: new RateLimit(options) };
  const gateway = await startTestGateway(`127.0.0.1:${services.port}`, { rates });
  const orders = (user: string) => gateway.ask('/v1/orders', { headers: { 'x-user-id': user } });
  const statuses = async (ask: () => Promise<Response>) => [
    (await ask()).status,
    (await ask()).status,
    (await ask()).status,
  ];
  assert.equal(await statuses(() => orders('alice')), [200, 200, 429]);
  services.received.length = 0;
  const refused = await orders('alice');
  assert.is(refused.headers.get('retry-after'), '1');
  assert.is((await problemOf(refused)).reason, 'RATE_LIMITED');
  assert.is(services.received.length, 0, 'no service was asked');
  assert.equal(await statuses(() => orders('bob')), [200, 200, 429]);
  let spoofed = 0;
  const document = () =>
    gateway.ask('/openapi.json', {
      headers: { 'x-forwarded-for': `203.0.113.${(spoofed += 1)}`, 'x-user-id': `eve-${spoofed}` },
    });
  assert.equal(await statuses(document), [200, 200, 429]);
  assert.equal(await statuses(() => gateway.ask('/healthz', { headers: {} })), [200, 200, 200]);
  await gateway.stop();
  await services.stop();
});

/** One gateway as it is deployed; resolves when it is ready. */
async function startProcess(target: string, variables: Record<string, string>) {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const port = await freePort();
  const child = spawn(process.execPath, [main], {
    stdio: 'ignore',
    env: {
      ...process.env,
      PURSER_GATEWAY_PORT: String(port),
      PURSER_GATEWAY_INTERNAL_PORT: String(await freePort()),
      PURSER_ORDERS_TARGET: target,
      PURSER_PAYMENTS_TARGET: target,
      PURSER_NOTIFICATIONS_TARGET: target,
      ...variables,
    },
  });
  // A test that fails leaves nothing behind.
  process.once('exit', () => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) await sleep(50);
  return {
    ask: (user: string) => fetch(`${url}/v1/orders/1`, { headers: { 'x-user-id': user } }),
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

test('two gateways grant a user together what one would', async () => {
  const services = await startTestServices();
  const variables = { PURSER_USER_RATE_LIMIT: '5', PURSER_RATE_LIMIT_INSTANCES: '2' };
  const target = `127.0.0.1:${services.port}`;
  const gateways = await Promise.all([1, 2].map(() => startProcess(target, variables)));
  const startedAt = performance.now();
  let [granted, refused] = [0, 0];
  while (granted + refused < 80) {
    const answers = await Promise.all(gateways.flatMap(({ ask }) => [ask('alice'), ask('alice')]));
    for (const { status } of answers) {
      if (status === 429) refused += 1;
      else granted += Number(status === 200);
    }
    await sleep(10);
  }
  const most = 10 + ((performance.now() - startedAt) / 1_000) * 5;
  assert.ok(granted >= 10 && granted <= most, `${granted} were granted, at most ${most}`);
  for (const { ask } of gateways) assert.is((await ask('bob')).status, 200);
  await Promise.all(gateways.map(({ stop }) => stop()));
  await services.stop();
});

test.run();
