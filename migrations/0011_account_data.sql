-- What users keep on the server for themselves: account data, filters, rooms they want to see no more.

create table account_data_heads (
  user_id text primary key,
  changes int8 not null,
  entries int4 not null,
  bytes int8 not null
);
comment on table account_data_heads is 'One row a user. Whoever changes account data locks it, so that changes are numbered in the order of their commits.';
comment on column account_data_heads.changes is 'How many changes there were: sync tokens say up to which of them a client knows.';

create table account_data (
  user_id text not null,
  room_id text not null,
  type text not null,
  content text not null,
  change int8 not null,
  primary key (user_id, room_id, type)
);
create index account_data_change on account_data (user_id, change);
comment on column account_data.room_id is 'Empty: not about one room.';
comment on column account_data.content is 'JSON. Of m.push_rules only what differs from the defaults.';
comment on column account_data.change is 'The number of the change that brought this content.';

create table filters (
  user_id text not null,
  filter_id text not null,
  content text not null,
  primary key (user_id, filter_id)
);
comment on column filters.filter_id is 'Made of the content: the same filter has the same id.';

create table forgotten_rooms (
  user_id text not null,
  room_id text not null,
  since int8 not null,
  primary key (user_id, room_id)
);
comment on column forgotten_rooms.since is 'Room position of the departure that was forgotten; an invite, a knock or a join after it ends the forgetting.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on account_data_heads, account_data, filters, forgotten_rooms to vestibule_service;
  end if;
end $$;
