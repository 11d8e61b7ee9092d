-- Which redactions are in force, and for which events.

create table redactions (
  room_id text not null,
  redaction int8 not null,
  event int8 not null,
  first bool not null,
  primary key (room_id, redaction)
);
create unique index redactions_event on redactions (room_id, event) where first;
comment on table redactions is 'Redactions in force. One that is not here is shown to nobody: its target never came, or its sender may not redact it.';
comment on column redactions.event is 'Position of the redacted event; that of the redaction may be smaller.';
comment on column redactions.first is 'The redaction that took the event''s words: the one that clients are told of.';
comment on column erasures.subject is 'Of a user: whose words. Of an event: the id of the redaction that took its words.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on redactions to vestibule_service;
  end if;
end $$;

analyze;
