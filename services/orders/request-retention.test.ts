import * as assert from 'uvu/assert';
import { expireRequests } from '#lib/idempotency/expire-requests.ts';
import { systemTiming } from '#lib/batch/timing.ts';
import { Database } from '#lib/pg/database.ts';
import { serviceDatabase, testLog } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations as paymentsMigrations } from '../payments/schema/migrations.ts';
import { migrations } from './schema/migrations.ts';

const test = suite('retention of idempotency keys');

const now = new Date('2026-03-31T00:00:00Z');
const days = 24 * 3_600_000;

const services = [
  ['orders', migrations, 'order_id', ''],
  ['payments', paymentsMigrations, 'account_id, ledger_version', ', 0'],
] as const;

for (const [name, steps, columns, rest] of services) {
  test(`${name}: keys older than 30 days go, by the thousand, and younger ones stay`, async () => {
    const tables = await serviceDatabase(name, steps);
    const database = await Database.open({
      url: tables.url,
      applicationName: 'test',
      entities: [],
      poolSizeMax: 2,
    });
    const insert = (prefix: string, count: number, time: Date) =>
      tables.sql(
        `insert into requests (user_id, request_id, fingerprint, create_time, ${columns})
         select 'ann', $1 || n, '\\x00', $3, gen_random_uuid()${rest}
         from generate_series(1, $2::int) n`,
        [prefix, count, time],
      );
    await insert('old-', 2_500, new Date(now.getTime() - 30 * days - 1));
    await insert('young-', 10, new Date(now.getTime() - 30 * days));
    let pauses = 0;
    const sleep = async () => void (pauses += 1);
    const timing = { ...systemTiming, sleep };
    const job = expireRequests({ database, clock: () => now, log: testLog }, { timing });
    const signal = new AbortController().signal;
    const left = async () => {
      const rows = await tables.sql<{ request_id: string }>('select request_id from requests');
      return rows.map(({ request_id: key }) => key.slice(0, 6));
    };
    await job.run(signal);
    assert.equal(await left(), Array(10).fill('young-'));
    // Three batches, with a pause between each two.
    assert.is(pauses, 2);
    // Two instances side by side: neither waits for the other, and together they delete it all.
    await insert('old-', 2_500, new Date(now.getTime() - 30 * days - 1));
    await Promise.all([job.run(signal), job.run(signal)]);
    assert.equal(await left(), Array(10).fill('young-'));
    await database.close();
    await tables.close();
  });
}

test.run();
