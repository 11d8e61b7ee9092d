-- Sent events: which request of which device made them, found from the event.

create index idempotency_position on idempotency (position);
comment on column idempotency.position is 'Position of the event that the request made.';

analyze;
