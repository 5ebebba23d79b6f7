import type { ConsumerOptions } from '#lib/nats/consumer.ts';
import type { PullSource } from '#lib/nats/pull-source.ts';
import type { LeaseKey, RelayBroker, RelayStore } from '#lib/outbox/relay-ports.ts';
import type { Tx } from '#lib/pg/transaction.ts';
import { rules } from '../../services/orders/domain/order-state.ts';
import type { StatementModel } from './postgres/engine.ts';
import { type OrdersTables, writeSteps } from './postgres/orders-model.ts';
import { type PaymentsTables, type StoredWallet, transfersOf } from './postgres/payments-model.ts';
import type { DatabaseClient } from './postgres/server.ts';
import type { ServiceName, System } from './system.ts';
import type { Host } from './world.ts';

type Models = Record<ServiceName, Record<string, StatementModel>>;
type Tables = { orders: OrdersTables; payments: PaymentsTables };

/** The design with one thing wrong: the simulation must notice. */
export interface Mutant {
  what: string;
  statements?(models: Models, tables: Tables): void;
  database?(client: DatabaseClient, of: { host: Host; service: ServiceName }): object;
  store?(store: RelayStore, host: Host): RelayStore;
  broker?(broker: RelayBroker): RelayBroker;
  source?(source: PullSource): PullSource;
  consumer?: Partial<ConsumerOptions>;
  withoutJob?: string;
  /** Changes what is there; returns what undoes that. */
  system?(system: System): () => void;
}

/** The design as it is. */
export const noMutant: Mutant = { what: 'nothing is wrong' };

const nothing = () => {};

const inbox = 'insert-into-inbox';

export const mutants: Readonly<Record<string, Mutant>> = {
  'no-inbox': {
    what: 'the inbox takes every event as if it were new',
    statements: ({ payments }) => takeEverything(payments),
  },
  'inbox-after-effect': {
    what: 'the inbox is written in a transaction of its own, after the effect',
    statements({ payments }, { payments: tables }) {
      // eslint-disable-next-line require-yield
      payments['select-inbox'] = function* (at, [ids]) {
        const fresh = (ids as string[]).filter((id) => !tables.inbox.seen(at, id));
        return fresh.map((id) => ({ event_id: id }));
      };
    },
    database: (client) => ({
      single: <T>(work: (tx: Tx) => Promise<T>) => client.single(work),
      transaction: <T>(work: (tx: Tx) => Promise<T>) => inboxLater(client, work),
    }),
  },
  'mark-before-publish': { what: 'the relay moves its cursor, then publishes', store: markFirst },
  'unknown-is-stored': {
    what: 'the relay takes a publish without an answer for done',
    broker: (broker) => ({
      async publish(rows) {
        const outcomes = await broker.publish(rows);
        return outcomes.map((it) =>
          it.kind === 'unknown' ? { kind: 'stored', duplicate: false } : it,
        );
      },
    }),
  },
  'lost-update': {
    what: 'balances are read without a lock and written back as computed',
    statements: ({ payments }, tables) => forgetLocks(payments, tables.payments),
  },
  'id-cursor': {
    what: 'the relay remembers the highest id and passes over slower transactions',
    system({ databases }) {
      for (const { engine } of Object.values(databases)) {
        const exact = engine.snapshotText.bind(engine);
        engine.snapshotText = (own) => {
          const max = engine.snapshotMax(exact(own));
          return `${max}:${max}:`;
        };
      }
      return nothing;
    },
  },
  'ack-before-commit': {
    what: 'messages are acknowledged when they come, not when their effect is committed',
    source: (source) => ({
      ackWaitMs: source.ackWaitMs,
      open: (demand) =>
        source.open({
          room: demand.room,
          onMessage(message) {
            message.ack();
            demand.onMessage(message);
          },
        }),
    }),
  },
  'no-terminal-guard': {
    what: "results change an order in whatever state, and the statement's guard lets them",
    statements({ orders }, { orders: tables }) {
      orders['write_steps'] = (at, values) => writeSteps(at, tables, values, { guarded: false });
    },
    system: () => openRules(),
  },
  'no-reconciler': { what: 'nobody asks for what was lost', withoutJob: 'reconcile-orders' },
  'same-transport-id': {
    what: 'what is sent again keeps its transport id',
    system({ broker }) {
      broker.transportIdOf = (headers) => headers.get('ce-id')!;
      return nothing;
    },
  },
  'no-fence': {
    what: 'neither the inbox nor the keys of payments and transfers stop a second debit',
    statements({ payments }, { payments: tables }) {
      takeEverything(payments);
      forgetPayments(payments, tables);
    },
  },
  'give-up-at-once': {
    what: 'a failure that passes sends a message to the dead letters',
    consumer: { isTransient: () => false, isPermanent: () => true },
  },
  'poison-is-retried': {
    what: 'a message that can never be handled is tried for ever',
    consumer: { isPermanent: () => false },
  },
};

function takeEverything(payments: Record<string, StatementModel>): void {
  const insert = payments[inbox]!;
  payments[inbox] = function* (at, values) {
    yield* insert(at, values);
    return [...new Set(values[0] as string[])].map((id) => ({ event_id: id }));
  };
}

async function inboxLater<T>(client: DatabaseClient, work: (tx: Tx) => Promise<T>): Promise<T> {
  let values: readonly unknown[] = [];
  const result = await client.transaction((tx) =>
    work({
      query(statement, given) {
        if (statement.name !== inbox) return tx.query(statement, given);
        values = given;
        return tx.query({ name: 'select-inbox', text: '' }, given);
      },
    }),
  );
  if (values.length > 0) await client.single((tx) => tx.query({ name: inbox, text: '' }, values));
  return result;
}

function markFirst(store: RelayStore, host: Host): RelayStore {
  let key: LeaseKey = { holder: host.name, term: 0n };
  const leaseMs = 5_000;
  return {
    renew: (...args) => store.renew(...args),
    advance: (...args) => store.advance(...args),
    bury: (...args) => store.bury(...args),
    release: (...args) => store.release(...args),
    async acquire(holder, ms) {
      const grant = await store.acquire(holder, ms);
      if (grant) key = { holder, term: grant.term };
      return grant;
    },
    async read(after, limit) {
      const page = await store.read(after, limit);
      const last = page.rows.at(-1);
      if (last) await store.advance(key, last.after, leaseMs);
      return page;
    },
  };
}

function forgetLocks(payments: Record<string, StatementModel>, tables: PaymentsTables): void {
  // eslint-disable-next-line require-yield
  payments['lock_wallets'] = function* (at, [ids]) {
    return [...new Set(ids as string[])].flatMap((id) => tables.accounts.seen(at, id) ?? []);
  };
  payments['book_transfers'] = function* (at, values) {
    const transfers = transfersOf(values);
    const wallets = new Map(tables.accounts.committed().map((it) => [it.id, it]));
    for (const transfer of transfers) {
      const { accountId, ledgerVersion, balanceAfterMinor: balanceMinor } = transfer;
      const { userId } = wallets.get(accountId)!;
      const old: StoredWallet = (yield* tables.accounts.lock(at, userId))!;
      tables.accounts.write(userId, { ...old, ledgerVersion, balanceMinor });
      yield* tables.transfers.insert(at, `${accountId}:${ledgerVersion}`, transfer);
    }
    return [{ booked: BigInt(transfers.length) }];
  };
}

function forgetPayments(payments: Record<string, StatementModel>, tables: PaymentsTables): void {
  // eslint-disable-next-line require-yield
  payments['select_payments'] = function* () {
    return [];
  };
  const book = payments['book_transfers']!;
  payments['book_transfers'] = function* (at, values) {
    tables.transfersByOrder.slots.clear();
    return yield* book(at, values);
  };
  const write = payments['write_payments']!;
  payments['write_payments'] = function* (at, values) {
    yield* write(at, values);
    return [{ written: BigInt(values[0].length + values[9].length) }];
  };
}

/** Lets every result through from every state; the table itself is what is wrong. */
function openRules(): () => void {
  const table = rules as Record<string, { from: unknown; done: unknown }>;
  const results = ['PAYMENT_CAPTURED', 'PAYMENT_FAILED', 'PAYMENT_VOIDED', 'PAYMENT_REFUNDED'];
  const saved = results.map((name) => ({ ...table[name]! }));
  const all = [
    ...new Set(Object.values(rules).flatMap(({ from, done, to }) => [...from, ...done, to])),
  ];
  for (const name of results) Object.assign(table[name]!, { from: all, done: [] });
  return () => results.forEach((name, index) => Object.assign(table[name]!, saved[index]));
}
