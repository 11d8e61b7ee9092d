-- More of a profile than name and picture, and what an account's rooms have yet to hear.

create table profile_fields (
  user_id text not null,
  key text not null,
  value bytea not null,
  primary key (user_id, key)
);
comment on table profile_fields is 'What people show of themselves besides name and picture.';
comment on column profile_fields.value is 'Canonical JSON.';

create table aftercare (
  user_id text not null,
  kind text not null check (kind in ('profile')),
  revision int not null default 1,
  primary key (user_id, kind)
);
comment on table aftercare is 'Accounts whose rooms have yet to hear of a change; a row goes when all of them have.';
comment on column aftercare.kind is 'profile: joined rooms show another name or picture.';
comment on column aftercare.revision is 'Counts the changes: a row goes only if none came meanwhile.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on profile_fields, aftercare to vestibule_service;
  end if;
end $$;
