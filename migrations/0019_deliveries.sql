-- What is owed to other servers, and what became of it. The log says what is owed; these rows say to whom, and how far it came.

create table destinations (
  destination text primary key,
  owed bool not null,
  retry_at timestamptz not null default now(),
  failures int not null default 0,
  same_failures int not null default 0,
  txn_id text,
  txn_upto int8,
  txn_limit int not null,
  lease_owner text,
  lease_epoch int8 not null default 0,
  lease_until timestamptz,
  succeeded_at timestamptz,
  failed_at timestamptz,
  failure text,
  error text
) with (fillfactor = 70);
create index destinations_due on destinations (retry_at) where owed;
comment on table destinations is 'Servers that were ever owed something, and who is delivering to them right now.';
comment on column destinations.owed is 'Something waits for it.';
comment on column destinations.retry_at is 'Nothing is sent to it before.';
comment on column destinations.failures is 'Transactions that failed since the last that was answered.';
comment on column destinations.same_failures is 'How often in a row the transaction at hand failed in the same way.';
comment on column destinations.txn_id is 'The transaction at hand: fixed, perhaps sent, not settled. With the greatest position in it.';
comment on column destinations.txn_limit is 'Events in one transaction: fewer while one is sought that the server fails on.';
comment on column destinations.lease_epoch is 'Counts the leases: whoever holds an older one changes nothing any more.';
comment on column destinations.failure is 'Of which sort the last failure was; null: the last transaction was answered.';
comment on column destinations.error is 'The last failure in words, ours or the other server''s.';

create table deliveries (
  destination text not null,
  position int8 not null,
  room_id text not null,
  event int8 not null,
  kept bool not null,
  state text not null check (state in ('queued', 'fixed', 'acknowledged', 'refused', 'caught_up', 'given_up')),
  txn_id text,
  error text,
  owed_at timestamptz not null,
  settled_at timestamptz,
  primary key (destination, position),
  check ((settled_at is null) = (state in ('queued', 'fixed'))),
  check (state <> 'fixed' or txn_id is not null)
) with (fillfactor = 80);
create index deliveries_owed on deliveries (destination, position) where settled_at is null;
create index deliveries_event on deliveries (room_id, event);
create index deliveries_settled on deliveries (settled_at) where settled_at is not null;
comment on table deliveries is 'The ledger: one row for each event and each server that has to hear of it.';
comment on column deliveries.position is 'Of the verdict that made it owed: the order in which the server gets them.';
comment on column deliveries.kept is 'Never left out for the sake of newer ones: who is told of an invite or its end is told.';
comment on column deliveries.state is 'queued; fixed: part of a transaction that may have been sent; acknowledged; refused; caught_up: left out, newer events tell of it; given_up.';
comment on column deliveries.txn_id is 'The transaction it is, or was last, a part of.';
comment on column deliveries.error is 'The other server''s words.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on destinations, deliveries to vestibule_service;
  end if;
end $$;

analyze destinations;
analyze deliveries;
