-- Which event began a knock: what a resolution of forks puts back may belong to an episode that was over.

alter table knocks add column first_event int8;
update knocks k set first_event = t.event from transitions t where t.position = k.opened;
alter table knocks alter column first_event set not null;
comment on column knocks.first_event is 'Position of the event that began it; event is that of its latest.';

analyze knocks;
