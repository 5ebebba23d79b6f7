import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { serviceDatabase } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import * as notificationsSchema from '../../services/notifications/schema/migrations.ts';
import * as ordersSchema from '../../services/orders/schema/migrations.ts';
import * as paymentsSchema from '../../services/payments/schema/migrations.ts';
import { ordersInvariants } from '../../services/orders/audit.ts';
import { paymentsInvariants } from '../../services/payments/audit.ts';
import * as beyondOneService from '../../services/operations/audit/invariants.ts';
import { alertRules } from '../observability/alert-rules.ts';
import { compareWithDocument } from './document.ts';

const test = suite('docs/operations.md');

test('lists every invariant of the audit; PURSER_UPDATE=1 rewrites it', () => {
  const all = [...ordersInvariants, ...paymentsInvariants, ...Object.values(beyondOneService)];
  const byId = new Map(all.map((invariant) => [invariant.id, invariant]));
  const sorted = [...byId.values()].toSorted((a, b) => numberOf(a.id) - numberOf(b.id));
  const rows = sorted.map(
    ({ id, says, means, repair }) => `| ${id} | ${says} | ${means} | ${repair} |`,
  );
  const head = ['| | holds | broken, it means | to do |', '|---|---|---|---|'];
  compareWithDocument('docs/operations.md', 'invariants', [...head, ...rows, ''].join('\n'));
});

test('lists every alert; PURSER_UPDATE=1 rewrites it', () => {
  const rows = alertRules.map(({ alert, for: after = 'at once', labels, annotations }) => {
    const { means, do: remedy } = annotations;
    return `| \`${alert}\` | ${labels.severity} | ${after} | ${means} | ${remedy} |`;
  });
  const head = ['| | | after | it means | to do |', '|---|---|---|---|---|'];
  compareWithDocument('docs/operations.md', 'alerts', [...head, ...rows, ''].join('\n'));
});

function numberOf(id: string): number {
  return Number(id.slice(1));
}

test('says of every table how long its rows are kept, and of no other', async () => {
  const all = [
    ['orders', ordersSchema.migrations],
    ['payments', paymentsSchema.migrations],
    ['notifications', notificationsSchema.migrations],
  ] as const;
  const tables = await Promise.all(
    all.map(async ([name, migrations]) => {
      const database = await serviceDatabase(name, migrations);
      const rows = await database.sql<{ relname: string }>(
        `select relname from pg_class
         where relkind = 'r' and relnamespace = current_schema()::regnamespace`,
      );
      await database.close();
      return rows.map(({ relname }) => `${name}.${relname}`);
    }),
  );
  const document = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const lines = document.matchAll(/^\| (orders|payments|notifications) \| (`.*?) \| .+ \|$/gm);
  const listed = [...lines].flatMap(([, database, names]) =>
    [...names!.matchAll(/`(\w+)`/g)].map(([, table]) => `${database}.${table}`),
  );
  assert.equal(listed.toSorted(), tables.flat().toSorted());
});

test.run();
