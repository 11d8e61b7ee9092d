/** Lists of acts, in the order of the log: who did what, by which token, and what came of it. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { toPage, type KeysetPage, type PageOfRows } from '../database/keyset.ts';
import { countRows, type RowCount } from './arm-counts.ts';
import { allOf, firstOfArms, type Arm, type ArmTable } from './arms.ts';

/** A row of the log of acts. */
export interface ActionRow {
  readonly position: number;
  readonly actor: string;
  /** Public id of the access token. */
  readonly token: string | null;
  readonly operation: string;
  readonly roomId: string | null;
  /** Whom or what it was done to. */
  readonly target: string | null;
  /** `ok`, `unchanged`, or the errcode of the refusal. */
  readonly outcome: string;
  /** Position. */
  readonly event: number | null;
  readonly onBehalfOf: string | null;
  readonly at: Date;
}

/** Null: whatever it is. */
export interface ActionCondition {
  readonly operations: readonly string[] | null;
  readonly refused: boolean | null;
  readonly target: string | null;
  readonly token: string | null;
}

const COLUMNS = sql`u.position, u.actor, u.token, u.operation, u.room_id as "roomId", u.target, u.outcome, u.event,
  u.on_behalf_of as "onBehalfOf", u.at`;

/** A page of a list of acts, by position. Lists are made of arms (arms.ts). */
export async function pageActions(
  db: Db,
  arms: readonly Arm[],
  condition: ActionCondition,
  page: KeysetPage,
): Promise<PageOfRows<ActionRow>> {
  if (arms.length === 0) return toPage<ActionRow, number>([], page);
  const found = await sql<ActionRow>`
    select ${COLUMNS} from (${firstOfArms(table(condition), [arms], page)}) u order by u.r`.execute(db);
  return toPage<ActionRow, number>(found.rows, page);
}

/** How many acts a list has. */
export async function countActions(db: Db, arms: readonly Arm[], condition: ActionCondition): Promise<RowCount> {
  const [count] = await countRows(db, table(condition), [arms]);
  return count!;
}

function table({ operations, refused, target, token }: ActionCondition): ArmTable {
  const condition = allOf([
    operations === null ? null : sql`t.operation = any(${operations}::text[])`,
    refused === null ? null : sql`t.outcome ${sql.raw(refused ? 'not in' : 'in')} ('ok', 'unchanged')`,
    target === null ? null : sql`t.target = ${target}`,
    token === null ? null : sql`t.token = ${token}`,
  ]);
  return { table: 'actions', user: 'actor', key: 'position', place: 'position', condition };
}

/** The acts at these positions, in the order asked; null where there is none. */
export async function actionsAt(db: Db, positions: readonly number[]): Promise<readonly (ActionRow | null)[]> {
  const found = await sql<ActionRow>`
    select ${COLUMNS} from actions u where u.position = any(${positions}::int8[])`.execute(db);
  const byPosition = new Map(found.rows.map((row) => [row.position, row]));
  return positions.map((position) => byPosition.get(position) ?? null);
}
