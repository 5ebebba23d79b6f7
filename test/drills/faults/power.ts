import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import type { Drill } from '../drill.ts';
import type { World } from '../world/world.ts';
import { LoopDisk } from '../world/loop-disk.ts';
import { Probe, require, secondsUntil } from './until.ts';

/** Messages that the broker has ever acknowledged in both streams, by what it says itself. */
export async function acknowledged(world: World): Promise<number> {
  const connection = await connect({
    servers: `127.0.0.1:${world.settings.natsPort}`,
    reconnect: false,
    timeout: 5_000,
  });
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    let sum = 0;
    for (const name of ['ORDERS', 'PAYMENTS']) {
      sum += await manager.streams.info(name).then(
        ({ state }) => state.last_seq,
        () => 0,
      );
    }
    return sum;
  } finally {
    await connection.close();
  }
}

export const brokerPowerLoss: Drill = {
  name: 'broker-power-loss',
  faults: 'F9',
  says: 'the machine of the broker loses its power: what the kernel had not written is gone',
  round: 'one loss',
  roundsDefault: 2,
  mustObserve: ['acknowledged messages that the broker lost'],
  needs: 'own mounts',
  load: { pauseMs: 20 },
  async prepare() {
    const disk = new LoopDisk(temporaryFolder(), 'broker', 256);
    return {
      world: { natsFolder: disk.folder },
      undo: () => disk.remove(),
      async run(context) {
        const { rounds, random, world, injected, observed, say } = context;
        const nats = world.one('nats');
        for (let round = 1; round <= rounds; round += 1) {
          // A broker that has just lost everything has to have something to lose.
          await secondsUntil(async () => (await acknowledged(world)) > 100, 15);
          await sleep(random.between(500, 3_000));
          const before = await acknowledged(world);
          nats.hold();
          nats.freeze();
          const restore = disk.losePower();
          await nats.kill();
          await restore();
          nats.release();
          await nats.up();
          // Whatever was published again since the start makes it look like less.
          const lost = before - (await acknowledged(world).catch(() => before));
          injected('power losses');
          if (lost > 0) observed('acknowledged messages that the broker lost', lost);
          if (lost > 0) observed('power losses with lost messages');
          say(`round ${round}: at least ${Math.max(0, lost)} of ${before} messages lost`);
        }
      },
    };
  },
};

export const postgresPowerLoss: Drill = {
  name: 'postgres-power-loss',
  faults: 'F10',
  says: 'the machine of PostgreSQL loses its power in the middle of its work',
  round: 'one loss',
  roundsDefault: 2,
  mustObserve: ['orders accepted in the second before'],
  needs: 'own mounts',
  load: { pauseMs: 20 },
  async prepare() {
    const disk = new LoopDisk(temporaryFolder(), 'postgres', 1_024);
    return {
      world: { postgresFolder: disk.folder, durable: true },
      undo: () => disk.remove(),
      async run(context) {
        const { rounds, random, world, injected, observed, load, say } = context;
        const postgres = world.one('postgres');
        const probe = new Probe(context);
        for (let round = 1; round <= rounds; round += 1) {
          await sleep(random.between(500, 2_500));
          const before = load.ordersCreated;
          await sleep(1_000);
          observed('orders accepted in the second before', load.ordersCreated - before);
          postgres.hold();
          postgres.freeze();
          const restore = disk.losePower();
          await postgres.kill();
          await restore();
          postgres.release();
          await postgres.up();
          injected('power losses');
          const buys = async () => (await probe.buys(2_000)) !== undefined;
          await require(context, 'orders are accepted again after', buys, 30);
          if (round % 5 === 0) say(`${round} of ${rounds} power losses`);
        }
        probe.close();
      },
    };
  },
};

export const fullDisk: Drill = {
  name: 'full-disk',
  faults: 'F11',
  says: 'the disk of the broker, or of PostgreSQL, is full for a while',
  round: 'one full disk for 8 s',
  roundsDefault: 2,
  mustObserve: ['publishes or commits that failed'],
  needs: 'own mounts',
  async prepare() {
    const parent = temporaryFolder();
    const broker = new LoopDisk(parent, 'broker', 96);
    const postgres = new LoopDisk(parent, 'postgres', 512);
    return {
      world: { natsFolder: broker.folder, postgresFolder: postgres.folder, durable: true },
      async undo() {
        await broker.remove();
        await postgres.remove();
      },
      async run(context) {
        const { rounds, injected, observed, load, counted, world, fault } = context;
        const probe = new Probe(context);
        const failures = () =>
          counted('unknown publishes') +
          (load.statuses.get(503) ?? 0) +
          (load.statuses.get(504) ?? 0);
        for (let round = 0; round < rounds; round += 1) {
          const isBroker = round % 2 === 0;
          const name = isBroker ? 'the broker' : 'PostgreSQL';
          const before = failures();
          const free = (isBroker ? broker : postgres).fill(isBroker ? 0 : 64 * 1024);
          injected(`full disks of ${name}`);
          await load.createOrders(200);
          await secondsUntil(async () => failures() > before, 60);
          await sleep(8_000);
          const failed = failures() - before;
          if (failed === 0) fault(`nobody felt the full disk of ${name}`);
          observed('publishes or commits that failed', failed);
          free();
          // As an operator would: a server that could not write knows less than its disk.
          if (isBroker) await world.one('nats').signal('SIGTERM');
          const what = `payments go on after a full disk of ${name}`;
          await require(context, what, () => probe.pays(10), 60);
        }
        probe.close();
      },
    };
  },
};
