-- What was begun with another server and must not be forgotten in between: written before the first step.

create table handshakes (
  id int8 generated always as identity primary key,
  kind text not null check (kind in ('knock', 'leave', 'invite')),
  room_id text not null,
  user_id text not null,
  event_id text not null unique,
  room_version text not null,
  pdu bytea not null,
  candidates text[] not null,
  server text,
  answer bytea,
  actor text not null,
  token text,
  operation text not null,
  on_behalf_of text,
  attempts int not null default 0,
  next_at timestamptz not null,
  last_error text,
  begun_at timestamptz not null
);
create index handshakes_next on handshakes (next_at);
create index handshakes_user on handshakes (user_id, room_id);
comment on table handshakes is 'Events that are ours and rest on another server''s word: send_knock, send_leave, invite. The row goes with the transaction that stores what came of it.';
comment on column handshakes.user_id is 'Whose membership it is: the knocker, the leaver, the invited.';
comment on column handshakes.pdu is 'Canonical JSON of the signed event: sent again unchanged, never made a second time.';
comment on column handshakes.candidates is 'Servers to go through, in order.';
comment on column handshakes.server is 'The one that answered.';
comment on column handshakes.answer is 'Canonical JSON of what it said; null: it is not known to have heard.';
comment on column handshakes.next_at is 'From then on it may be taken up again: while a request works on it, after that request''s time.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on handshakes to vestibule_service;
  end if;
end $$;

analyze handshakes;
