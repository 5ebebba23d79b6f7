import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { quietLog } from '#lib/outbox/outbox-fixture.ts';
import { eventually } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { BreakableNats } from './breakable-nats.ts';
import { Broker, type BrokerOptions, BrokerUnavailableError } from './broker.ts';

const test = suite('broker');

let nats: BreakableNats;
let broker: Broker;
let lost: Error[];
test.before.each(async () => {
  nats = await BreakableNats.create();
  lost = [];
});
test.after.each(async () => {
  await broker.close();
  await nats.stop();
});

function open(options: Partial<BrokerOptions> = {}): Broker {
  const onLost = (error: Error) => lost.push(error);
  broker = new Broker({ url: nats.url, name: 'test', log: quietLog, onLost, ...options });
  return broker;
}

const isUnavailable = (error: unknown) => error instanceof BrokerUnavailableError;
const up = (wanted: boolean) => eventually(async () => broker.isConnected() === wanted, Boolean);

test('it exists before the server does and connects once there is one', async () => {
  open();
  assert.not(broker.isConnected());
  assert.throws(() => broker.connection(), isUnavailable);
  const connected = broker.connected();
  await sleep(300);
  await nats.start();
  assert.is(await connected, broker.connection());
  assert.ok(broker.isConnected());
});

test('it says that a killed server is gone, and comes back with the next one', async () => {
  await nats.start();
  open();
  await broker.connected();
  let reconnects = 0;
  const forget = broker.onReconnect(() => (reconnects += 1));
  await nats.kill();
  await up(false);
  assert.throws(() => broker.connection(), isUnavailable);
  const again = broker.connected();
  await sleep(1_500); // several attempts fail
  await nats.start();
  await again;
  assert.ok(broker.isConnected());
  await eventually(
    async () => reconnects,
    (count) => count === 1,
  );
  forget();
  await nats.kill();
  await up(false);
  await nats.start();
  await up(true);
  await sleep(50);
  assert.is(reconnects, 1);
  assert.equal(lost, []);
});

test('it notices a server that froze', async () => {
  await nats.start();
  open({ pingIntervalMs: 200 });
  await broker.connected();
  await nats.freeze();
  const start = performance.now();
  await up(false);
  assert.ok(performance.now() - start < 3_000);
  nats.thaw();
  await up(true);
});

test('a connection that closes for good is reported once, one that we close is not', async () => {
  await nats.start();
  open();
  const connection = await broker.connected();
  await connection.close();
  await eventually(
    async () => lost.length,
    (count) => count === 1,
  );
  assert.match(lost[0]?.message ?? '', /closed for good/);
  assert.not(broker.isConnected());
  const other = open();
  await other.connected();
  await other.close();
  await sleep(50);
  assert.is(lost.length, 1);
});

test('it can be closed while there is no server, and whoever waited is told', async () => {
  open();
  const waiting = broker.connected().then(String, (error: unknown) => error);
  await broker.close();
  assert.instance(await waiting, BrokerUnavailableError);
  const late = broker.connected().then(String, (error: unknown) => error);
  assert.instance(await late, BrokerUnavailableError);
});

test('closing does not wait for a frozen server', async () => {
  await nats.start();
  open();
  await broker.connected();
  await nats.freeze();
  const start = performance.now();
  await broker.close();
  assert.ok(performance.now() - start < 3_000);
  nats.thaw();
});

test.run();
