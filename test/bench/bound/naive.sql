\set user random(1, 10000)
begin;
insert into orders (user_id, state, amount_minor, currency_code, description) values (:user, 'PENDING', 1250, 'USD', 'Two coffees') returning id \gset
insert into outbox (type, payload) values ('PaymentRequested', decode('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627', 'hex')) returning event_id \gset
commit;
begin;
insert into inbox (event_id) values (:event_id) on conflict do nothing;
update accounts set balance_minor = balance_minor - 1250, ledger_version = ledger_version + 1 where user_id = :user and balance_minor >= 1250 returning balance_minor, ledger_version \gset
insert into transfers (user_id, ledger_version, order_id, amount_minor, balance_after_minor) values (:user, :ledger_version, :id, 1250, :balance_minor);
insert into outbox (type, payload) values ('PaymentCaptured', decode('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627', 'hex'));
commit;
begin;
update orders set state = 'PAID', update_time = now() where id = :id and state = 'PENDING';
commit;
