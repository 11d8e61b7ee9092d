-- The keys that servers sign with: other servers' as they published them, and when ours were replaced.

create table server_keys (
  server_name text not null,
  key_id text not null,
  key bytea not null check (length(key) = 32),
  valid_until_ts int8,
  expired_ts int8,
  fetched_at timestamptz not null,
  primary key (server_name, key_id),
  check ((valid_until_ts is null) <> (expired_ts is null))
);
comment on table server_keys is 'Verify keys of other servers, each as the server last told of it.';
comment on column server_keys.valid_until_ts is 'As the server says, in milliseconds; null: an old key.';
comment on column server_keys.expired_ts is 'Since when it is an old key, in milliseconds; it counts for events from before.';

create table signing_keys (
  key_id text primary key,
  retired_at timestamptz
);
comment on table signing_keys is 'Keys of this server, which stand in its key file.';
comment on column signing_keys.retired_at is 'When another key was first found in its place; null: it is in use.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update on server_keys, signing_keys to vestibule_service;
  end if;
end $$;
