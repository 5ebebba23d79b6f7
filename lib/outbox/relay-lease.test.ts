import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { systemTiming, type Timing } from '#lib/batch/timing.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { type OutboxFixture, openOutbox, storedCount, storedIds } from './outbox-fixture.ts';
import type { RelayBroker } from './relay-ports.ts';

const test = suite('relay lease');

let outbox: OutboxFixture;
test.before(async () => {
  outbox = await openOutbox();
});
test.after.each(() => outbox.reset());
test.after(() => outbox.close());

/** Time that can be stopped for one instance, as if its process were frozen. */
function freezableTiming() {
  let frozen: PromiseWithResolvers<void> | undefined;
  const timing: Timing = {
    ...systemTiming,
    async sleep(ms, signal) {
      await systemTiming.sleep(ms, signal);
      await frozen?.promise;
    },
  };
  return {
    timing,
    freeze: () => {
      frozen = Promise.withResolvers();
    },
    thaw: () => frozen?.resolve(),
  };
}

/** A broker that remembers what it was given, and answers when the test lets it. */
function recordingBroker() {
  const rounds: string[][] = [];
  let gate: PromiseWithResolvers<void> | undefined;
  const broker: RelayBroker = {
    async publish(rows) {
      rounds.push(rows.map((row) => row.eventId));
      await gate?.promise;
      return rows.map(() => ({ kind: 'stored', duplicate: false }));
    },
  };
  return {
    broker,
    rounds,
    close: () => {
      gate = Promise.withResolvers();
    },
    open: () => gate?.resolve(),
  };
}

test('one of three instances holds the lease', async () => {
  const instances = await Promise.all([1, 2, 3].map(() => outbox.instance()));
  const holders = () => instances.filter(({ relay }) => relay.holding).length;
  await eventually(
    async () => holders(),
    (count) => count === 1,
  );
  await sleep(300);
  assert.is(holders(), 1);
});

test('a graceful stop hands over at once', async () => {
  const first = await outbox.instance();
  await eventually(async () => first.relay.holding, Boolean);
  const second = await outbox.instance();
  await second.broker.connected();
  await sleep(100);
  const start = performance.now();
  await first.relay.stop();
  await eventually(async () => second.relay.holding, Boolean);
  // Without the hint it would be the next look, up to 1.25 s later; without the release 5 s.
  const took = performance.now() - start;
  assert.ok(took < 400, `took ${took} ms`);
});

test('when the holder freezes another takes over, for good', async () => {
  const { timing, freeze, thaw } = freezableTiming();
  const recorded = recordingBroker();
  const leaseMs = 800;
  const frozen = await outbox.instance({ timing, leaseMs, broker: recorded.broker });
  await eventually(async () => frozen.relay.holding, Boolean);
  const other = await outbox.instance({ leaseMs });
  freeze();
  await sleep(50);
  const ids = await outbox.write(5);
  frozen.relay.wake();
  const connection = await other.broker.connected();
  const { domain } = outbox;
  const start = performance.now();
  await eventually(
    () => storedCount(connection, domain),
    (count) => count === 5,
  );
  assert.ok(performance.now() - start < 4_000);
  assert.not(frozen.relay.holding);
  thaw();
  ids.push(...(await outbox.write(5)));
  frozen.relay.wake();
  await eventually(
    () => storedCount(connection, domain),
    (count) => count === 10,
  );
  assert.equal((await storedIds(connection, domain)).sort(), ids.sort());
  assert.equal(recorded.rounds, []);
});

test('a lease lost during a publish neither moves the cursor nor publishes on', async () => {
  const recorded = recordingBroker();
  recorded.close();
  const { relay } = await outbox.instance({ broker: recorded.broker });
  const first = await outbox.write(2);
  await eventually(
    async () => recorded.rounds.length,
    (count) => count === 1,
  );
  await outbox.sql(`
    update outbox_relay
    set holder = 'thief', term = term + 1, lease_until = now() + interval '1 minute'`);
  const readCursor = () =>
    outbox.sql('select seen::text as seen, tx::text as tx, seq from outbox_relay');
  const before = await readCursor();
  await outbox.write(3);
  recorded.open();
  relay.wake();
  await sleep(300);
  assert.equal(await readCursor(), before);
  assert.equal(recorded.rounds, [first]);
  assert.not(relay.holding);
});

test('a page that the broker keeps for longer than the lease is still held', async () => {
  const recorded = recordingBroker();
  recorded.close();
  const { relay } = await outbox.instance({ broker: recorded.broker, leaseMs: 300 });
  const rival = await outbox.instance({ leaseMs: 300 });
  await eventually(async () => relay.holding || rival.relay.holding, Boolean);
  if (rival.relay.holding) await rival.stop();
  await outbox.write(1);
  await eventually(
    async () => recorded.rounds.length,
    (count) => count === 1,
  );
  await sleep(1_000);
  assert.ok(relay.holding);
  recorded.open();
  await eventually(
    () => outbox.sql("select 1 from outbox_relay where pg_snapshot_xmax(seen) > '3'"),
    (rows) => rows.length === 1,
  );
  assert.is(recorded.rounds.length, 1);
});

test('a stop does not wait for a broker that does not answer', async () => {
  const recorded = recordingBroker();
  recorded.close();
  const { relay } = await outbox.instance({ broker: recorded.broker });
  await outbox.write(1);
  await eventually(
    async () => recorded.rounds.length,
    (count) => count === 1,
  );
  const start = performance.now();
  await relay.stop();
  assert.ok(performance.now() - start < 2_500);
  const [row] = await outbox.sql('select holder, seen::text as seen from outbox_relay');
  assert.equal(row, { holder: null, seen: '3:3:' });
});

test.run();
