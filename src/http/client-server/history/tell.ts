/** Events that a reader sees, as they are told: with the reader's membership, and with what they took the place of. */
import { stateKeyText } from '../../../matrix/auth-events.ts';
import { timelineRowsOf } from '../../../log/read.ts';
import type { ShownEvent } from '../../../log/shown-events.ts';
import { valuesAtMany } from '../../../projections/sync-queries.ts';
import type { ToldEvent } from '../client-event.ts';
import { seenRows, type SeenRow, type SightDeps } from './sight.ts';

export interface TellOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly withRoomId: boolean;
}

/** By position of a state event: position of the event that it took the place of. */
export type Replaced = ReadonlyMap<number, number>;

/** In the order given. */
export async function tellRows(
  deps: SightDeps,
  rows: readonly SeenRow[],
  replaced: Replaced,
  options: TellOptions,
): Promise<readonly ToldEvent[]> {
  const seen = await seenBefore(deps, rows, replaced);
  return rows.map(({ standpoint, event, membership }) => {
    const before = deps.book.get(replaced.get(event.position) ?? -1);
    const isShown = before && (seen.has(before.position) || isOwnMember(before, standpoint.userId));
    const told = before && { eventId: before.eventId, content: isShown ? before.content : null };
    const transactionId = deps.book.transactionIdOf(event.position);
    const { now, withRoomId } = options;
    return { event, options: { now, withRoomId, membership, replaced: told, transactionId } };
  });
}

/** An invite, a knock: whoever it was about was told of it then, outside the history. */
function isOwnMember({ type, stateKey }: ShownEvent, userId: string): boolean {
  return type === 'm.room.member' && stateKey === userId;
}

/** What the state events among the rows took the place of, by the state before each. */
export async function replacedBy({ db }: SightDeps, rows: readonly SeenRow[]): Promise<Replaced> {
  const changes = rows.flatMap(({ event, row }) =>
    event.stateKey === null ? [] : [{ event, row, key: [event.type, event.stateKey] as const }],
  );
  const values = await valuesAtMany(
    db,
    changes.map(({ event, row, key }) => ({
      roomId: event.roomId,
      ref: { line: row.beforeLine, at: row.beforeAt },
      keys: [key],
    })),
  );
  const found = changes.map(({ event, key }, n) => [event.position, values[n]!.get(stateKeyText(...key))] as const);
  return new Map(found.filter((pair): pair is readonly [number, number] => pair[1] !== undefined));
}

/** Positions of those replaced events that the rows' readers see themselves; all of them are loaded. */
async function seenBefore(deps: SightDeps, rows: readonly SeenRow[], replaced: Replaced): Promise<ReadonlySet<number>> {
  const keys = rows.flatMap(({ standpoint, event }) => {
    const position = replaced.get(event.position);
    return position === undefined ? [] : [{ standpoint, roomId: standpoint.roomId, position }];
  });
  await deps.book.load(keys);
  const standpoints = new Map(keys.map(({ position, standpoint }) => [position, standpoint]));
  const before = await timelineRowsOf(deps.db, keys);
  const seen = await seenRows(
    deps,
    before.map((row) => ({ row, standpoint: standpoints.get(row.event)! })),
  );
  return new Set(seen.map(({ event }: { event: ShownEvent }) => event.position));
}
