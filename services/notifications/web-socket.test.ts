import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import {
  liveSocket,
  type LiveService,
  newOrder,
  newUser,
  openLive,
  orderEvent,
  reasonOf,
} from './live-fixture.ts';

const test = suite('WebSocket');

let aheadMs = 0;
const live = await openLive(() => new Date(Date.now() + aheadMs));
const one = await live.start();
const other = await live.start();

test.after(() => live.close());

test.before.each(() => {
  aheadMs = 0;
});

async function ticketFrom(service: LiveService, userId: string): Promise<string> {
  const path = '/purser.notifications.v1.LiveService/CreateLiveTicket';
  return (await service.call(path, {}, userId)).ticket;
}

test('the messages are those of the contract, as JSON', async () => {
  const userId = newUser();
  const order = newOrder();
  const socket = liveSocket(one.livePort, { userId });
  const { resumeToken, ...snapshot } = await socket.at(0);
  assert.match(resumeToken, /^[\w-]{20,128}$/);
  assert.equal(snapshot, { kind: 'SNAPSHOT', number: '0', orders: [] });
  await live.publish(orderEvent(userId, order, 'PENDING', 1));
  const { resumeToken: next, ...change } = await socket.at(1);
  assert.is.not(next, resumeToken);
  const [{ updateTime }] = change.orders;
  assert.ok(Math.abs(Date.parse(updateTime) - Date.now()) < 60_000);
  assert.equal(change, {
    kind: 'ORDER',
    number: '1',
    orders: [
      {
        name: order,
        state: 'PENDING',
        amount: { currencyCode: 'USD', amountMinor: '100' },
        version: '1',
        updateTime,
      },
    ],
  });
  socket.socket.close(1000);
  assert.is((await socket.closed).code, 1000);
});

test('a ticket opens one socket, on any instance, and is used up by it', async () => {
  const userId = newUser();
  const ticket = await ticketFrom(one, userId);
  assert.match(ticket, /^[\w-]{43}$/);
  await live.publish(orderEvent(userId, newOrder(), 'PENDING', 1));
  const socket = liveSocket(other.livePort, { ticket });
  assert.is((await socket.at(0)).kind, 'SNAPSHOT');
  for (const { livePort } of [one, other]) {
    assert.equal(await reasonOf(livePort, { ticket }), [401, 'LIVE_TICKET_INVALID']);
  }
  socket.cancel();
});

test('of twenty sockets with one ticket one opens', async () => {
  const ticket = await ticketFrom(one, newUser());
  const sockets = Array.from({ length: 20 }, (_, index) =>
    liveSocket(index % 2 ? one.livePort : other.livePort, { ticket }),
  );
  const problems = await Promise.all(sockets.map(({ opened }) => opened));
  assert.is(problems.filter((problem) => problem === undefined).length, 1);
  for (const socket of sockets) socket.cancel();
});

test('a ticket expires after 30 seconds, and is kept only as a hash', async () => {
  const userId = newUser();
  const [young, old] = [await ticketFrom(one, userId), await ticketFrom(one, userId)];
  const [row] = await live.database.sql<{ text: string }>(
    `select string_agg(tickets::text, ' ') as text from tickets where user_id = $1`,
    [userId],
  );
  assert.not.ok(row!.text.includes(young));
  aheadMs = 29_000;
  const socket = liveSocket(one.livePort, { ticket: young });
  assert.is((await socket.at(0)).kind, 'SNAPSHOT');
  socket.cancel();
  aheadMs = 30_000;
  assert.equal(await reasonOf(one.livePort, { ticket: old }), [401, 'LIVE_TICKET_INVALID']);
});

test('nobody gets in without saying who', async () => {
  for (const [options, reason] of [
    [{}, 'USER_ID_REQUIRED'],
    [{ userId: 'a b' }, 'USER_ID_REQUIRED'],
    [{ ticket: 'x'.repeat(43) }, 'LIVE_TICKET_INVALID'],
    [{ ticket: '' }, 'LIVE_TICKET_INVALID'],
    // A ticket that is no good is not made good by a header.
    [{ ticket: 'short', userId: 'ann' }, 'LIVE_TICKET_INVALID'],
  ] as const) {
    assert.equal(await reasonOf(one.livePort, options), [401, reason]);
  }
});

test('pages of other sites are refused before anything else', async () => {
  const { livePort: port } = one;
  const userId = 'origin';
  for (const origin of [
    'https://elsewhere.example',
    'null',
    `http://127.0.0.1.evil.example:${port}`,
  ]) {
    assert.equal(await reasonOf(port, { userId, origin }), [403, 'ORIGIN_NOT_ALLOWED'], origin);
  }
  for (const origin of [`http://127.0.0.1:${port}`, 'http://localhost:5173']) {
    const socket = liveSocket(port, { userId, origin });
    assert.is(await socket.opened, undefined, origin);
    socket.cancel();
  }
  const ticket = await ticketFrom(one, userId);
  const stranger = { ticket, origin: 'https://elsewhere.example' };
  assert.equal(await reasonOf(port, stranger), [403, 'ORIGIN_NOT_ALLOWED']);
  const socket = liveSocket(port, { ticket });
  assert.is(await socket.opened, undefined, 'the refused one did not use the ticket up');
  socket.cancel();
});

test('a list of origins replaces the host’s own', async () => {
  const listed = await live.start({ origins: ['https://shop.example'] });
  const userId = newUser();
  const socket = liveSocket(listed.livePort, { userId, origin: 'https://shop.example' });
  assert.is(await socket.opened, undefined);
  const origin = `http://127.0.0.1:${listed.livePort}`;
  assert.equal(await reasonOf(listed.livePort, { userId, origin }), [403, 'ORIGIN_NOT_ALLOWED']);
  socket.cancel();
  await listed.stop();
});

test('a frame of more than 4 KiB closes with 1009', async () => {
  const socket = liveSocket(one.livePort, { userId: newUser(), first: 'x'.repeat(4_097) });
  assert.is((await socket.closed).code, 1009);
});

const frames: [string, string | Buffer, number, RegExp][] = [
  ['no JSON', 'hello', 4400, /JSON/],
  ['another member', '{"resume":"x"}', 4400, /resume/],
  ['a token that is too long', `{"resumeToken":"${'x'.repeat(129)}"}`, 4400, /resume_token/],
  ['a token that is none', '{"resumeToken":"x"}', 4400, /not a token of yours/],
  ['a list', '[]', 4400, /./],
  ['a binary frame', Buffer.from('{}'), 1003, /text/],
];
for (const [name, first, code, reason] of frames) {
  test(`a first frame that is ${name} closes with ${code}`, async () => {
    const socket = liveSocket(one.livePort, { userId: newUser(), first });
    const closed = await socket.closed;
    assert.is(closed.code, code);
    assert.match(closed.reason, reason);
    assert.equal(socket.messages, []);
  });
}

test('a second frame closes with 4400', async () => {
  const socket = liveSocket(one.livePort, { userId: newUser() });
  await socket.at(0);
  socket.socket.send('{}');
  assert.is((await socket.closed).code, 4400);
});

test('who does not subscribe in time is let go with 4400', async () => {
  const hasty = await live.start({ limits: { subscribeMs: 100 } });
  const socket = liveSocket(hasty.livePort, { userId: newUser(), first: null });
  assert.is((await socket.closed).code, 4400);
  await hasty.stop();
});

test('silence is broken by heartbeats, which can be resumed from', async () => {
  const lively = await live.start({ times: { heartbeatMs: 150, tendMs: 20 } });
  const userId = newUser();
  const socket = liveSocket(lively.livePort, { userId });
  const { resumeToken } = await socket.at(0);
  const startedMs = performance.now();
  const beats = [await socket.at(1), await socket.at(2)];
  const tookMs = performance.now() - startedMs;
  assert.equal(beats, [
    { kind: 'HEARTBEAT', number: '0', resumeToken, orders: [] },
    { kind: 'HEARTBEAT', number: '0', resumeToken, orders: [] },
  ]);
  assert.ok(tookMs > 250 && tookMs < 3_000, String(tookMs));
  socket.cancel();
  await lively.stop();
});

test('who answers no ping is cut off; who does stays', async () => {
  const strict = await live.start({ limits: { pingMs: 60 }, times: { tendMs: 20 } });
  const [deaf, well] = [newUser(), newUser()].map((userId) =>
    liveSocket(strict.livePort, { userId }),
  );
  await Promise.all([deaf!.at(0), well!.at(0)]);
  deaf!.socket.pong = () => {};
  const { code } = await deaf!.closed;
  assert.is(code, 1006);
  assert.is(well!.socket.readyState, 1);
  well!.cancel();
  await strict.stop();
});

test('at a stop everybody is told to resume elsewhere, and nobody gets in', async () => {
  const leaving = await live.start();
  const userId = newUser();
  const sockets = Array.from({ length: 3 }, () => liveSocket(leaving.livePort, { userId }));
  await Promise.all(sockets.map((socket) => socket.at(0)));
  const startedMs = performance.now();
  await leaving.stop();
  assert.ok(performance.now() - startedMs < 3_000);
  for (const socket of sockets) {
    assert.equal(await socket.closed, { code: 1012, reason: 'resume elsewhere' });
  }
});

test('a socket resumes over another instance what it missed', async () => {
  const userId = newUser();
  const order = newOrder();
  const socket = liveSocket(one.livePort, { userId });
  await socket.at(0);
  await live.publish(orderEvent(userId, order, 'PENDING', 1));
  const { resumeToken } = await socket.at(1);
  socket.cancel();
  await live.publish(orderEvent(userId, order, 'PAID', 2));
  await live.publish(orderEvent(userId, order, 'ASSEMBLED', 3));
  await eventually(
    () => live.database.sql('select from changes where user_id = $1', [userId]),
    (lines) => lines.length === 3,
  );
  const resumed = liveSocket(other.livePort, { userId, resumeToken });
  await resumed.at(1);
  assert.equal(
    resumed.messages.map(({ number, orders }) => [number, orders[0].state]),
    [
      ['2', 'PAID'],
      ['3', 'ASSEMBLED'],
    ],
  );
  resumed.cancel();
});

/** A WebSocket by hand that subscribes and then never reads. */
async function deafSocket(port: number, userId: string) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `GET /v1/live HTTP/1.1\r\nhost: x\r\nx-user-id: ${userId}\r\nconnection: upgrade\r\n` +
      'upgrade: websocket\r\nsec-websocket-version: 13\r\n' +
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(socket, 'readable');
  socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]));
  return socket;
}

test(
  'who never reads is let go with bounded memory, and nobody else waits',
  async () => {
    const limits = { bufferedBytes: 32 * 1024, pingMs: 60_000 };
    const strict = await live.start({ limits, times: { tendMs: 50, slowMs: 1_000 } });
    const userId = newUser();
    const deaf = await deafSocket(strict.livePort, userId);
    const reader = liveSocket(strict.livePort, { userId });
    await reader.at(0);
    const before = process.memoryUsage().rss;
    const gone = once(deaf, 'close');
    let number = 0;
    let ended = false;
    void gone.then(() => (ended = true));
    deaf.on('error', () => {});
    while (!ended && number < 60_000) {
      const events = Array.from({ length: 200 }, () =>
        orderEvent(userId, newOrder(), 'PENDING', 1),
      );
      await Promise.all(events.map((event) => live.publish(event)));
      number += events.length;
      const startedMs = performance.now();
      await eventually(
        async () => Number(reader.messages.at(-1).number),
        (seen) => seen >= number,
      );
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs < 2_000, `the other waited ${tookMs} ms`);
      // Only reading would show an unread socket that it is closed.
      if (deaf.readableLength > 0) deaf.pause();
      const open = await streamsOpen(strict);
      if (open === 1) ended = true;
    }
    assert.ok(ended, `still open after ${number} changes`);
    const grownMb = (process.memoryUsage().rss - before) / 1024 / 1024;
    assert.ok(grownMb < 200, `${grownMb} MB more`);
    assert.is(reader.socket.readyState, 1);
    deaf.destroy();
    reader.cancel();
    await sleep(0);
    await strict.stop();
  },
  { timeoutMs: 120_000 },
);

/** How many streams an instance holds; all instances of this process count into one metric. */
async function streamsOpen({ internalPort }: LiveService): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${internalPort}/metrics`)).text();
  return Number(/^purser_live_streams (\d+)$/m.exec(text)?.[1]);
}

test.run();
