-- The tables of one paid order as a first draft would have them: what an order needs to be safe, and nothing more.
create table orders (
  id uuid primary key default uuidv7(),
  user_id int not null,
  state text not null,
  amount_minor bigint not null,
  currency_code text not null,
  description text not null,
  create_time timestamptz not null default now(),
  update_time timestamptz not null default now()
);
create index orders_by_user on orders (user_id, id desc);

create table outbox (
  seq bigint generated always as identity primary key,
  event_id uuid not null default uuidv7(),
  type text not null,
  payload bytea not null,
  create_time timestamptz not null default now()
);

create table inbox (
  event_id uuid primary key,
  create_time timestamptz not null default now()
);

create table accounts (
  user_id int primary key,
  balance_minor bigint not null check (balance_minor >= 0),
  ledger_version bigint not null default 0
) with (fillfactor = 80);
insert into accounts select n, 1000000000, 0 from generate_series(1, 10000) as n;

create table transfers (
  user_id int not null,
  ledger_version bigint not null,
  order_id uuid not null unique,
  amount_minor bigint not null,
  balance_after_minor bigint not null,
  create_time timestamptz not null default now(),
  primary key (user_id, ledger_version)
);
