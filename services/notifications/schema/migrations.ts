import { Migration } from '@mikro-orm/migrations';
import {
  deadLetterTablesV1,
  deadLetterTablesV2,
  deadLetterTablesV3,
} from '#lib/dead-letters/tables.ts';
import { inboxTablesV1, inboxTablesV3 } from '#lib/inbox/tables.ts';
import type { Migrations } from '#lib/pg/migrate.ts';

class LiveChanges extends Migration {
  override up() {
    this.addSql(`
      -- The number of each user's last change, and the event that it came from. Its row lock is
      -- what numbers a user's changes without a gap, and keeps two batches of one user apart.
      create table heads (
        user_id text primary key check (length(user_id) between 1 and 128),
        number bigint not null default 0,
        event_id uuid
      )
      -- Updated with every change; room on the page keeps the index out of it.
      with (fillfactor = 60);

      -- What each user's streams told, for seven days: who was away reads on from here.
      create table changes (
        user_id text not null,
        number bigint not null check (number > 0),
        event_id uuid not null,
        content bytea not null,
        create_time timestamptz(3) not null,
        primary key (user_id, number)
      );
      create index changes_create_time on changes using brin (create_time)
        with (pages_per_range = 32, autosummarize = on);

      -- Orders as snapshots show them. States and reasons by their numbers in the contract, so that
      -- one that this release does not know is kept and passed on as it is; it counts as
      -- unfinished.
      create table orders (
        order_id uuid primary key,
        user_id text not null,
        state smallint not null,
        failure_reason smallint not null,
        amount_minor bigint not null,
        currency_code text not null,
        version bigint not null,
        update_time timestamptz(3) not null,
        unfinished boolean generated always as (state not in (3, 6, 8)) stored
      )
      with (fillfactor = 80);
      create index orders_of_user on orders (user_id, unfinished, order_id);

      create table accounts (
        user_id text primary key,
        balance_minor bigint not null,
        currency_code text not null,
        ledger_version bigint not null
      )
      with (fillfactor = 80);

      -- What a user may want to read about, for 90 days. Its id is that of the event.
      create table notifications (
        event_id uuid primary key,
        user_id text not null,
        kind smallint not null,
        order_id uuid,
        amount_minor bigint not null,
        currency_code text not null,
        failure_reason smallint not null,
        create_time timestamptz(3) not null,
        read_time timestamptz(3)
      );
      create index notifications_of_user on notifications (user_id, create_time, event_id);
      create index notifications_unread on notifications (user_id, create_time)
        where read_time is null;
      create index notifications_create_time on notifications using brin (create_time)
        with (pages_per_range = 32, autosummarize = on);

      -- SHA-256 of the tickets that open a WebSocket: who reads the table can open none.
      create table tickets (
        hash bytea primary key check (length(hash) = 32),
        user_id text not null,
        expire_time timestamptz(3) not null
      );
      create index tickets_expire_time on tickets (expire_time);`);
    this.addSql(inboxTablesV1);
    this.addSql(deadLetterTablesV1);
  }
}

/** Dead letters are replayed or discarded, and it is kept which. */
class ResolvedLetters extends Migration {
  override up() {
    this.addSql(deadLetterTablesV2);
  }
}

/** The trace of a change, so that its way to the streams of the user is a part of it. */
class TracedChanges extends Migration {
  override up() {
    this.addSql('alter table changes add column traceparent text');
  }
}

/** Ids of events that cannot come again are deleted. */
class MessageRetention extends Migration {
  override up() {
    this.addSql(inboxTablesV3);
    this.addSql(deadLetterTablesV3);
  }
}

/** Who holds how many of a user's WebSockets, over all instances. */
class SharedSocketLimit extends Migration {
  override up() {
    this.addSql(`
      create table live_instances (
        instance_id uuid primary key,
        -- What it holds counts until then.
        lease_until timestamptz not null
      );

      create table live_sockets (
        user_id text primary key,
        -- For each open WebSocket of the user the instance that it is on.
        holders uuid[] not null
      )
      with (fillfactor = 70);`);
  }
}

/** When changes were first sent to a stream of their user. */
class PushTimes extends Migration {
  override up() {
    this.addSql(`
      create table pushes (
        event_id uuid primary key,
        push_time timestamptz(3) not null
      );
      create index pushes_push_time on pushes using brin (push_time)
        with (pages_per_range = 32, autosummarize = on);`);
  }
}

export const migrations: Migrations = [
  { name: '0001-live-changes', class: LiveChanges },
  { name: '0002-resolved-letters', class: ResolvedLetters },
  { name: '0003-traced-changes', class: TracedChanges },
  { name: '0004-message-retention', class: MessageRetention },
  { name: '0005-shared-socket-limit', class: SharedSocketLimit },
  { name: '0006-push-times', class: PushTimes },
];
