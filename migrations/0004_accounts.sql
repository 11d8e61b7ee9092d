-- Local accounts. Secrets are stored as hashes only.

create table users (
  user_id text primary key,
  password_hash text,
  admin bool not null default false,
  created_at timestamptz not null,
  deactivated_at timestamptz
);
comment on column users.password_hash is 'argon2id; null: no password opens the account.';

create table devices (
  user_id text not null references users,
  device_id text not null,
  display_name text,
  created_at timestamptz not null,
  primary key (user_id, device_id)
);

create table access_tokens (
  id text primary key,
  hash bytea not null unique,
  user_id text not null,
  device_id text not null,
  created_at timestamptz not null,
  foreign key (user_id, device_id) references devices on delete cascade
);
create index access_tokens_device on access_tokens (user_id, device_id);
comment on column access_tokens.id is 'Public name of the token, shown in actions.';
comment on column access_tokens.hash is 'SHA-256 of the token, which is random and long.';

create table profiles (
  user_id text primary key,
  displayname text,
  avatar_url text
);

create table uia_sessions (
  id text primary key,
  operation text not null,
  parameters bytea not null,
  expires_at timestamptz not null
);
create index uia_sessions_expires_at on uia_sessions (expires_at);
comment on table uia_sessions is 'User-interactive authentication that has begun.';
comment on column uia_sessions.parameters is 'What the first request asked for, without its secrets: later ones cannot change it.';

create table registration_tokens (
  hash bytea primary key,
  uses_left int,
  created_at timestamptz not null
);
comment on column registration_tokens.uses_left is 'Null: any number.';

create table admin_links (
  hash bytea primary key,
  expires_at timestamptz not null
);
comment on table admin_links is 'One-time links that make an admin.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on users, devices, access_tokens, profiles, uia_sessions, registration_tokens, admin_links to vestibule_service;
  end if;
end $$;
