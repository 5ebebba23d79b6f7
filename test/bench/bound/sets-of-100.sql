begin;
with created as (
  insert into orders (user_id, state, amount_minor, currency_code, description)
  select 1 + floor(random() * 10000), 'PENDING', 1250, 'USD', 'Two coffees' from generate_series(1, 100)
  returning id, user_id
), published as (
  insert into outbox (type, payload)
  select 'PaymentRequested', decode('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627', 'hex') from created
  returning event_id
)
select (select array_agg(id) from created) as ids, (select array_agg(user_id) from created) as users, (select array_agg(event_id) from published) as events \gset
commit;
begin;
insert into inbox (event_id) select unnest(:events::uuid[]) on conflict do nothing;
select from accounts where user_id = any (:users::int[]) order by user_id for no key update;
with input as (
  select order_id, user_id, row_number() over (partition by user_id order by order_id) as n
  from unnest(:ids::uuid[], :users::int[]) as t (order_id, user_id)
), total as (
  select user_id, count(*) as orders from input group by user_id
), debited as (
  update accounts set balance_minor = balance_minor - 1250 * orders, ledger_version = ledger_version + orders
  from total where accounts.user_id = total.user_id and balance_minor >= 1250 * orders
  returning accounts.user_id, balance_minor + 1250 * orders as balance_before, ledger_version - orders as version_before
), booked as (
  insert into transfers (user_id, ledger_version, order_id, amount_minor, balance_after_minor)
  select user_id, version_before + n, order_id, 1250, balance_before - 1250 * n from input join debited using (user_id)
  returning order_id
)
insert into outbox (type, payload)
select 'PaymentCaptured', decode('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627', 'hex') from booked;
commit;
begin;
update orders set state = 'PAID', update_time = now() where id = any (:ids::uuid[]) and state = 'PENDING';
commit;
