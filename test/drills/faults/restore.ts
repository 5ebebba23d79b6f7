import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { audit } from '../../../services/operations/audit/audit.ts';
import { brokenChecks } from '../../../services/operations/audit/report.ts';
import { drill, type DrillContext } from '../drill.ts';
import { select } from '../observe.ts';
import { waitUntilFinal } from '../run-drill.ts';
import type { MemberKind } from '../world/member.ts';
import { require } from './until.ts';

type Name = 'orders' | 'payments';

/** Does something with the databases while no service has a session. */
async function whileStopped(
  { world }: DrillContext,
  kinds: MemberKind[],
  work: (admin: pg.Client) => Promise<unknown>,
): Promise<void> {
  const members = world.all(...kinds);
  for (const member of members) member.hold();
  await Promise.all(members.map((member) => member.kill()));
  const admin = new pg.Client({ connectionString: world.adminUrl('postgres') });
  await admin.connect();
  try {
    const sessions = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname in ('orders', 'payments') and pid <> pg_backend_pid()`;
    await admin.query(sessions);
    await sleep(200);
    await work(admin);
  } finally {
    await admin.end();
  }
  for (const member of members) member.release();
}

export const restoreBackup = drill({
  name: 'restore-backup',
  faults: 'F24',
  says: 'the database of Orders, or of Payments, is restored from a backup that is too old',
  round: 'one restore',
  roundsDefault: 2,
  mustObserve: ['orders that the audit names'],
  async run(context) {
    const { rounds, world, load, injected, observed, fault } = context;
    await load.stop();
    const services: MemberKind[] = ['orders', 'payments'];
    for (let round = 0; round < rounds; round += 1) {
      const name: Name = round % 2 === 0 ? 'orders' : 'payments';
      await load.createOrders(30);
      await waitUntilFinal(world, 60_000);
      await whileStopped(context, services, (admin) =>
        admin.query(`create database ${name}_backup template ${name} owner ${name}_owner`),
      );
      const before = await orderIds(context);
      await require(context, 'ready', () => world.isReady(), 30);
      await load.createOrders(20);
      await waitUntilFinal(world, 60_000);
      await sleep(2_000);
      const newer = (await orderIds(context)).difference(before);
      await whileStopped(context, services, async (admin) => {
        await admin.query(`alter database ${name} rename to ${name}_present`);
        await admin.query(`alter database ${name}_backup rename to ${name}`);
      });
      injected(`old copies of ${name} restored`);
      await require(context, 'ready', () => world.isReady(), 30);
      await sleep(3_000);
      const { nats: _left, ...databases } = world.addresses();
      const report = await audit({ ...databases, graceMs: 1_000 });
      const rows = brokenChecks(report).flatMap(({ broken }) => broken);
      const named = new Set(rows.map((row) => row['order']).filter((id) => id !== undefined));
      observed('orders that the audit names', named.size);
      const [missing, more] = [newer.difference(named).size, named.difference(newer).size];
      if (missing + more > 0) fault(`${name}: ${missing} not named, ${more} named without reason`);
      await whileStopped(context, services, async (admin) => {
        await admin.query(`drop database ${name}`);
        await admin.query(`alter database ${name}_present rename to ${name}`);
      });
      await require(context, 'ready', () => world.isReady(), 30);
    }
  },
});

async function orderIds({ world }: DrillContext): Promise<Set<unknown>> {
  const rows = await select<{ id: string }>(world.addresses().orders, 'select id from orders');
  return new Set(rows.map(({ id }) => id));
}
