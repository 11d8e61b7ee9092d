-- Tells every server process of tokens that end, by whatever hand: what they remember of tokens holds until then.

create function tell_token_end() returns trigger language plpgsql as $$
begin
  perform pg_notify('vestibule_tokens', old.user_id);
  return null;
end $$;
comment on function tell_token_end() is 'Announces whose tokens have to be looked up again, when the transaction commits.';

create trigger tell_end after delete or update of hash, user_id, device_id, expires_at on access_tokens
  for each row execute function tell_token_end();
create trigger tell_end after delete or update of admin, deactivated_at on users
  for each row execute function tell_token_end();
create trigger tell_end after delete or update of name, user_id, scopes, room_ids, hash, previous_hash, previous_until, expires_at, revoked_at
  on service_tokens for each row execute function tell_token_end();
