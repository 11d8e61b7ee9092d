/** The append-only tables as a seal reads them: every column by name, each row as one text, each row's place in the order. */

export type SealedTable =
  'events' | 'verdicts' | 'transitions' | 'state_lines' | 'state_changes' | 'actions' | 'erasures';

interface SealedColumns {
  readonly name: SealedTable;
  /** Tells the rows of one position apart, and names a row in a report. */
  readonly key: readonly string[];
  /** Listed, never `*`: a column that a later migration adds must not change the hash of a row that is already sealed. */
  readonly columns: readonly string[];
}

/** In the order in which rows of one position are sealed. Appending to this list is the only change that old seals survive. */
export const SEALED_TABLES: readonly SealedColumns[] = [
  {
    name: 'events',
    key: ['room_id', 'position'],
    columns: [
      ...['room_id', 'position', 'event_id', 'type', 'state_key', 'sender', 'depth', 'origin_server_ts', 'origin'],
      ...['received_at', 'auth', 'auth_rejection', 'redacts', 'words', 'auth_extra', 'proof'],
    ],
  },
  {
    name: 'verdicts',
    key: ['room_id', 'room_position'],
    columns: [
      ...['room_id', 'room_position', 'position', 'event', 'verdict', 'rule', 'prev', 'before_line', 'before_at'],
      ...['after_line', 'after_at', 'anchor', 'back', 'decided_at', 'relay'],
    ],
  },
  {
    name: 'transitions',
    key: ['position'],
    columns: [
      ...['position', 'room_id', 'at', 'user_id', 'from', 'to', 'kind', 'cause', 'event', 'previous', 'trigger'],
      ...['supersedes', 'actor', 'on_behalf_of', 'occurred_at', 'recorded_at', 'in_room', 'unverified'],
    ],
  },
  {
    name: 'state_lines',
    key: ['room_id', 'line'],
    columns: ['room_id', 'line', 'parent_line', 'parent_at', 'depth', 'position'],
  },
  {
    name: 'state_changes',
    key: ['room_id', 'line', 'at', 'type', 'state_key'],
    columns: ['room_id', 'line', 'at', 'type', 'state_key', 'event', 'previous', 'membership', 'position'],
  },
  {
    name: 'actions',
    key: ['position'],
    columns: [
      ...['position', 'actor', 'token', 'operation', 'room_id', 'target', 'outcome', 'event', 'on_behalf_of', 'at'],
    ],
  },
  {
    name: 'erasures',
    key: ['position'],
    columns: ['position', 'kind', 'subject', 'room_id', 'event', 'by_user', 'at'],
  },
];

/** The settings that a row's text depends on; pinned for the transaction that hashes rows. */
export const PINNED_SETTINGS =
  "set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local bytea_output = 'hex'; set local extra_float_digits = 1";

/**
 * The rows of positions in ($1, $2], one line each: its place (`position`, `t`, `k`) and the sha256 of its text.
 *
 *   select position, 0 as t, row("room_id", "position")::text collate "C" as k,
 *          sha256(convert_to(row('events', "room_id", …)::text, 'UTF8')) as h
 *     from events where position > $1 and position <= $2 union all …
 */
export const ROWS_IN_RANGE: string = SEALED_TABLES.map(({ name, key, columns }, t) => {
  const list = (names: readonly string[]): string => names.map((column) => `"${column}"`).join(', ');
  return `select position, ${t} as t, row(${list(key)})::text collate "C" as k,
    sha256(convert_to(row('${name}'::text, ${list(columns)})::text, 'UTF8')) as h
    from ${name} where position > $1 and position <= $2`;
}).join('\nunion all\n');
