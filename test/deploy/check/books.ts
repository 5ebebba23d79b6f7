import type { ComposedSystem } from './system.ts';

/** Each counts rows that must not exist. */
const faults: readonly [what: string, service: string, sql: string][] = [
  [
    'orders that have not ended',
    'orders',
    `select count(*) from orders where state in ('PENDING', 'CANCELLING')`,
  ],
  [
    'wallets whose balance is not the sum of their transfers',
    'payments',
    `select count(*) from accounts a where balance_minor <> (
       select coalesce(sum(case when credit_account_id = a.id then amount_minor
                                else -amount_minor end), 0)
       from transfers where account_id = a.id)`,
  ],
  [
    'wallets with a gap in their ledger',
    'payments',
    `select count(*) from accounts a where ledger_version <> (
       select count(*) from transfers where account_id = a.id)`,
  ],
  [
    'captured payments without exactly one debit',
    'payments',
    `select count(*) from payments p where state = 'CAPTURED' and 1 <> (
       select count(*) from transfers where order_id = p.order_id and kind = 'PAYMENT')`,
  ],
  [
    'failed payments with a debit',
    'payments',
    `select count(*) from payments p where state = 'FAILED' and exists (
       select from transfers where order_id = p.order_id)`,
  ],
  ['dead letters', 'orders', 'select count(*) from dead_letters'],
  ['dead letters', 'payments', 'select count(*) from dead_letters'],
];

/** What is wrong with the books over both databases, in words; empty when they balance. */
export async function wrongInTheBooks(system: ComposedSystem): Promise<string[]> {
  const wrong: string[] = [];
  for (const [what, service, sql] of faults) {
    const count = await system.sql(service, sql);
    if (count !== '0') wrong.push(`${count} ${what} (${service})`);
  }
  const paid = await system.sql('orders', outcomes('orders', 'id', 'PAID'));
  const captured = await system.sql('payments', outcomes('payments', 'order_id', 'CAPTURED'));
  if (paid !== captured) wrong.push('Orders and Payments do not agree on which orders are paid');
  return wrong;
}

/** How many rows are in the state, and one number for which. */
function outcomes(table: string, id: string, state: string): string {
  return `select count(*) || ' ' || md5(coalesce(string_agg(${id}::text, ',' order by ${id}), ''))
    from ${table} where state = '${state}'`;
}
