import type { TableInvariant } from '#lib/audit/invariant.ts';
import { outboxInvariants, outboxSinceSql } from '#lib/audit/outbox-invariants.ts';

const signed = `case when credit_account_id = account_id then amount_minor else -amount_minor end`;

const answerTypes = ['Captured', 'Failed', 'Voided', 'Refunded']
  .map((name) => `'purser.payments.v1.Payment${name}'`)
  .join(', ');

/** What must hold of the tables of Payments at every moment. */
export const paymentsInvariants: readonly TableInvariant[] = [
  {
    id: 'I1',
    says: 'Every balance is the sum of its transfers.',
    unit: 'accounts',
    checked: 'select count(*) from accounts',
    broken: `
      select a.id, a.user_id, a.balance_minor, coalesce(t.total, 0) as transfers_total,
        a.ledger_version, coalesce(t.last, 0) as last_version
      from accounts a left join (
        select account_id, sum(${signed}) as total, max(ledger_version) as last
        from transfers group by account_id
      ) as t on t.account_id = a.id
      where a.balance_minor <> coalesce(t.total, 0) or a.ledger_version <> coalesce(t.last, 0)`,
    means:
      'A balance was changed without a transfer, or a transfer was booked without its balance.',
    repair: 'Set balance and version to what the transfers say; they are the truth.',
  },
  {
    id: 'I2',
    says: 'Entries of an account are numbered without a gap, and each balance follows the last.',
    unit: 'transfers',
    checked: 'select count(*) from transfers',
    broken: `
      select account_id, ledger_version, kind, amount_minor, balance_after_minor, running
      from (
        select *, row_number() over w as n, sum(${signed}) over w as running
        from transfers window w as (partition by account_id order by ledger_version)
      ) as entry
      where n <> ledger_version or running <> balance_after_minor`,
    means: 'A transfer was lost, changed or made up.',
    repair: 'Find the missing or changed entry by its order; never renumber.',
  },
  {
    id: 'I3',
    says: 'No balance is or was below zero.',
    unit: 'accounts',
    checked: 'select count(*) from accounts',
    broken: `
      select id as account_id, ledger_version, balance_minor from accounts where balance_minor < 0
      union all
      select account_id, ledger_version, balance_after_minor from transfers
      where balance_after_minor < 0`,
    means: 'More was paid than there was.',
    repair: 'Ask the user for a top-up, or cancel the order that went too far.',
  },
  {
    id: 'I4',
    says: 'An order is debited at most once, and refunded at most once.',
    unit: 'orders',
    checked: 'select count(distinct order_id) from transfers',
    broken: `select order_id, kind, count(*) as times from transfers
      where order_id is not null group by order_id, kind having count(*) > 1`,
    means: 'A user has paid twice, or got money back twice.',
    repair: 'Book the second one back, and put transfers_once_per_order_and_kind back.',
  },
  {
    id: 'I19',
    says: 'Every payment moved the money that its state says, and nothing else moved.',
    unit: 'payments',
    checked: 'select count(*) from payments',
    broken: `
      select coalesce(p.order_id, t.order_id) as order_id, p.state, p.amount_minor,
        t.debited, t.refunded
      from payments p full join (
        select order_id, min(account_id::text) as account_id, min(currency_code) as currency_code,
          coalesce(sum(amount_minor) filter (where kind = 'PAYMENT'), 0) as debited,
          coalesce(sum(amount_minor) filter (where kind = 'REFUND'), 0) as refunded
        from (select distinct on (order_id, kind) * from transfers
          where order_id is not null order by order_id, kind) as first
        group by order_id
      ) as t on t.order_id = p.order_id
        left join accounts a on a.id = t.account_id::uuid
      where p.order_id is null
        or coalesce(t.debited, 0)
          <> case when p.state in ('CAPTURED', 'REFUNDED') then p.amount_minor else 0 end
        or coalesce(t.refunded, 0) <> case p.state when 'REFUNDED' then p.amount_minor else 0 end
        or t.order_id is not null
          and (a.user_id, t.currency_code) is distinct from (p.user_id, p.currency_code)`,
    means: 'Money was taken or given back without a decision, or a decision without its money.',
    repair: 'Compare with the order; book what is missing under the same order.',
  },
  {
    id: 'I20',
    says: 'Wallets and system accounts of a currency sum to zero, over accounts that exist.',
    unit: 'currencies',
    checked: 'select count(distinct currency_code) from accounts',
    broken: `
      with system_side as (
        select t.currency_code, s.id as known, t.account_id,
          case when t.credit_account_id = t.account_id then -amount_minor else amount_minor end
            as amount
        from transfers t left join system_accounts s
          on s.currency_code = t.currency_code
          and s.id = case when t.credit_account_id = t.account_id
            then t.debit_account_id else t.credit_account_id end
          and s.purpose = case t.kind when 'TOP_UP' then 'TOP_UP_CLEARING' else 'SALES' end
      )
      select currency_code, 'the sum is not zero' as what, sum(amount)::text as amount from (
        select currency_code, balance_minor as amount from accounts
        union all
        select currency_code, amount from system_side
      ) as side group by currency_code having sum(amount) <> 0
      union all
      select s.currency_code, 'unknown account', count(*)::text
      from system_side s left join accounts a
        on a.id = s.account_id and a.currency_code = s.currency_code
      where s.known is null or a.id is null group by s.currency_code`,
    means: 'Money came from nowhere or went nowhere.',
    repair: 'I1 and I2 name the account; this sum is right again when they are.',
  },
  {
    id: 'I21',
    says: 'Every idempotency key leads to an account of its user and an entry that it has.',
    unit: 'keys',
    checked: 'select count(*) from requests',
    broken: `
      select r.user_id, r.request_id, r.account_id, r.ledger_version, a.ledger_version as last
      from requests r left join accounts a on a.id = r.account_id and a.user_id = r.user_id
      where a.id is null or r.ledger_version > a.ledger_version`,
    means: 'A caller who repeats the call gets an error, or what never was.',
    repair: 'Restore the account or the entry, or delete the key after its user has been asked.',
  },
  {
    id: 'I22',
    says: 'Every request that was received is answered, and every decision is told.',
    unit: 'requests',
    checked: `select count(*) from inbox where create_time >= ${outboxSinceSql}`,
    // A transaction has one now(), which stands in all rows that it writes: those of one moment in
    // the inbox have their answers at the same moment in the outbox.
    broken: `
      select coalesce(i.create_time, o.create_time)::text as moment,
        coalesce(i.count, 0) as received, coalesce(o.count, 0) as answered, null as order_id
      from (select create_time, count(*) from inbox group by create_time) as i
        full join (
          select create_time, count(*) from outbox
          where publication = 1 and type in (${answerTypes}) group by create_time
        ) as o using (create_time)
      where i.count is distinct from o.count and create_time >= ${outboxSinceSql}
      union all
      select p.create_time::text, 1, 0, p.order_id::text
      from payments p left join (
        select distinct about from outbox where type in (${answerTypes})
      ) as o on o.about = 'orders/' || p.order_id
      where o.about is null and p.create_time >= ${outboxSinceSql}`,
    means: 'A request had an effect that nobody was told of, or none at all.',
    repair: 'The reconciler of Orders asks for the decision, whether it was told or not.',
  },
  ...outboxInvariants,
];
