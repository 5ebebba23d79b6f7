import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { freeze, thaw } from '#test/harness/freeze.ts';
import { progress } from '#test/harness/progress.ts';
import { eventually } from '#test/harness/service.ts';
import { fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';

/** With PURSER_OUTAGE_SECONDS=60 it takes four minutes and shows what is promised. */
const outageMs = Number(process.env['PURSER_OUTAGE_SECONDS'] ?? 7) * 1_000;
const timeoutMs = outageMs + 90_000;

const test = suite(`broker and database are away for ${outageMs / 1_000} s`);

const system = await startSystem();
const { call } = await fundedUser(system.url, 1_000_000);
const services = /(services\/(orders|payments|notifications)|gateway)\/main/;
const before = system.pids(services).toSorted();

test.after(async () => {
  assert.is(await system.stop(), 0);
});

let orders = 0;
async function create(): Promise<number> {
  orders += 1;
  const body = { amount: usd(1) };
  return (await call('POST', '/v1/orders', { body, key: `order-${orders}` })).status;
}

const waiting = async () => {
  const text = `select count(*) as count from orders where state = 'PENDING'`;
  return Number((await system.sql<{ count: bigint }>('orders', text))[0]!.count);
};

async function allIsWell(): Promise<void> {
  const thawedAt = performance.now();
  await eventually(create, (status) => status === 201, 20_000);
  const acceptedMs = performance.now() - thawedAt;
  await eventually(waiting, (count) => count === 0, 40_000);
  const endedMs = performance.now() - thawedAt;
  assert.equal(system.pids(services).toSorted(), before, 'nobody was started again');
  progress.note(
    `accepted after ${Math.round(acceptedMs)} ms, all ended after ${Math.round(endedMs)} ms`,
  );
  await system.requireSound();
}

test(
  'without the broker orders are accepted, and end when it is back',
  async () => {
    const frozen = freeze(system.pids(/nats-server/));
    const end = Date.now() + outageMs;
    while (Date.now() < end) {
      assert.is(await create(), 201);
      await sleep(250);
    }
    assert.ok((await waiting()) > 0);
    thaw(frozen);
    await allIsWell();
  },
  { timeoutMs },
);

test(
  'while the database hangs callers are told to come again, and all goes on when it is back',
  async () => {
    const frozen = freeze(system.pids(/bin\/postgres/));
    const end = Date.now() + outageMs;
    const statuses = new Set<number>();
    let slowestMs = 0;
    while (Date.now() < end) {
      const askedAt = performance.now();
      statuses.add(await create());
      slowestMs = Math.max(slowestMs, performance.now() - askedAt);
      assert.is((await fetch(`${system.url}/healthz`)).status, 200);
    }
    thaw(frozen);
    // A call has ten seconds.
    assert.ok(slowestMs < 12_000, `${slowestMs} ms`);
    for (const status of statuses) assert.ok([503, 504].includes(status), String(status));
    await allIsWell();
  },
  { timeoutMs },
);

test.run();
