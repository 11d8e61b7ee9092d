-- Memberships of our users in rooms that this server is not in.

-- What is known of a room from outside is evidence of its own: nothing that its events rest on is stored. When such an event
-- comes again as one of the room, it is stored once more, behind what it rests on: positions stay an order of the auth graph.
alter table events add column out_of_band bool not null default false;
comment on column events.out_of_band is 'It came while this server was not in the room, and rests on nothing that is stored.';
alter table events drop constraint events_event_id_room_id_key;
alter table events add constraint events_event_id_room_id_key unique (event_id, room_id, out_of_band);

alter table out_of_band
  add column since int8 not null default 0,
  add column began_at timestamptz not null default now(),
  add column probes int not null default 0,
  add column probed_at timestamptz,
  add column maybe_accepted bool not null default false,
  add column undelivered bool not null default false;
create index out_of_band_user on out_of_band (user_id);
create index out_of_band_probe on out_of_band (next_probe_at) where next_probe_at is not null;
comment on column out_of_band.event is 'Position of the member event now in force.';
comment on column out_of_band.via is 'Servers to go through, the one that was used first.';
comment on column out_of_band.stripped is 'JSON array of the room''s stripped state as it was told, checked; without the own member event.';
comment on column out_of_band.since is 'Room position of the last change of membership.';
comment on column out_of_band.began_at is 'When this membership began: after 90 days nobody asks any more whether it still stands.';
comment on column out_of_band.probes is 'How often it was asked since then.';
comment on column out_of_band.maybe_accepted is 'The room''s server spoke of another member event: most likely an invite that never arrived.';
comment on column out_of_band.undelivered is 'The user left, and no server of the room has heard of it.';

analyze out_of_band;
