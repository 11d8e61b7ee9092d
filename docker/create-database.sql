-- Run once, by the Postgres image, when its volume is new: the database and the role that owns it, who is no superuser.
-- The migrations run as this owner. Everything else the service does it does as vestibule_service, which has no right to
-- change the log; the role is made here because making roles is not the owner's.
\getenv password DATABASE_PASSWORD
create role vestibule login password :'password';
create role vestibule_service nologin;
grant vestibule_service to vestibule;
-- Erasure is complete once a checkpoint has dropped the old files: the owner may ask for one.
grant pg_checkpoint to vestibule;
-- And may see who else uses the database: whoever could keep erased words in the files is waited for.
grant pg_read_all_stats to vestibule;
create database vestibule owner vestibule encoding 'UTF8' locale 'C' template template0;
