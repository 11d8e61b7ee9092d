-- What the public directory is searched by, and the order in which it lists rooms.

create table room_search (
  room_id text not null,
  key text not null check (key in ('name', 'topic', 'alias', 'type')),
  event int8 not null,
  words text,
  lasts bool not null,
  primary key (room_id, key)
);
create index room_search_type on room_search (words) where key = 'type' and words is not null;
comment on table room_search is 'A projection: what rooms are looked for by, in lower case. What is shown of a room is read from its state.';
comment on column room_search.event is 'The event that says so.';
comment on column room_search.words is 'Null: the event says nothing, or its words were redacted.';
comment on column room_search.lasts is 'A redaction of the event leaves it.';

-- Largest rooms first; only joins and their ends move a room in it.
create index rooms_joined on rooms (joined, room_id);

-- Words inside of words are found by an index where the database has the extension, by reading all names where it has not.
do $$
begin
  create extension if not exists pg_trgm;
  create index room_search_words on room_search using gin (words gin_trgm_ops);
exception
  when insufficient_privilege or undefined_file or feature_not_supported or undefined_object then
    raise notice 'pg_trgm could not be had: the directory is searched without an index';
end $$;

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on room_search to vestibule_service;
  end if;
end $$;
