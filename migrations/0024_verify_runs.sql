-- When the log was last checked, and what was found.

create table verify_runs (
  finished_at timestamptz primary key,
  position int8 not null,
  findings int8 not null,
  deep bool not null
);
comment on table verify_runs is 'One row a completed verification. What was found is in its report, not here.';
comment on column verify_runs.position is 'Positions up to here were checked.';
comment on column verify_runs.findings is 'Bad rows; 0: clean.';
comment on column verify_runs.deep is 'Every event was judged again, too.';

do $$
begin
  if exists (select from pg_roles where rolname = 'vestibule_service') then
    grant select, insert on verify_runs to vestibule_service;
  end if;
end $$;
