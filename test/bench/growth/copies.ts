import type { Sample } from './sample.ts';

/** How old rows of a table are made from those that one paid order has left in it. */
export interface Copy {
  table: string;
  /** Which rows those are, as SQL. */
  rows: string;
  /** One copy for each old order, or one for each user, as it is after the last order. */
  per: 'order' | 'user';
  /** After so many days retention deletes them; without it they stay. */
  keptDays?: number;
  /**
   * What stands in a column instead of the value that is copied, as SQL over `old` (see
   * `sourceOf`). Ids of the order, its user and its events, and times, are replaced anyway.
   */
  change?: Readonly<Record<string, (value: string) => string>>;
  /** Indexes in whose order the rows do not come: they are made anew when all are there. */
  rebuilt?: readonly string[];
}

/** How long an outbox keeps what is published, when nothing else is set. */
export const outboxDays = 30;

/** Every table that an order leaves a row in, by database. */
export const copies = { orders, payments, notifications } as const;

export const databases = Object.keys(copies) as (keyof typeof copies)[];

function orders(sample: Sample): Copy[] {
  return [
    {
      table: 'orders',
      rows: `id = '${sample.orderId}'`,
      per: 'order',
      rebuilt: ['orders_by_user'],
    },
    {
      table: 'order_events',
      rows: ofOrder(sample),
      per: 'order',
      change: { cause_stream_sequence: () => 'old.n + 1' },
    },
    {
      table: 'requests',
      rows: ofOrder(sample),
      per: 'order',
      keptDays: 30,
      change: { request_id: () => `'old-' || old.n` },
    },
    outbox(sample),
  ];
}

function payments(sample: Sample): Copy[] {
  return [
    {
      table: 'accounts',
      rows: ofUser(sample),
      per: 'user',
      change: { balance_minor: nextBalance(sample), ledger_version, create_time },
    },
    {
      table: 'transfers',
      rows: `account_id = '${sample.accountId}' and kind = 'TOP_UP'`,
      per: 'user',
      change: { create_time },
    },
    {
      table: 'transfers',
      rows: ofOrder(sample),
      per: 'order',
      change: { ledger_version, balance_after_minor: nextBalance(sample) },
      rebuilt: ['transfers_pkey'],
    },
    { table: 'payments', rows: ofOrder(sample), per: 'order', change: { ledger_version } },
    { ...inbox(sample), change: { stream_sequence: () => 'old.n + 1' } },
    outbox(sample),
  ];
}

function notifications(sample: Sample): Copy[] {
  const number = (value: string) => `${value} + old.place * ${sample.changes}`;
  return [
    { table: 'heads', rows: ofUser(sample), per: 'user', change: { number } },
    {
      table: 'accounts',
      rows: ofUser(sample),
      per: 'user',
      change: { balance_minor: nextBalance(sample), ledger_version },
    },
    { table: 'orders', rows: ofOrder(sample), per: 'order', rebuilt: ['orders_of_user'] },
    { table: 'changes', rows: ofEvents(sample), per: 'order', keptDays: 7, change: { number } },
    {
      table: 'notifications',
      rows: ofEvents(sample),
      per: 'order',
      keptDays: 90,
      rebuilt: ['notifications_of_user'],
    },
    inbox(sample),
  ];
}

function outbox(sample: Sample): Copy {
  const change = { tx: () => 'old.tx' };
  return { table: 'outbox', rows: ofEvents(sample), per: 'order', keptDays: outboxDays, change };
}

function inbox(sample: Sample): Copy {
  return { table: 'inbox', rows: ofEvents(sample), per: 'order', keptDays: outboxDays + 30 };
}

const ofOrder = ({ orderId }: Sample) => `order_id = '${orderId}'`;
const ofUser = ({ userId }: Sample) => `user_id = '${userId}'`;
const ofEvents = ({ eventIds }: Sample) =>
  `event_id in (${eventIds.map((id) => `'${id}'`).join(', ')})`;

const create_time = () => 'old.opened';

/** Each order of a user is the next entry of the wallet, and takes its amount from it. */
const ledger_version = (value: string) => `${value} + old.place`;
const nextBalance = (sample: Sample) => (value: string) =>
  `${value} - old.place * ${sample.amountMinor}`;
