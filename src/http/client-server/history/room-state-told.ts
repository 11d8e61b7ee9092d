/** The state of a room that goes with events of its history: all of it, or only who sent them. */
import { stateAt, valuesAt, type Ref } from '../../../log/state-lines.ts';
import { clientEvent, type ClientEvent } from '../client-event.ts';
import { isBefore } from '../pagination-token.ts';
import type { EventFilter } from './event-filter.ts';
import type { SeenRow, SightDeps } from './sight.ts';
import type { TellOptions } from './tell.ts';

/** The member events of those who sent the rows, after the first of them. */
export async function sendersState(
  deps: SightDeps,
  rows: readonly SeenRow[],
  options: TellOptions,
): Promise<readonly ClientEvent[]> {
  const [first] = rows;
  if (first === undefined) return [];
  const { roomId } = first.standpoint;
  const keys = [...sendersOf(rows)].map((sender) => ['m.room.member', sender] as const);
  const values = await valuesAt(deps.db, roomId, refAfter(first), keys);
  const positions = [...values.values()];
  await deps.book.load(positions.map((position) => ({ roomId, position })));
  return positions.flatMap((position) => {
    const event = deps.book.get(position);
    return event === undefined ? [] : [clientEvent(event, options)];
  });
}

/** Positions of the events of the state after a row; with lazy loading the members are those who sent the `rows`. */
export async function stateAfter(
  { db }: SightDeps,
  last: SeenRow,
  rows: readonly SeenRow[],
  { lazyLoadMembers }: EventFilter,
): Promise<readonly number[]> {
  const senders = sendersOf(rows);
  const ref = isOwnExit(last) ? departureOf(last) : refAfter(last);
  if (ref === null) return [];
  const state = await stateAt(db, last.standpoint.roomId, ref);
  const asked = state.filter(
    ({ type, stateKey }) => !lazyLoadMembers || type !== 'm.room.member' || senders.has(stateKey),
  );
  return asked.map(({ event }) => event);
}

/** Who was out already and is then banned, or declines an invite, sees that event and nothing of the room around it. */
function isOwnExit({ standpoint: { userId, joinedFrom, departedAt }, row, event }: SeenRow): boolean {
  const isOut = joinedFrom === null && (departedAt === null || isBefore({ anchor: departedAt, back: 0 }, row));
  return isOut && event.type === 'm.room.member' && event.stateKey === userId;
}

/** The state that the reader saw last; null: they were never in the room. */
function departureOf({ standpoint: { departedAt } }: SeenRow): Ref | null {
  return departedAt === null ? null : { line: 0, at: departedAt };
}

function refAfter({ row }: SeenRow): Ref {
  return { line: row.afterLine, at: row.afterAt };
}

function sendersOf(rows: readonly SeenRow[]): ReadonlySet<string> {
  return new Set(rows.map(({ event }) => event.sender));
}
