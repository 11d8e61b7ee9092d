-- What the membership log is searched by, and the orders in which lists of the log are read.

create table member_words (
  room_id text not null,
  event int8 not null,
  user_id text not null,
  own bool not null,
  reason tsvector,
  names tsvector,
  primary key (room_id, event)
);
create index member_words_user_id on member_words (user_id);
create index member_words_words on member_words using gin (reason, names);
comment on table member_words is 'A projection: the words in member events that are, or were, in force. Gone with the words themselves.';
comment on column member_words.user_id is 'Whom the event is about.';
comment on column member_words.own is 'The reason is what the user said at the door, which others see only after they revealed it.';

create index knocks_closed on knocks (closed) where closed is not null;
create index knocks_room_id_closed on knocks (room_id, closed) where closed is not null;
create index transitions_actor on transitions (actor, position) where actor is distinct from user_id;

-- Positions are the whole log's, so this index is one of the order of arrival, too.
drop index events_position;
create index events_position on events (position);
create index events_sender on events (sender, position);
create index events_state_key on events (state_key, position) where state_key is not null;
create index actions_room_id on actions (room_id, position) where room_id is not null;
create index actions_actor on actions (actor, position);

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on member_words to vestibule_service;
  end if;
end $$;

analyze member_words;
