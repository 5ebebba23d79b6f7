import * as assert from 'uvu/assert';
import { LiveMessage_Kind } from '#gen/purser/notifications/v1/live.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { writeResumeToken } from './domain/position.ts';
import { expireLog } from './expire-log.ts';
import { grpcStream, newOrder, newUser, openLive, orderEvent } from './live-fixture.ts';
import { Database } from '#lib/pg/database.ts';
import { testLog } from '#test/harness/service.ts';

const test = suite('resuming');

const dayMs = 24 * 3_600_000;
let nowMs = Date.now();
const live = await openLive(() => new Date(nowMs));
await live.start();
const other = await live.start();

test.after(() => live.close());

async function headOf(userId: string): Promise<number> {
  const [head] = await live.database.sql<{ number: bigint }>(
    'select number from heads where user_id = $1',
    [userId],
  );
  return Number(head?.number ?? 0n);
}

/** A new user with that many changes, of as many orders. */
async function userWithChanges(count: number): Promise<string> {
  const userId = newUser();
  await addChanges(userId, count);
  return userId;
}

async function addChanges(userId: string, count: number): Promise<void> {
  const before = await headOf(userId);
  const events = Array.from({ length: count }, () => orderEvent(userId, newOrder(), 'PENDING', 1));
  await Promise.all(events.map((event) => live.publish(event)));
  await eventually(
    () => headOf(userId),
    (head) => head === before + count,
  );
}

async function firstOf(userId: string, resumeToken: string) {
  const stream = grpcStream(other, userId, { resumeToken });
  const message = await stream.at(0);
  stream.cancel();
  return message;
}

/** The token of the newest state. */
async function tokenOf(userId: string): Promise<string> {
  return (await firstOf(userId, '')).resumeToken;
}

test('who has missed nothing hears so at once, and goes on from there', async () => {
  const userId = await userWithChanges(2);
  const token = await tokenOf(userId);
  const stream = grpcStream(other, userId, { resumeToken: token });
  const { kind, number, resumeToken } = await stream.at(0);
  assert.equal([kind, number, resumeToken], [LiveMessage_Kind.HEARTBEAT, 2n, token]);
  await addChanges(userId, 1);
  assert.is((await stream.at(1)).number, 3n);
  stream.cancel();
});

test('a token of the empty beginning resumes as well', async () => {
  const userId = newUser();
  const token = await tokenOf(userId);
  await addChanges(userId, 2);
  const stream = grpcStream(other, userId, { resumeToken: token });
  await stream.at(1);
  assert.equal(
    stream.messages.map(({ kind, number }) => [kind, number]),
    [
      [LiveMessage_Kind.ORDER, 1n],
      [LiveMessage_Kind.ORDER, 2n],
    ],
  );
  stream.cancel();
});

test('hundreds of missed changes come all, in order; more than 500 as a snapshot', async () => {
  const userId = await userWithChanges(1);
  const token = await tokenOf(userId);
  await addChanges(userId, 350);
  const stream = grpcStream(other, userId, { resumeToken: token });
  await stream.at(349);
  assert.equal(
    stream.messages.map(({ number }) => Number(number)),
    Array.from({ length: 350 }, (_, index) => index + 2),
  );
  stream.cancel();
  await addChanges(userId, 200);
  const { kind, number } = await firstOf(userId, token);
  assert.equal([kind, number], [LiveMessage_Kind.SNAPSHOT, 551n]);
});

test('a token of another user, and what is none, is refused', async () => {
  const [ann, bob] = [await userWithChanges(1), await userWithChanges(1)];
  const token = await tokenOf(ann);
  for (const resumeToken of [token, 'nonsense']) {
    const stream = grpcStream(other, bob, { resumeToken });
    assert.is(await stream.ended, 'INVALID_REQUEST');
    assert.equal(stream.messages, []);
  }
});

test('a token of a state that this database never had gets a snapshot', async () => {
  const userId = await userWithChanges(3);
  for (const [number, eventId] of [
    // As after a restore: higher than the head, or another event under the same number.
    [9n, '019b7c4e-6a4e-7c11-8a52-000000000001'],
    [3n, '019b7c4e-6a4e-7c11-8a52-000000000001'],
    [2n, '019b7c4e-6a4e-7c11-8a52-000000000001'],
  ] as const) {
    const message = await firstOf(userId, writeResumeToken(userId, { number, eventId }));
    assert.equal([message.kind, message.number], [LiveMessage_Kind.SNAPSHOT, 3n]);
  }
});

async function expire(): Promise<void> {
  const { url } = live.database;
  const database = await Database.open({ url, applicationName: 'test', entities: [] });
  const deps = { database, clock: () => new Date(nowMs), log: testLog } as never;
  for (const job of expireLog(deps)) await job.run(new AbortController().signal);
  await database.close();
}

test('a token is good for six days, and gets a snapshot when the log is gone', async () => {
  const userId = await userWithChanges(2);
  const token = await tokenOf(userId);
  await addChanges(userId, 2);
  for (const days of [1, 5]) {
    nowMs += days * dayMs;
    await expire();
    const message = await firstOf(userId, token);
    assert.equal([message.kind, message.number], [LiveMessage_Kind.ORDER, 3n]);
  }
  const late = await tokenOf(userId);
  nowMs += 2 * dayMs;
  await expire();
  const rows = await live.database.sql('select from changes where user_id = $1', [userId]);
  assert.is(rows.length, 0);
  const message = await firstOf(userId, token);
  assert.equal([message.kind, message.number], [LiveMessage_Kind.SNAPSHOT, 4n]);
  // Who had seen all of it has missed nothing, however old the last change is.
  assert.is((await firstOf(userId, late)).kind, LiveMessage_Kind.HEARTBEAT);
});

test('a log that lost a line in the middle leads to a snapshot', async () => {
  const userId = await userWithChanges(4);
  const token = (await userTokenAt(userId, 1n)).resumeToken;
  await live.database.sql('delete from changes where user_id = $1 and number = 3', [userId]);
  assert.is((await firstOf(userId, token)).kind, LiveMessage_Kind.SNAPSHOT);
});

async function userTokenAt(userId: string, number: bigint): Promise<{ resumeToken: string }> {
  const [row] = await live.database.sql<{ event_id: string }>(
    'select event_id from changes where user_id = $1 and number = $2',
    [userId, number],
  );
  return { resumeToken: writeResumeToken(userId, { number, eventId: row!.event_id }) };
}

test('notifications are kept for 90 days', async () => {
  const userId = newUser();
  const order = newOrder();
  await live.publish(orderEvent(userId, order, 'PENDING', 1));
  await live.publish(orderEvent(userId, order, 'PAID', 2));
  await eventually(
    () => headOf(userId),
    (head) => head === 2,
  );
  const count = async () =>
    (await live.database.sql('select from notifications where user_id = $1', [userId])).length;
  nowMs = Date.now() + 89 * dayMs;
  await expire();
  assert.is(await count(), 1);
  nowMs = Date.now() + 91 * dayMs;
  await expire();
  assert.is(await count(), 0);
});

test('when every signal is lost, the poll finds what is new', async () => {
  const userId = newUser();
  const polled = await live.start({ times: { pollMs: 100 } });
  const stream = grpcStream(polled, userId);
  await stream.at(0);
  // As another instance would, but without its signal.
  const order = newOrder();
  await live.database.sql(
    `with line as (
       insert into changes select $1, 1, $2, content, now() from changes limit 1
     )
     insert into heads values ($1, 1, $2)`,
    [userId, order.slice(7)],
  );
  assert.is((await stream.at(1)).number, 1n);
  stream.cancel();
  await polled.stop();
});

test.run();
