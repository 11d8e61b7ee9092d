-- The log: what arrived, how it was judged, what followed from it, who acted. Append-only tables refuse every change.

create table server_identity (one bool primary key default true check (one), server_name text not null);
comment on table server_identity is 'Whose data this is: a server of another name refuses to start on it.';

create table log_head (one bool primary key default true check (one), position int8 not null, epoch int8 not null, address text);
comment on table log_head is 'The one counter. A batch begins by moving it under the writer''s epoch, which serialises batches: positions are gapless and in the order of commits.';
comment on column log_head.address is 'Where the writer takes proxied commands.';
insert into log_head (position, epoch) values (0, 0);

-- Evidence, and the words that may be taken away ---------------------------------------------------------------------

create table events (
  room_id text not null,
  position int8 not null,
  event_id text not null,
  type text not null,
  state_key text,
  sender text not null,
  depth int8 not null,
  origin_server_ts int8 not null,
  origin text not null,
  received_at timestamptz not null,
  auth int8[] not null,
  auth_rejection text,
  redacts text,
  words bool not null,
  auth_extra bytea,
  proof bytea not null,
  primary key (room_id, position),
  unique (event_id, room_id)
);
create index events_position on events using brin (position);
create index events_redacts on events (room_id, redacts) where redacts is not null;
comment on table events is 'Evidence: every event that arrived, judged nowhere in its row.';
comment on column events.auth is 'Positions of the auth events, always smaller than the event''s own: position is a topological order of the auth graph.';
comment on column events.auth_rejection is 'Why the event fails by its own auth events, a pure function of evidence; null: it passes.';
comment on column events.words is 'An event_content row came with it; false: it arrived redacted, or redaction drops nothing of it.';
comment on column events.auth_extra is 'Canonical JSON of content keys that an authorization rule reads and redaction drops.';
comment on column events.proof is 'Canonical JSON of the redacted event with hashes and signatures: all that its id and signatures cover.';

create table event_content (
  room_id text not null,
  event int8 not null,
  subject text not null,
  content bytea not null,
  primary key (room_id, event)
);
create index event_content_subject on event_content (subject);
comment on table event_content is 'Words: what redaction drops of an event. Deletable; the content hash in the proof stays the commitment to them.';
comment on column event_content.subject is 'Whose words: the target of a member event, the sender of a message, '''' for other state (the room''s own).';

-- Judgement and effects ----------------------------------------------------------------------------------------------

create table verdicts (
  room_id text not null,
  room_position int8 not null,
  position int8 not null unique,
  event int8 not null,
  verdict text not null check (verdict in ('accepted', 'soft_failed', 'rejected', 'out_of_band', 'imported')),
  rule text,
  prev int8[] not null,
  before_line int,
  before_at int8,
  after_line int,
  after_at int8,
  anchor int8 not null,
  back int8 not null default 0,
  decided_at timestamptz not null,
  relay bool not null,
  primary key (room_id, room_position)
);
create index verdicts_room_id_position on verdicts (room_id, position);
create index verdicts_room_id_decided_at on verdicts (room_id, decided_at);
create index verdicts_event on verdicts (room_id, event, room_position desc);
create index verdicts_timeline on verdicts (room_id, anchor, back) where verdict = 'accepted';
comment on table verdicts is 'Judgement: one row each time an event was judged; an event''s newest row holds. No row: known for its auth chain only.';
comment on column verdicts.room_position is 'Order of the room''s log: gapless per room.';
comment on column verdicts.anchor is 'With back the clients'' order: (room_position, 0) for live events, (anchor of the citing event, its back - k) for events found before it.';
comment on column verdicts.relay is 'Ours to deliver: made here, or taken through send_knock, send_join or send_leave.';

create table transitions (
  position int8 primary key,
  room_id text not null,
  at int8 not null,
  user_id text not null,
  "from" text not null,
  "to" text not null,
  kind text not null,
  cause text not null,
  event int8,
  previous int8,
  trigger int8,
  supersedes int8,
  actor text,
  on_behalf_of text,
  occurred_at int8,
  recorded_at timestamptz not null,
  in_room bool not null,
  unverified bool not null default false
);
create index transitions_room_id_user_id on transitions (room_id, user_id, at desc);
create index transitions_room_id_position on transitions (room_id, position);
create index transitions_user_id_position on transitions (user_id, position);
comment on table transitions is 'The membership log: each time somebody''s effective membership changed. Holds no personal words.';
comment on column transitions.at is 'Room position.';
comment on column transitions.event is 'The member event now in force; null when a resolution left none.';
comment on column transitions.trigger is 'The event whose arrival changed it.';
comment on column transitions.supersedes is 'Of MEMBERSHIP_RECONCILED: the transition it corrects.';
comment on column transitions.occurred_at is 'Milliseconds since 1970, by the sender''s clock.';

create table state_lines (
  room_id text not null,
  line int not null,
  parent_line int,
  parent_at int8,
  depth smallint not null,
  position int8 not null,
  primary key (room_id, line)
);
comment on table state_lines is 'Branches of a room''s state log. Line 0 is the current state in the order of arrival.';
comment on column state_lines.position is 'Position of the verdict that wrote it.';

create table state_changes (
  room_id text not null,
  line int not null,
  at int8 not null,
  type text not null,
  state_key text not null,
  event int8,
  previous int8,
  membership text,
  position int8 not null,
  primary key (room_id, line, at, type, state_key)
);
create index state_changes_key on state_changes (room_id, type, state_key, line, at desc) include (event, membership);
create index state_changes_position on state_changes using brin (position);
comment on table state_changes is 'Each change of a room''s state on a line; event null: the key became absent.';
comment on column state_changes.position is 'Position of the verdict that wrote it.';

-- Acts, seals, erasures ----------------------------------------------------------------------------------------------

create table actions (
  position int8 primary key,
  actor text not null,
  token text,
  operation text not null,
  room_id text,
  target text,
  outcome text not null,
  event int8,
  on_behalf_of text,
  at timestamptz not null
);
comment on table actions is 'Each mutation by a person or a token with its outcome: ok, unchanged, or the errcode of the refusal.';
comment on column actions.token is 'Public id of the access token, never its secret.';

create table action_content (
  position int8 primary key,
  subject text not null,
  content bytea not null
);
create index action_content_subject on action_content (subject);
comment on table action_content is 'Words of acts (notes). Deletable.';

create table log_seals (
  upto_position int8 primary key,
  rows int8 not null,
  row_hashes bytea not null,
  digest bytea not null,
  previous bytea,
  signature text not null,
  at timestamptz not null
);
comment on table log_seals is 'Signed digests of the log up to a position, each chained to the one before.';
comment on column log_seals.row_hashes is 'Eight bytes a row, ordered by position, table and key: names the row that was changed.';

create table erasures (
  position int8 primary key,
  kind text not null,
  subject text,
  room_id text,
  event int8,
  by_user text,
  at timestamptz not null
);
create index erasures_subject on erasures (subject);
comment on table erasures is 'What was erased, of whom, by whom: tells erased words from missing ones.';

-- Facts beside the log, kept by rebuilds -----------------------------------------------------------------------------

create table out_of_band (
  room_id text not null,
  user_id text not null,
  event int8 not null,
  membership text not null,
  via text[] not null,
  room_version text not null,
  stripped bytea not null,
  next_probe_at timestamptz,
  primary key (room_id, user_id)
);
comment on table out_of_band is 'Memberships of local users in rooms that this server is not in.';

create table gaps (
  room_id text not null,
  missing_event_id text not null,
  cited_by int8 not null,
  line int,
  at int8,
  primary key (room_id, missing_event_id, cited_by)
);
comment on table gaps is 'Events that others cite and that could not be had.';
comment on column gaps.line is 'With at: the state after the missing event, as another server told it.';

-- Append-only, for everybody -----------------------------------------------------------------------------------------

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is refused', tg_table_name, tg_op using errcode = 'insufficient_privilege';
end $$;

do $$
declare log_table text;
begin
  foreach log_table in array array['events', 'verdicts', 'transitions', 'state_lines', 'state_changes', 'actions', 'log_seals', 'erasures'] loop
    execute format('create trigger append_only before update or delete or truncate on %I for each statement execute function refuse_change()', log_table);
  end loop;
end $$;

-- The service works in a role without the right to change the log; migrations and rebuilds keep the owner's.
do $$
begin
  if not exists (select from pg_roles where rolname = 'vestibule_service') then
    create role vestibule_service nologin;
  end if;
exception
  when duplicate_object or unique_violation then null;
  when insufficient_privilege then raise notice 'role vestibule_service could not be made: the triggers alone guard the log';
end $$;

do $$
begin
  if not exists (select from pg_roles where rolname = 'vestibule_service') then return; end if;
  begin
    execute format('grant vestibule_service to %I', current_user);
  exception
    -- The role is somebody else's: whoever made it must have granted it, or the triggers alone guard the log.
    when insufficient_privilege then
      if not pg_has_role(current_user, 'vestibule_service', 'member') then
        raise notice 'role vestibule_service could not be granted to %: the triggers alone guard the log', current_user;
      end if;
  end;
  grant usage on schema public to vestibule_service;
  grant select, insert on events, verdicts, transitions, state_lines, state_changes, actions, log_seals, erasures to vestibule_service;
  grant select, update on log_head to vestibule_service;
  grant select, insert on server_identity to vestibule_service;
  grant select, insert, update, delete on event_content, action_content, out_of_band, gaps to vestibule_service;
end $$;
