-- Transitions of one server's users: a few among very many are found without reading the others.

create index transitions_server on transitions (substr(user_id, strpos(user_id, ':') + 1), position);
