-- Answers that survive a restart, and where readers of the log stand.

create table idempotency (
  actor text not null,
  key text not null,
  operation text not null,
  result bytea not null,
  position int8 not null,
  at timestamptz not null,
  primary key (actor, key)
);
create index idempotency_at on idempotency (at);
comment on table idempotency is 'The answer once given to a keyed request, written with the act itself.';

create table reader_positions (reader text primary key, position int8 not null);
comment on table reader_positions is 'How far each checkpointed reader of the log has come.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on idempotency, reader_positions to vestibule_service;
  end if;
end $$;
