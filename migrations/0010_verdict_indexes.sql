-- A room's verdicts by time: the time of a position is found by the position, and every append paid for this one.
drop index verdicts_room_id_decided_at;
