import { Migration } from '@mikro-orm/migrations';
import {
  deadLetterTablesV1,
  deadLetterTablesV2,
  deadLetterTablesV3,
} from '#lib/dead-letters/tables.ts';
import { requestRetentionV1, requestRetentionV2 } from '#lib/idempotency/tables.ts';
import { outboxTablesV1, outboxTablesV2 } from '#lib/outbox/tables.ts';
import type { Migrations } from '#lib/pg/migrate.ts';

class FirstOrder extends Migration {
  override up() {
    this.addSql(`
      create table orders (
        id uuid primary key,
        user_id text not null check (length(user_id) between 1 and 128),
        state text not null,
        failure_reason text,
        amount_minor bigint not null check (amount_minor between 1 and 1000000000000),
        currency_code text not null check (currency_code ~ '^[A-Z]{3}$'),
        description text not null check (length(description) <= 500),
        version bigint not null check (version > 0),
        create_time timestamptz(3) not null,
        update_time timestamptz(3) not null,
        constraint orders_failed_with_reason
          check ((state = 'FAILED') = (failure_reason is not null))
      );
      -- One user's orders, newest first: ids are UUIDs of version 7.
      create index orders_by_user on orders (user_id, id desc);

      -- Append-only. Every state that an order ever had can be rebuilt from here.
      create table order_events (
        order_id uuid not null references orders (id),
        version bigint not null,
        event_id uuid not null,
        from_state text,
        to_state text not null,
        failure_reason text,
        -- The event of another service that caused the change; null for the user's own call.
        cause_event_id uuid,
        create_time timestamptz(3) not null,
        primary key (order_id, version)
      );

      -- Idempotency keys: what a user's key was used for.
      create table requests (
        user_id text not null,
        request_id text not null,
        fingerprint bytea not null,
        order_id uuid not null,
        create_time timestamptz(3) not null,
        primary key (user_id, request_id)
      );`);
    this.addSql(outboxTablesV1);
    this.addSql(deadLetterTablesV1);
  }
}

/**
 * Who changed an order and why, and how its goods travel. Code of the version before can go on
 * writing.
 */
class OrderLife extends Migration {
  override up() {
    this.addSql(`
      alter table orders
        add column carrier text,
        add column tracking_code text,
        add constraint orders_shipment_whole check ((carrier is null) = (tracking_code is null));

      alter table order_events
        add column actor text not null default 'USER' check (actor in ('USER', 'STAFF',
          'PAYMENTS')),
        add column actor_user_id text,
        add column reason text not null default '' check (length(reason) <= 500);

      update order_events set actor = 'PAYMENTS' where cause_event_id is not null;
      update order_events set actor_user_id = orders.user_id
      from orders where orders.id = order_id and cause_event_id is null;`);
  }
}

/** What an order is made of. Code of the version before can go on writing. */
class OrderLines extends Migration {
  override up() {
    this.addSql(`
      alter table orders
        -- Written once: a snapshot of titles, quantities, unit amounts and attributes.
        add column lines jsonb,
        add column line_count int not null default 0 check (line_count between 0 and 100),
        add constraint orders_lines_counted check ((lines is null) = (line_count = 0));`);
  }
}

/** Expired idempotency keys are found by their time. */
class RequestRetention extends Migration {
  override up() {
    this.addSql(requestRetentionV1);
  }
}

/** Who gets an order's goods. Code of the version before can go on writing. */
class OrderRecipient extends Migration {
  override up() {
    this.addSql('alter table orders add column recipient jsonb;');
  }
}

/** Where the broker kept the messages that changed an order. */
class CauseReceipts extends Migration {
  override up() {
    this.addSql(`
      alter table order_events
        add column cause_stream_sequence bigint,
        add column cause_stream_time timestamptz;`);
  }
}

/**
 * When an order that waits for Payments is asked for. Code of the version before can go on writing.
 */
class Reconciliation extends Migration {
  override up() {
    this.addSql(`
      alter table orders
        add column check_time timestamptz(3) not null default now() + interval '30 seconds',
        -- Questions since the order began to wait.
        add column checks int not null default 0;
      -- Holds the few orders that wait, not the many that are final.
      create index orders_waiting on orders (check_time)
        where state in ('PENDING', 'CANCELLING');

      -- One row: whose turn it is among the instances, and whether Payments answers.
      create table reconciler (
        single boolean primary key default true check (single),
        next_round_time timestamptz not null default '-infinity',
        failures int not null default 0
      );
      insert into reconciler default values;`);
  }
}

/** Dead letters are replayed or discarded, and it is kept which. */
class ResolvedLetters extends Migration {
  override up() {
    this.addSql(deadLetterTablesV2);
  }
}

/** Expired idempotency keys are deleted by a function, because the service may delete none. */
class GuardedRetention extends Migration {
  override up() {
    this.addSql(requestRetentionV2);
  }
}

/** What an order that waits asked for may have to be sent again. */
const waitsForPayments = `exists (
  select from orders
  where state in ('PENDING', 'CANCELLING') and 'orders/' || orders.id = o.about
)`;

/** Published events go after their time. Code of the version before can go on writing. */
class MessageRetention extends Migration {
  override up() {
    this.addSql(outboxTablesV2(waitsForPayments));
    this.addSql(deadLetterTablesV3);
  }
}

/**
 * A step and its order are written by one statement, nobody may delete either, and the audit looks
 * for steps without an order (I17): a foreign key looks each order up once more for every step,
 * and locks it. Code of the version before can go on writing.
 */
class HistoryWithoutForeignKey extends Migration {
  override up() {
    this.addSql('alter table order_events drop constraint order_events_order_id_fkey');
  }
}

export const migrations: Migrations = [
  { name: '0001-first-order', class: FirstOrder },
  { name: '0002-order-life', class: OrderLife },
  { name: '0003-order-lines', class: OrderLines },
  { name: '0004-request-retention', class: RequestRetention },
  { name: '0005-order-recipient', class: OrderRecipient },
  { name: '0006-cause-receipts', class: CauseReceipts },
  { name: '0007-reconciliation', class: Reconciliation },
  { name: '0008-resolved-letters', class: ResolvedLetters },
  { name: '0009-guarded-retention', class: GuardedRetention },
  { name: '0010-message-retention', class: MessageRetention },
  { name: '0011-history-without-foreign-key', class: HistoryWithoutForeignKey },
];
