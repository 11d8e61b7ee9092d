-- When devices were seen, access tokens that expire and the tokens that renew them, and who began an authentication.

alter table devices
  add column last_seen_at timestamptz,
  add column last_seen_ip text;
alter table devices set (fillfactor = 85);
comment on column devices.last_seen_at is 'To the minute.';

create table refresh_tokens (
  id text primary key,
  hash bytea not null unique,
  user_id text not null,
  device_id text not null,
  supersedes text references refresh_tokens on delete set null,
  created_at timestamptz not null,
  foreign key (user_id, device_id) references devices on delete cascade
);
create index refresh_tokens_device on refresh_tokens (user_id, device_id);
create index refresh_tokens_supersedes on refresh_tokens (supersedes) where supersedes is not null;
comment on column refresh_tokens.supersedes is 'The token it was given for, which counts until this one, or the access token beside it, is used.';

alter table access_tokens
  add column expires_at timestamptz,
  add column refresh_token text references refresh_tokens on delete cascade,
  add column supersedes text references refresh_tokens on delete set null;
create index access_tokens_refresh_token on access_tokens (refresh_token) where refresh_token is not null;
create index access_tokens_supersedes on access_tokens (supersedes) where supersedes is not null;
comment on column access_tokens.expires_at is 'Null: never. One that has expired stays to tell that it can be renewed.';
comment on column access_tokens.refresh_token is 'What renews it; they go together.';
comment on column access_tokens.supersedes is 'The refresh token that goes when this token is first used.';

alter table uia_sessions add column user_id text;
create index uia_sessions_user on uia_sessions (user_id) where user_id is not null;
comment on column uia_sessions.user_id is 'Who began it; null: somebody without an account.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on refresh_tokens to vestibule_service;
  end if;
end $$;
