import { existsSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { compareWithDocument } from '#test/docs/document.ts';
import { suite } from '#test/harness/suite.ts';
import { assumed, CapacityModel, type Measured } from './model.ts';
import { costTables, planTable, roadTable } from './tables.ts';

const test = suite('the capacity model');

const simple: Measured = {
  conditions: { orders: 1 },
  perOrder: {
    cpuMs: {
      gateway: 1,
      orders: 2,
      payments: 1,
      notifications: 1,
      'nats-server': 0.5,
      'postgres: orders': 2,
      'postgres: payments': 1,
      'postgres: notifications': 1,
      'postgres: server': 0.5,
    },
    tableBytes: {
      'orders.orders': 300,
      'orders.outbox': 700,
      'payments.payments': 500,
      'notifications.changes': 500,
    },
    walBytes: 20_000,
    commits: 1,
    messages: { ORDERS: 2, PAYMENTS: 1 },
    messageBytes: { ORDERS: 600, PAYMENTS: 400 },
  },
};
const model = new CapacityModel(simple);

test('an order costs what its parts cost', () => {
  assert.is(model.cpuMs, 10);
  const parts = (['orders', 'payments', 'notifications'] as const).map((name) =>
    model.databaseCpuMs(name),
  );
  assert.equal(parts, [2.25, 1.125, 1.125]);
  assert.equal(model.databaseWalBytes('orders'), 10_000);
});

test('one machine ends where half of its cores are busy', () => {
  assert.equal(model.machineLimit(), { rate: 400, what: 'CPU of 8 cores' });
});

test('one database for each service ends at its first limit', () => {
  const [first, second] = model.unshardedLimits();
  assert.equal(first, { rate: 2_500, what: 'relay of ORDERS' });
  assert.is(second?.what, 'CPU of the database of orders');
  assert.is(Math.round(second?.rate ?? 0), 3_556);
});

test('a rate needs what its limits and its busy cores say', () => {
  const plan = model.plan(10_000);
  assert.is(plan.busyCores, 100);
  assert.equal(plan.instances, { gateway: 20, orders: 40, payments: 20, notifications: 20 });
  assert.equal(plan.shards, { orders: 4, payments: 2, notifications: 2 });
  assert.is(plan.partitions, 2);
  assert.is(plan.natsServers, 3);
  // 100 instances, 45 busy cores of databases three times with reserve, 5 of the broker likewise.
  assert.is(plan.cores, 100 + 270 + 30);
  assert.is(plan.keptBytesPerDay, 800 * 10_000 * 86_400);
  assert.is(plan.passingBytes, 1_200 * 10_000 * 86_400 * assumed.messageDays);
  assert.is(plan.brokerBytesPerSecond, 10_000_000);
});

test('more orders never need less, and the fewest survive the loss of one', () => {
  let before = model.plan(1);
  assert.equal(before.instances, { gateway: 2, orders: 2, payments: 2, notifications: 2 });
  assert.is(before.natsServers, 3);
  for (let rate = 2; rate < 200_000; rate *= 1.7) {
    const plan = model.plan(rate);
    for (const key of ['cores', 'partitions', 'natsServers', 'busyCores'] as const) {
      assert.ok(plan[key] >= before[key], `${key} at ${rate}`);
    }
    for (const name of ['orders', 'payments', 'notifications'] as const) {
      assert.ok(plan.shards[name] >= before.shards[name], `${name} at ${rate}`);
    }
    before = plan;
  }
});

const file = new URL('measured.json', import.meta.url);
const withMeasurement = existsSync(file) ? test : test.skip;
if (!existsSync(file)) process.stderr.write('docs/scale.md has no measured tables yet.\n');

withMeasurement('docs/scale.md has the tables of what was measured', () => {
  const measured = JSON.parse(readFileSync(file, 'utf8')) as Measured;
  const real = new CapacityModel(measured);
  compareWithDocument('docs/scale.md', 'cost', costTables(measured));
  compareWithDocument('docs/scale.md', 'road', roadTable(real));
  compareWithDocument('docs/scale.md', 'plan', planTable(real));
});

test.run();
