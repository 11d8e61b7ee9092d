-- Which processes work the job queue, so that health can tell when none does.

create table workers (
  name text primary key,
  seen_at timestamptz not null
);
comment on table workers is 'One row a worker process, renewed every few seconds while it lives.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert, update, delete on workers to vestibule_service;
  end if;
end $$;
