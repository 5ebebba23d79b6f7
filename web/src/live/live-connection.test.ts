import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { eventually } from '#test/harness/service.ts';
import type { LiveSocket } from '#sdk/src/live-socket.ts';
import { LiveConnection } from './live-connection.ts';

const test = suite('the live connection');

/** A socket whose other end is the test. */
class TestSocket extends EventTarget {
  readonly sent: string[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.dispatchEvent(new Event('close'));
  }

  open(): void {
    this.dispatchEvent(new Event('open'));
  }

  receive(message: object | string): void {
    const data = typeof message === 'string' ? message : JSON.stringify(message);
    this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }
}

interface World {
  connection: LiveConnection;
  sockets: TestSocket[];
  states: string[];
  polls: number;
  /** Whether the system has a live stream; whether anything answers; whether there is a network. */
  hasStream: boolean;
  answers: boolean;
  isOnline: boolean;
  messages: string[];
}

async function inWorld(
  given: Partial<World>,
  body: (world: World) => Promise<void>,
): Promise<void> {
  const world = {
    sockets: [],
    states: [],
    messages: [],
    polls: 0,
    hasStream: true,
    answers: true,
    isOnline: true,
    ...given,
  } as unknown as World;
  world.connection = new LiveConnection({
    ticket: async () => {
      if (!world.answers) throw new Error('nothing answers');
      return world.hasStream ? 'ticket' : undefined;
    },
    connect: () => {
      const socket = new TestSocket();
      world.sockets.push(socket);
      return socket as unknown as LiveSocket;
    },
    poll: async () => {
      world.polls += 1;
      if (!world.answers) throw new Error('nothing answers');
    },
    onMessage: ({ kind }) => world.messages.push(kind),
    onState: ({ kind }) => world.states.push(kind),
    isOnline: () => world.isOnline,
    pollMs: () => 5,
    // The middle of the wait: 125 ms after the first failure, twice that after the next.
    random: () => 0.25,
  });
  const ended = world.connection.run();
  try {
    await body(world);
  } finally {
    world.connection.stop();
    await ended;
  }
}

const socketOf = (world: World, number: number) =>
  eventually(
    async () => world.sockets[number - 1],
    (socket) => socket !== undefined,
  ) as Promise<TestSocket>;

const untilState = (world: World, kind: string) =>
  eventually(
    async () => world.connection.state.kind,
    (found) => found === kind,
  );

test('is live from the first message, and begins without a token', () =>
  inWorld({}, async (world) => {
    const socket = await socketOf(world, 1);
    socket.open();
    assert.equal(socket.sent, ['{"resumeToken":""}']);
    assert.is(world.connection.state.kind, 'connecting');
    socket.receive({ kind: 'SNAPSHOT', resumeToken: 'one' });
    assert.is(world.connection.state.kind, 'live');
    assert.is(world.polls, 0);
  }));

test('goes on with the last token when the socket breaks, and asks meanwhile', () =>
  inWorld({}, async (world) => {
    const first = await socketOf(world, 1);
    first.open();
    first.receive({ kind: 'SNAPSHOT', resumeToken: 'one' });
    first.receive({ kind: 'ORDER', resumeToken: 'two' });
    first.receive({ kind: 'HEARTBEAT' });
    first.close();
    const second = await socketOf(world, 2);
    second.open();
    assert.equal(second.sent, ['{"resumeToken":"two"}']);
    assert.ok(world.polls > 0);
    second.receive({ kind: 'ORDER', resumeToken: 'three' });
    assert.equal(world.states, ['live', 'polling', 'live']);
    assert.equal(world.messages, ['SNAPSHOT', 'ORDER', 'HEARTBEAT', 'ORDER']);
  }));

test('a token that gets no answer is not tried again', () =>
  inWorld({}, async (world) => {
    const first = await socketOf(world, 1);
    first.open();
    first.receive({ kind: 'SNAPSHOT', resumeToken: 'stale' });
    first.close();
    const second = await socketOf(world, 2);
    second.open();
    second.close();
    const third = await socketOf(world, 3);
    third.open();
    assert.equal(third.sent, ['{"resumeToken":""}']);
  }));

test('what is no message ends the socket, and a late one of an ended socket is nothing', () =>
  inWorld({}, async (world) => {
    const first = await socketOf(world, 1);
    first.open();
    first.receive('hello');
    assert.ok(first.isClosed);
    first.receive({ kind: 'SNAPSHOT' });
    assert.equal(world.messages, []);
  }));

test('asks again and again where the system has no stream', () =>
  inWorld({ hasStream: false }, async (world) => {
    await eventually(
      async () => world.polls,
      (polls) => polls >= 3,
    );
    assert.equal(world.states, ['polling']);
    assert.is(world.sockets.length, 0);
  }));

test('is offline when nothing answers, and back when something does', () =>
  inWorld({ answers: false }, async (world) => {
    await untilState(world, 'offline');
    const { since } = world.connection.state;
    const polls = world.polls;
    await eventually(
      async () => world.polls,
      (count) => count > polls,
    );
    assert.is(world.connection.state.since, since);
    world.answers = true;
    world.connection.wake();
    const socket = await socketOf(world, 1);
    socket.open();
    socket.receive({ kind: 'SNAPSHOT' });
    assert.is(world.connection.state.kind, 'live');
  }));

test('without a network it is offline at once and asks nobody', () =>
  inWorld({}, async (world) => {
    const socket = await socketOf(world, 1);
    socket.open();
    socket.receive({ kind: 'SNAPSHOT', resumeToken: 'one' });
    world.isOnline = false;
    world.connection.lost();
    assert.is(world.connection.state.kind, 'offline');
    await eventually(
      async () => socket.isClosed,
      (isClosed) => isClosed,
    );
    assert.is(world.polls, 0);
    world.isOnline = true;
    world.connection.wake();
    const next = await socketOf(world, 2);
    next.open();
    assert.equal(next.sent, ['{"resumeToken":"one"}']);
  }));

test('waits longer after every failure, up to a limit', () =>
  inWorld({ answers: false }, async (world) => {
    const startedAt = performance.now();
    await eventually(
      async () => world.polls,
      (polls) => polls >= 4,
    );
    // 125, 250 and 500 ms.
    const passedMs = performance.now() - startedAt;
    assert.ok(passedMs > 850 && passedMs < 2_000, String(passedMs));
  }));

test('says nothing any more once it is stopped', () =>
  inWorld({}, async (world) => {
    const socket = await socketOf(world, 1);
    world.connection.stop();
    assert.ok(socket.isClosed);
    socket.receive({ kind: 'SNAPSHOT' });
    assert.equal([world.states, world.messages], [[], []]);
  }));

test.run();
