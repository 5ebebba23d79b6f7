import { auditorRole } from '#lib/pg/rights.ts';
import { audit } from '../../../services/operations/audit/audit.ts';
import { brokenChecks, reportText } from '../../../services/operations/audit/report.ts';
import { findSystem } from '../../../tools/audit/find-system.ts';
import { administer, databaseUrl } from '../administer.ts';
import type { BenchSystem } from '../bench-system.ts';

/** The rows of some users in each database, by table; everything else is audited where it is. */
const selections: Readonly<Record<'orders' | 'payments', Readonly<Record<string, string>>>> = {
  orders: {
    orders: 'select o.* from public.orders o join wanted using (user_id)',
    order_events: 'select e.* from public.order_events e join orders o on o.id = e.order_id',
    requests: 'select r.* from public.requests r join wanted using (user_id)',
  },
  payments: {
    accounts: 'select a.* from public.accounts a join wanted using (user_id)',
    transfers: 'select t.* from public.transfers t join accounts a on a.id = t.account_id',
    payments: 'select p.* from public.payments p join wanted using (user_id)',
    requests: 'select r.* from public.requests r join wanted using (user_id)',
  },
};

/**
 * The audit of everything that belongs to these users, from their first order on, and of all
 * messages: it would read for a quarter of an hour through the orders of the others, which nobody
 * has touched. It looks at copies of their rows, which stand before the tables in its search path.
 */
export async function auditUsers(system: BenchSystem): Promise<void> {
  for (const [database, tables] of Object.entries(selections)) {
    const names = system.users.map((user) => `('${user}')`).join(', ');
    await administer(
      databaseUrl(system, database),
      `create schema audited; grant usage on schema audited to ${auditorRole}`,
      'set search_path = audited',
      `create table wanted as select * from (values ${names}) as t (user_id)`,
      ...Object.entries(tables).flatMap(([table, rows]) => [
        `create table ${table} as ${rows}`,
        `analyze ${table}`,
      ]),
      `grant select on all tables in schema audited to ${auditorRole}`,
    );
  }
  const found = findSystem(auditorRole, system.environment);
  const report = await audit({
    ...found,
    orders: copiesFirst(found.orders),
    payments: copiesFirst(found.payments),
  });
  if (brokenChecks(report).length > 0) throw new Error(reportText(report));
}

function copiesFirst(url: string): string {
  const address = new URL(url);
  address.searchParams.set('options', '-c search_path=audited,public');
  return address.href;
}
