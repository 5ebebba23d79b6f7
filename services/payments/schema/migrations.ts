import { Migration } from '@mikro-orm/migrations';
import {
  deadLetterTablesV1,
  deadLetterTablesV2,
  deadLetterTablesV3,
} from '#lib/dead-letters/tables.ts';
import { requestRetentionV1, requestRetentionV2 } from '#lib/idempotency/tables.ts';
import { inboxTablesV1, inboxTablesV2, inboxTablesV3 } from '#lib/inbox/tables.ts';
import { outboxTablesV1, outboxTablesV2 } from '#lib/outbox/tables.ts';
import type { Migrations } from '#lib/pg/migrate.ts';

class FirstPayment extends Migration {
  override up() {
    this.addSql(`
      create table accounts (
        id uuid primary key,
        user_id text not null check (length(user_id) between 1 and 128),
        currency_code text not null check (currency_code ~ '^[A-Z]{3}$'),
        balance_minor bigint not null,
        ledger_version bigint not null,
        create_time timestamptz(3) not null,
        update_time timestamptz(3) not null,
        constraint accounts_one_per_user unique (user_id),
        constraint accounts_balance_in_range check (balance_minor between 0 and 1000000000000000),
        constraint accounts_ledger_version_not_negative check (ledger_version >= 0)
      )
      -- Wallets are updated in place; room on the page lets PostgreSQL do so without touching the
      -- indexes.
      with (fillfactor = 80);

      -- The other side of every transfer: sales and top-up clearing, one of each per currency.
      -- They keep no
      -- running balance, because that one row would be hotter than any wallet; their balance is
      -- the sum
      -- of their transfers.
      create table system_accounts (
        id uuid primary key,
        purpose text not null check (purpose in ('SALES', 'TOP_UP_CLEARING')),
        currency_code text not null check (currency_code ~ '^[A-Z]{3}$'),
        unique (purpose, currency_code)
      );

      -- The ledger, append-only. Double entry by construction: one row moves one amount from the
      -- debit to the
      -- credit account. Exactly one of the two is a wallet, named again in account_id; its entries
      -- are
      -- numbered without a gap. No foreign keys to the accounts: they would lock the one sales
      -- account's row in every payment.
      create table transfers (
        account_id uuid not null,
        ledger_version bigint not null check (ledger_version > 0),
        kind text not null check (kind in ('TOP_UP', 'PAYMENT')),
        debit_account_id uuid not null,
        credit_account_id uuid not null,
        amount_minor bigint not null check (amount_minor > 0),
        currency_code text not null,
        balance_after_minor bigint not null check (balance_after_minor >= 0),
        order_id uuid,
        create_time timestamptz(3) not null,
        primary key (account_id, ledger_version),
        constraint transfers_two_accounts check (debit_account_id <> credit_account_id),
        constraint transfers_touch_their_wallet check (account_id in (debit_account_id,
          credit_account_id)),
        constraint transfers_payment_has_order check ((kind = 'PAYMENT') = (order_id is not null))
      );
      -- At most one debit per order, for ever.
      create unique index transfers_once_per_order_and_kind on transfers (order_id, kind)
        where order_id is not null;

      -- One row per order: the permanent fence. Never purged.
      create table payments (
        order_id uuid primary key,
        user_id text not null,
        amount_minor bigint not null check (amount_minor > 0),
        currency_code text not null,
        state text not null check (state in ('CAPTURED', 'FAILED')),
        failure_reason text,
        ledger_version bigint not null,
        create_time timestamptz(3) not null,
        constraint payments_failed_with_reason
          check ((state = 'FAILED') = (failure_reason is not null))
      );

      -- Idempotency keys: what a user's key was used for, and the ledger version of its answer.
      create table requests (
        user_id text not null,
        request_id text not null,
        fingerprint bytea not null,
        account_id uuid not null,
        ledger_version bigint not null,
        create_time timestamptz(3) not null,
        primary key (user_id, request_id)
      );`);
    this.addSql(inboxTablesV1);
    this.addSql(outboxTablesV1);
    this.addSql(deadLetterTablesV1);
  }
}

/** Payments can be undone. Code of the version before can go on writing. */
class Cancellation extends Migration {
  override up() {
    this.addSql(`
      alter table payments
        drop constraint payments_state_check,
        add constraint payments_state_known
          check (state in ('CAPTURED', 'FAILED', 'VOIDED', 'REFUNDED')),
        add column update_time timestamptz(3) not null default now();
      update payments set update_time = create_time;

      alter table transfers
        drop constraint transfers_kind_check,
        drop constraint transfers_payment_has_order,
        add constraint transfers_kind_known check (kind in ('TOP_UP', 'PAYMENT', 'REFUND')),
        add constraint transfers_order_named check ((kind = 'TOP_UP') = (order_id is null));

      -- A refund must never fail because the account has become rich meanwhile.
      alter table accounts
        drop constraint accounts_balance_in_range,
        add constraint accounts_balance_not_negative check (balance_minor >= 0);`);
  }
}

/** Expired idempotency keys are found by their time. */
class RequestRetention extends Migration {
  override up() {
    this.addSql(requestRetentionV1);
  }
}

/** Where the broker kept the messages that were received. */
class Receipts extends Migration {
  override up() {
    this.addSql(inboxTablesV2);
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

/** Published events go after their time. Code of the version before can go on writing. */
class MessageRetention extends Migration {
  override up() {
    this.addSql(outboxTablesV2('false'));
    this.addSql(inboxTablesV3);
    this.addSql(deadLetterTablesV3);
  }
}

export const migrations: Migrations = [
  { name: '0001-first-payment', class: FirstPayment },
  { name: '0002-cancellation', class: Cancellation },
  { name: '0003-request-retention', class: RequestRetention },
  { name: '0004-receipts', class: Receipts },
  { name: '0005-resolved-letters', class: ResolvedLetters },
  { name: '0006-guarded-retention', class: GuardedRetention },
  { name: '0007-message-retention', class: MessageRetention },
];
