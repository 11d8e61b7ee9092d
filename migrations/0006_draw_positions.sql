-- How the writer takes positions: an error, unlike an update of no row, also stops what was sent behind it.

create function draw_positions(up_to int8, my_epoch int8, from_head int8) returns void language plpgsql as $$
begin
  update log_head set position = up_to where epoch = my_epoch and position = from_head;
  if not found then
    raise exception 'another process writes the log' using errcode = 'VS001';
  end if;
end $$;
comment on function draw_positions is 'First statement of every append: moves the head under the writer''s epoch. VS001: the epoch or the head is no longer what the writer knows.';
