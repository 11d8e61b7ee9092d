/** Queries on the membership log: pages of it, single transitions, the one an event brought into force. */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';
import { PREPARED } from '../database/prepared.ts';
import { createSpelling } from '../database/spelled.ts';
import { inReadingOrder, rowsToRead, toPage, type KeysetPage, type PageOfRows } from '../database/keyset.ts';
import type { RoomId, UserId } from '../matrix/identifiers.ts';
import type { Membership } from '../matrix/pdu.ts';
import { countRows, type RowCount } from './arm-counts.ts';
import { allOf, firstOfArms, rowsOfArm, type Arm, type ArmTable } from './arms.ts';
import type { TransitionCause } from './judged-pdu.ts';
import type { TransitionKind } from './transition.ts';
import { saysWords, type WordSearch } from './word-search.ts';
import { serverOfUserIn } from './server-of-user.ts';

/** A row of the log. Events are named by their positions. */
export interface TransitionRow {
  readonly position: number;
  readonly roomId: string;
  readonly userId: string;
  readonly from: Membership | 'none';
  readonly to: Membership | 'none';
  readonly kind: TransitionKind;
  readonly cause: TransitionCause;
  readonly event: number | null;
  readonly previous: number | null;
  readonly trigger: number | null;
  readonly supersedes: number | null;
  readonly actor: string | null;
  readonly onBehalfOf: string | null;
  /** Milliseconds since 1970, by the sender's clock. */
  readonly occurredAt: number | null;
  readonly recordedAt: Date;
  readonly inRoom: boolean;
  /** Out of band: it rests on what another server says, and nobody could be asked. */
  readonly unverified: boolean;
}

/** Null: whatever it is. */
export interface TransitionCondition {
  readonly kinds: readonly TransitionKind[] | null;
  readonly causes: readonly TransitionCause[] | null;
  readonly actor: string | null;
  /** Whose users' membership. */
  readonly server: string | null;
  /** The event now in force says this. */
  readonly words: WordSearch | null;
  /** Brought into force by this event of the arm's room. */
  readonly event: number | null;
  /** Only to another membership. */
  readonly moves?: true;
}

/** Every transition meets it. */
export const ANY_TRANSITION: TransitionCondition = {
  kinds: null,
  causes: null,
  actor: null,
  server: null,
  words: null,
  event: null,
};

/** Of the transitions `t`. */
export const serverOfUser = serverOfUserIn('t.user_id');

const COLUMNS = sql`u.position, u.room_id as "roomId", u.user_id as "userId", u."from", u."to", u.kind, u.cause, u.event,
  u.previous, u.trigger, u.supersedes, u.actor, u.on_behalf_of as "onBehalfOf", u.occurred_at as "occurredAt",
  u.recorded_at as "recordedAt", u.in_room as "inRoom", u.unverified`;

const STORED = sql.raw(
  't.position, t.room_id, t.user_id, t."from", t."to", t.kind, t.cause, t.event, t.previous, t.trigger, t.supersedes, t.actor, t.on_behalf_of, t.occurred_at, t.recorded_at, t.in_room, t.unverified',
);

/** A page of each list of transitions, by position. Lists are made of arms (arms.ts). */
export async function pageTransitions(
  db: Db,
  lists: readonly (readonly Arm[])[],
  condition: TransitionCondition,
  page: KeysetPage,
): Promise<readonly PageOfRows<TransitionRow>[]> {
  if (lists.every((arms) => arms.length === 0)) return lists.map(() => toPage<TransitionRow, number>([], page));
  const isPlain = Object.values(condition).every((part) => part === null || part === undefined);
  const [only] = lists.length === 1 && lists[0]!.length === 1 ? lists[0]! : [];
  if (only !== undefined)
    return [await (isPlain ? plainPageOfArm(db, only, page) : pageOfArm(db, condition, only, page))];
  // Without conditions an index gives the page, whatever the values are.
  const plan = isPlain ? PREPARED : sql``;
  const first = firstOfArms(table(condition), lists, page);
  const found = await sql<TransitionRow & { n: number }>`${plan}
    select u.n, ${COLUMNS} from (${first}) u order by u.n, u.r`.execute(db);
  const byList = Map.groupBy(found.rows, (row) => row.n);
  return lists.map((_, n) => toPage<TransitionRow, number>(byList.get(n) ?? [], page));
}

// A plan for any limit reckons with a tenth of the table, and loses against one that is made anew for each page. The inner
// limit, of which there are few, says how few rows they are; no more of them are read than the outer one wants.
const FEW = 128;

async function pageOfArm(
  db: Db,
  condition: TransitionCondition,
  only: Arm,
  page: KeysetPage,
): Promise<PageOfRows<TransitionRow>> {
  const { rows } = await rowsOfPage(sql``, condition, only, page, rowsToRead(page)).execute(db);
  return toPage(rows, page);
}

const spelling = createSpelling();

/** Without conditions an index gives the page, whatever the values are: what is asked most is spelled and planned once. */
async function plainPageOfArm(db: Db, only: Arm, page: KeysetPage): Promise<PageOfRows<TransitionRow>> {
  const { after, before, fromEnd, descending } = page;
  const wanted = rowsToRead(page);
  const values = { ...only, after, before, wanted };
  const given = Object.entries(values).map(([name, value]) => (value === null ? '' : name));
  const shape = [...given, fromEnd, descending, roomFor(wanted)].join();
  const rows = await spelling(db, shape, values, (spelled) =>
    rowsOfPage(
      PREPARED,
      ANY_TRANSITION,
      spelled,
      { ...page, after: spelled.after, before: spelled.before },
      spelled.wanted,
    ),
  );
  return toPage(rows, page);
}

const roomFor = (wanted: number): number => FEW * Math.ceil(wanted / FEW);

function rowsOfPage(
  plan: RawBuilder<unknown>,
  condition: TransitionCondition,
  only: Arm,
  page: KeysetPage,
  wanted: number,
): RawBuilder<TransitionRow> {
  const rows = rowsOfArm(table(condition), only, page, sql.lit(roomFor(rowsToRead(page))));
  return sql<TransitionRow>`${plan}
    select ${COLUMNS} from (${rows}) u order by ${inReadingOrder(sql.ref('u.position'), page)} limit ${wanted}`;
}

/** How many transitions each list has. */
export function countTransitions(
  db: Db,
  lists: readonly (readonly Arm[])[],
  condition: TransitionCondition,
): Promise<readonly RowCount[]> {
  return countRows(db, table(condition), lists);
}

function table({ kinds, causes, actor, server, event, moves, words }: TransitionCondition): ArmTable {
  const condition = allOf([
    kinds === null ? null : sql`t.kind = any(${kinds}::text[])`,
    causes === null ? null : sql`t.cause = any(${causes}::text[])`,
    actor === null ? null : madeBy(actor),
    server === null ? null : sql`${serverOfUser} = ${server}`,
    event === null ? null : sql`t.event = ${event}`,
    moves === undefined ? null : sql`t."from" <> t."to"`,
    words === null ? null : saysWords(words),
  ]);
  return { table: 'transitions', user: 'user_id', key: 'position', place: 'position', columns: STORED, condition };
}

// In two parts, for which there are indexes: what people did themselves, and what others did to them.
function madeBy(actor: string): RawBuilder<unknown> {
  return sql`((t.actor = ${actor} and t.user_id = ${actor}) or (t.actor = ${actor} and t.actor is distinct from t.user_id))`;
}

/** The transitions at these positions, in the order asked; null where there is none. */
export async function transitionsAt(db: Db, positions: readonly number[]): Promise<readonly (TransitionRow | null)[]> {
  const found = await sql<TransitionRow>`
    select ${COLUMNS} from transitions u where u.position = any(${positions}::int8[])`.execute(db);
  const byPosition = new Map(found.rows.map((row) => [row.position, row]));
  return positions.map((position) => byPosition.get(position) ?? null);
}

export interface ActOnMember {
  readonly roomId: string;
  readonly userId: string;
  /** Matrix id of the member event; null when the act needed none. */
  readonly eventId: string | null;
}

/**
 * The transitions that brought these acts' events into force, in the order asked. Where an act had no event, or one that
 * changed no membership, the newest of the user in the room; null when there never was one.
 */
export async function transitionsOfActs(
  db: Db,
  acts: readonly ActOnMember[],
): Promise<readonly (TransitionRow | null)[]> {
  const found = await sql<TransitionRow & { n: number }>`
    select a.n, ${COLUMNS}
      from unnest(${acts.map((_, n) => n)}::int4[], ${acts.map((act) => act.roomId)}::text[],
                  ${acts.map((act) => act.userId)}::text[], ${acts.map((act) => act.eventId)}::text[]) as a (n, room_id, user_id, event_id)
     cross join lateral (
       select * from transitions where room_id = a.room_id and user_id = a.user_id
        order by event in (select position from events where event_id = a.event_id and room_id = a.room_id) is true desc, at desc limit 1) u`.execute(
    db,
  );
  const byAct = new Map(found.rows.map((row) => [row.n, row]));
  return acts.map((_, n) => byAct.get(n) ?? null);
}

const MOST_RECENT = 20_000;

/**
 * Users of a server whose knock was accepted since, and of whom nothing has been heard in the room after that. Looks at the end
 * of the log only.
 */
export async function acceptedOfLate(
  db: Db,
  server: string,
  since: Date,
): Promise<readonly { readonly roomId: RoomId; readonly userId: UserId }[]> {
  const found = await sql<{ roomId: RoomId; userId: UserId }>`
    select t.room_id as "roomId", t.user_id as "userId"
      from (select * from transitions order by position desc limit ${MOST_RECENT}) t
     where t.kind = 'KNOCK_ACCEPTED' and t.recorded_at >= ${since}
       and ${serverOfUser} = ${server}
       and not exists (select from transitions n
                        where n.room_id = t.room_id and n.user_id = t.user_id and n.position > t.position)
     order by t.position`.execute(db);
  return found.rows;
}
