-- What a deactivated account's rooms have yet to hear.

alter table aftercare drop constraint aftercare_kind_check;
alter table aftercare add constraint aftercare_kind_check check (kind in ('profile', 'departure', 'erasure'));
comment on column aftercare.kind is
  'profile: joined rooms show another name or picture; departure: the account is deactivated, its memberships are not over; erasure: its words are not erased.';
