-- Projections: what the log says now. Every row can be made again from the log.

create table room_state (
  room_id text not null,
  type text not null,
  state_key text not null,
  event int8 not null,
  membership text,
  since int8 not null,
  primary key (room_id, type, state_key)
) with (fillfactor = 85);
create index room_state_member on room_state (state_key) where type = 'm.room.member';
comment on table room_state is 'Current state: the tip of line 0. No indexed column changes, so updates stay in their page.';
comment on column room_state.since is 'Room position of the last change of membership; a changed profile moves only event.';

create table extremities (
  room_id text not null,
  event int8 not null,
  after_line int,
  after_at int8,
  primary key (room_id, event)
);
comment on table extremities is 'Forward extremities, each with the state after it.';

create table room_servers (
  room_id text not null,
  server text not null,
  from_at int8 not null,
  to_at int8,
  primary key (room_id, server, from_at)
);
create index room_servers_present on room_servers (room_id, server) where to_at is null;
comment on table room_servers is 'Which servers had joined members, by room position: who was there to hear an event.';

create table rooms (
  room_id text primary key,
  version text not null,
  room_position int8 not null,
  last_position int8 not null,
  joined int not null,
  invited int not null,
  resident bool not null,
  dark_since int8
) with (fillfactor = 85);
comment on table rooms is 'One row a room: its head and its size.';
comment on column rooms.last_position is 'The newest row of the log that concerns the room.';
comment on column rooms.resident is 'This server has joined members in it.';

create table knocks (
  room_id text not null,
  opened int8 not null,
  user_id text not null,
  server text not null,
  status text not null,
  event int8 not null,
  closed int8,
  decided_by text,
  in_room bool not null,
  via text,
  reason text,
  display_name text,
  primary key (room_id, opened)
);
create index knocks_pending on knocks (room_id, user_id) where status = 'PENDING';
create index knocks_opened on knocks (opened);
create index knocks_status on knocks (room_id, status, opened);
create index knocks_user on knocks (user_id, opened);
create index knocks_server on knocks (server, opened);
comment on table knocks is 'Knock episodes, from the request to its outcome.';
comment on column knocks.opened is 'Position of the KNOCK_REQUESTED transition: the episode''s identity.';
comment on column knocks.closed is 'Position of the transition that ended it.';
comment on column knocks.reason is 'A copy for lists, cleared by an erasure; the event''s own words are in event_content.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on room_state, extremities, room_servers, rooms, knocks to vestibule_service;
  end if;
end $$;

analyze;
