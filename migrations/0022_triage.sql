-- Acts on knocks that are no events: revealed reasons, claims, notes, tags. The log of acts itself is where they stand.

create index actions_on_knocks on actions (event, position)
 where outcome = 'ok' and operation in ('revealReason', 'claimKnock', 'releaseKnock', 'markKnockSeen', 'noteKnock', 'tagKnock', 'untagKnock');
comment on column actions.event is 'The event that was sent; of acts on a knock the event that began it, of revealReason the one whose reason was revealed.';
