import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import * as assert from 'uvu/assert';
import { Database } from '#lib/pg/database.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { liveSocket, newUser, openLive, reasonOf } from './live-fixture.ts';
import { forgetSockets } from './sql/hold-sockets.ts';

const test = suite('the limit of sockets');

const live = await openLive();
const one = await live.start();
const other = await live.start();

test.after(() => live.close());

/** Opens a socket as soon as there is room for one. */
function openedWhenFree(port: number, userId: string) {
  return eventually(
    async () => {
      const socket = liveSocket(port, { userId });
      return (await socket.opened) === undefined ? socket : undefined;
    },
    (socket) => socket !== undefined,
  );
}

test('a user has at most five sockets over all instances; a closed one makes room', async () => {
  const userId = newUser();
  const sockets = Array.from({ length: 5 }, (_, index) =>
    liveSocket([one, other][index % 2]!.livePort, { userId }),
  );
  await Promise.all(sockets.map((socket) => socket.at(0)));
  for (const { livePort } of [one, other]) {
    assert.equal(await reasonOf(livePort, { userId }), [429, 'LIVE_SOCKET_LIMIT']);
  }
  const another = liveSocket(one.livePort, { userId: newUser() });
  await another.at(0);
  sockets[0]!.socket.close();
  await sockets[0]!.closed;
  const sixth = await openedWhenFree(other.livePort, userId);
  assert.equal(await reasonOf(one.livePort, { userId }), [429, 'LIVE_SOCKET_LIMIT']);
  for (const socket of [...sockets, another, sixth!]) socket.cancel();
});

test('of many sockets that a user opens at once everywhere, five are open', async () => {
  const userId = newUser();
  const sockets = Array.from({ length: 24 }, (_, index) =>
    liveSocket([one, other][index % 2]!.livePort, { userId }),
  );
  const problems = await Promise.all(sockets.map(({ opened }) => opened));
  assert.is(problems.filter((problem) => problem === undefined).length, 5);
  for (const socket of sockets) socket.cancel();
  (await openedWhenFree(one.livePort, userId))!.cancel();
});

test('what a killed instance held counts until its lease is over, and is forgotten', async () => {
  const userId = newUser();
  const dead = randomUUID();
  await live.database.sql(
    `insert into live_instances values ($1, clock_timestamp() + interval '1 second')`,
    [dead],
  );
  await live.database.sql('insert into live_sockets values ($1, array_fill($2::uuid, array[5]))', [
    userId,
    dead,
  ]);
  assert.equal(await reasonOf(one.livePort, { userId }), [429, 'LIVE_SOCKET_LIMIT']);
  const socket = await openedWhenFree(one.livePort, userId);
  const holders = () =>
    live.database.sql<{ count: number }>(
      'select cardinality(holders) as count from live_sockets where user_id = $1',
      [userId],
    );
  assert.equal(await holders(), [{ count: 1 }]);
  socket!.cancel();
  await eventually(holders, ([row]) => row?.count === 0);
  const { url } = live.database;
  const database = await Database.open({ url, applicationName: 'test', entities: [] });
  await database.single((tx) => forgetSockets(tx));
  await database.close();
  assert.equal(await holders(), []);
});

test('an instance opens no socket before others count what it holds', async () => {
  const userId = newUser();
  const session = new Client({ connectionString: live.database.url });
  await session.connect();
  await session.query('begin; lock table live_instances in exclusive mode');
  try {
    const young = await live.start();
    const early = Array.from({ length: 5 }, () => liveSocket(young.livePort, { userId }));
    await Promise.race([...early.map(({ opened }) => opened), sleep(300)]);
    const late = liveSocket(one.livePort, { userId });
    assert.is(await late.opened, undefined);
    await session.query('commit');
    const problems = await Promise.all(early.map(({ opened }) => opened));
    assert.is(problems.filter((problem) => problem === undefined).length, 4);
    for (const socket of [...early, late]) socket.cancel();
    await young.stop();
  } finally {
    await session.end();
  }
});

test('an instance that lost its lease writes anew what it holds', async () => {
  const userId = newUser();
  const sockets = Array.from({ length: 5 }, () => liveSocket(one.livePort, { userId }));
  await Promise.all(sockets.map((socket) => socket.at(0)));
  await live.database.sql('delete from live_sockets');
  await live.database.sql('delete from live_instances');
  await eventually(
    () => live.database.sql('select from live_sockets where user_id = $1', [userId]),
    (rows) => rows.length === 1,
  );
  assert.equal(await reasonOf(other.livePort, { userId }), [429, 'LIVE_SOCKET_LIMIT']);
  for (const socket of sockets) socket.cancel();
});

test.run();
