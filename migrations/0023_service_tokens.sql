-- Tokens of dashboards, bots and integrations: each with scopes, acting as a local user. Secrets are stored as hashes only.

create table service_tokens (
  number int8 generated always as identity primary key,
  id text not null unique,
  name text not null,
  user_id text not null references users,
  scopes text[] not null,
  room_ids text[],
  hash bytea unique,
  previous_hash bytea unique,
  previous_until timestamptz,
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  rotated_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  last_used_at timestamptz
);
create unique index service_tokens_name on service_tokens (name) where revoked_at is null;
alter table service_tokens set (fillfactor = 85);
comment on table service_tokens is 'Tokens for GraphQL that are bound to scopes. A row stays after it was revoked: acts name it.';
comment on column service_tokens.number is 'The order in which they were made.';
comment on column service_tokens.id is 'Public name of the token, shown in actions.';
comment on column service_tokens.name is 'What acts by it are said to be on behalf of.';
comment on column service_tokens.user_id is 'Who acts and signs, and whose power binds it.';
comment on column service_tokens.room_ids is 'Null: all rooms.';
comment on column service_tokens.hash is 'SHA-256 of the secret; null once it was revoked.';
comment on column service_tokens.previous_hash is 'Of the secret before the last rotation, which counts until previous_until.';
comment on column service_tokens.last_used_at is 'To the minute.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update on service_tokens to vestibule_service;
  end if;
end $$;
