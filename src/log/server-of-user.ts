/** The server of a user's id, in SQL. */
import { sql, type RawBuilder } from 'kysely';

/** What follows the first colon of the id in a column, such as `t.user_id`. The index transitions_server has this expression. */
export function serverOfUserIn(column: string): RawBuilder<string> {
  return sql<string>`substr(${sql.ref(column)}, strpos(${sql.ref(column)}, ':') + 1)`;
}
