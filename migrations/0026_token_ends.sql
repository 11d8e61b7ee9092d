-- Tells every server process of tokens that end, by whatever hand: what they remember of tokens holds until then.

create function tell_token_end() returns trigger language plpgsql as $$
begin
  perform pg_notify('vestibule_tokens', case when tg_level = 'ROW' then old.user_id else '' end);
  return null;
end $$;
comment on function tell_token_end() is 'Announces, when the transaction commits, whose tokens have to be looked up again; nobody: everybody''s.';

create trigger tell_end after delete or update of hash, user_id, device_id, expires_at on access_tokens
  for each row execute function tell_token_end();
create trigger tell_end after delete or update of admin, deactivated_at on users
  for each row execute function tell_token_end();
create trigger tell_end after delete or update of name, user_id, scopes, room_ids, hash, previous_hash, previous_until, expires_at, revoked_at
  on service_tokens for each row execute function tell_token_end();

do $$
declare
  tokens text;
begin
  foreach tokens in array array['access_tokens', 'users', 'service_tokens'] loop
    execute format('create trigger tell_end_of_all after truncate on %I for each statement execute function tell_token_end()', tokens);
    -- In a session that replicates, too.
    execute format('alter table %I enable always trigger tell_end, enable always trigger tell_end_of_all', tokens);
  end loop;
end $$;
