import * as assert from 'uvu/assert';
import { type Failpoint, failpoints } from '#lib/failpoint/failpoints.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { checkHistory } from '../drills/history/check-history.ts';
import { readBooks } from '../drills/history/read-books.ts';
import { Load } from '../drills/load/load.ts';
import { select } from '../drills/observe.ts';
import { Random } from '../drills/random.ts';
import { waitUntilFinal } from '../drills/run-drill.ts';
import type { Member, MemberKind } from '../drills/world/member.ts';
import { deedsAt, pointsOf } from '../drills/world/points.ts';
import { World } from '../drills/world/world.ts';
import { audit } from '../../services/operations/audit/audit.ts';
import { brokenChecks, reportText } from '../../services/operations/audit/report.ts';

const test = suite('every failpoint of the money path');

const world = await World.start({
  instances: { orders: 1, payments: 1, gateway: 1, notifications: 1 },
});

test.after(() => world.stop());

const kinds: MemberKind[] = ['orders', 'payments', 'gateway'];

test('each is passed by the gateway, Orders or Payments', () => {
  const passed = new Set(kinds.flatMap(pointsOf));
  assert.equal([...passed].toSorted(), Object.keys(failpoints).toSorted());
});

const isAnswering = async ({ name }: Member) =>
  (await world.internal(name, '/failpoints'))?.status === 200;

/** The lease of a relay that died runs for five seconds; here they are over at once. */
async function expireLease(kind: MemberKind): Promise<void> {
  const { orders, payments } = world.addresses();
  const text = "update outbox_relay set lease_until = '-infinity'";
  await select(kind === 'payments' ? payments : orders, text);
}

/** The process dies at the point; returns when the next one is there. */
async function crashAt(member: Member, point: Failpoint): Promise<void> {
  const before = member.deaths;
  await world.arm(member.name, deedsAt(point, 'crash'));
  await eventually(
    async () => member.deaths,
    (deaths) => deaths > before,
    40_000,
  ).catch(() => Promise.reject(new Error(`${member.name} never came to ${point}`)));
  await expireLease(member.kind);
  await eventually(() => isAnswering(member), Boolean, 20_000);
}

async function throwAt(member: Member, point: Failpoint): Promise<void> {
  await world.arm(member.name, deedsAt(point, 'throw'));
  await eventually(
    async () => JSON.parse((await world.internal(member.name, '/failpoints'))!.body).armed,
    (armed) => !armed.includes(point),
    40_000,
  ).catch(() => Promise.reject(new Error(`${member.name} never came to ${point}`)));
}

/** Buys all the time while the deed is done at every point, each process for itself. */
async function walk(
  seed: number,
  deed: (member: Member, point: Failpoint) => Promise<void>,
): Promise<Load> {
  const load = new Load(world, new Random(seed), { users: 4, pauseMs: 50 });
  await load.start();
  const walkOf = async (kind: MemberKind) => {
    for (const point of pointsOf(kind)) await deed(world.one(kind), point);
  };
  try {
    await Promise.all([walkOf('orders'), walkOf('payments')]);
    // Not beside the others: it answers while they do.
    await walkOf('gateway');
  } finally {
    await load.stop();
  }
  assert.is(await waitUntilFinal(world, 60_000), 0, 'orders still wait');
  await load.resolve();
  assert.is(await waitUntilFinal(world, 60_000), 0, 'orders still wait');
  const report = await eventually(
    () => audit({ ...world.addresses(), graceMs: 1_000 }),
    (seen) => brokenChecks(seen).length === 0,
    20_000,
  ).catch(() => audit(world.addresses()));
  assert.equal(brokenChecks(report), [], reportText(report));
  const books = await readBooks(world.addresses());
  const mine = {
    entries: books.entries.filter(({ userId }) => load.userIds.includes(userId)),
    orders: books.orders.filter(({ userId }) => load.userIds.includes(userId)),
    keys: books.keys.filter(({ userId }) => load.userIds.includes(userId)),
  };
  const history = load.history.filter(
    ({ op, outcome }) => outcome !== 'unknown' || op === 'create' || op === 'topUp',
  );
  assert.equal(checkHistory(history, mine), []);
  load.close();
  assert.ok(load.ordersCreated > 20);
  return load;
}

test(
  'a crash there loses nothing and does nothing twice',
  async () => {
    const deaths = () => kinds.map((kind) => world.one(kind).deaths);
    const { surprises } = await walk(1, crashAt);
    assert.equal(surprises, []);
    assert.equal(
      deaths(),
      kinds.map((kind) => pointsOf(kind).length),
    );
  },
  { timeoutMs: 150_000 },
);

test(
  'an error there loses nothing and does nothing twice',
  async () => {
    const { surprises } = await walk(2, throwAt);
    // A gateway has no database whose loss it would know: there an error is a fault of its own.
    assert.is(surprises.length, pointsOf('gateway').length, surprises.join('\n'));
    assert.ok(surprises.every((text) => text.includes('"reason":"INTERNAL"')));
  },
  { timeoutMs: 120_000 },
);

test.run();
