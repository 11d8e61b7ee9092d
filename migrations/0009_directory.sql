-- The room directory: names that lead to rooms, and the rooms that are shown to everybody.

create table room_aliases (
  alias text primary key,
  room_id text not null,
  creator text not null,
  created_at timestamptz not null
);
create index room_aliases_room_id on room_aliases (room_id, alias);
comment on table room_aliases is 'Aliases of this server. Not a projection: an alias is made and taken away by acts, not by events.';
comment on column room_aliases.creator is 'Who made it, and may take it away.';

create table published_rooms (
  room_id text primary key,
  published_at timestamptz not null
);
comment on table published_rooms is 'Rooms that are listed in the public directory.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on room_aliases, published_rooms to vestibule_service;
  end if;
end $$;
