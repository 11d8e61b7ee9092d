/** Which events of their rooms' timelines readers see, and what they were in the room at each: many rooms asked at once. */
import { stateKeyText } from '../../../matrix/auth-events.ts';
import { maySeeEvent, type Viewpoint } from '../../../access/history-visibility.ts';
import type { Db } from '../../../database/database.ts';
import type { TimelineRow } from '../../../log/read.ts';
import type { ShownEvent } from '../../../log/shown-events.ts';
import { membershipOf, stringIn, type Membership } from '../../../matrix/pdu.ts';
import { valuesAtMany } from '../../../projections/sync-queries.ts';
import type { EventBook } from '../event-book.ts';
import { isBefore } from '../pagination-token.ts';
import type { Standpoint } from './standpoint.ts';

export interface SightDeps {
  readonly db: Db;
  readonly book: EventBook;
}

export interface AskedRow {
  readonly standpoint: Standpoint;
  readonly row: TimelineRow;
}

export interface SeenRow extends AskedRow {
  readonly event: ShownEvent;
  /** The reader's membership at the event, its own effect included; `leave` where they had none. */
  readonly membership: Membership;
}

/** Those of the rows that their readers see, in the order asked; their events are loaded. */
export async function seenRows({ db, book }: SightDeps, asked: readonly AskedRow[]): Promise<readonly SeenRow[]> {
  await book.load(asked.map(({ standpoint: { roomId }, row }) => ({ roomId, position: row.event })));
  const doubtful = asked.filter((one) => !isOfTheirStay(one));
  const values = await valuesAtMany(
    db,
    doubtful.map(({ standpoint: { roomId, userId }, row }) => ({
      roomId,
      ref: { line: row.beforeLine, at: row.beforeAt },
      keys: [
        ['m.room.history_visibility', ''],
        ['m.room.member', userId],
      ],
    })),
  );
  await book.load(
    doubtful.flatMap(({ standpoint: { roomId } }, n) =>
      [...values[n]!.values()].map((position) => ({ roomId, position })),
    ),
  );
  const valuesOf = new Map(doubtful.map((one, n) => [one, values[n]!]));
  return asked.flatMap((one) => {
    const event = book.get(one.row.event);
    const membership = event === undefined ? null : membershipAt(book, one, event, valuesOf.get(one));
    return event === undefined || membership === null ? [] : [{ ...one, event, membership }];
  });
}

// What came since they joined needs no look at the state around it, unless it followed something older.
function isOfTheirStay({ standpoint: { joinedFrom }, row }: AskedRow): boolean {
  return joinedFrom !== null && row.back === 0 && row.afterLine === 0 && row.afterAt >= joinedFrom;
}

/** Null: the event is not for them to see. */
function membershipAt(
  book: EventBook,
  { standpoint, row }: AskedRow,
  event: ShownEvent,
  values: ReadonlyMap<string, number> | undefined,
): Membership | null {
  if (values === undefined) return 'join';
  const { userId, joinedFrom, departedAt } = standpoint;
  const at = (type: string, stateKey: string) => {
    const position = values.get(stateKeyText(type, stateKey));
    return position === undefined ? undefined : book.get(position);
  };
  const before = viewpoint(at('m.room.history_visibility', ''), at('m.room.member', userId));
  const after: Viewpoint =
    event.type === 'm.room.history_visibility' && event.stateKey === ''
      ? { ...before, visibility: viewpoint(event, undefined).visibility }
      : event.type === 'm.room.member' && event.stateKey === userId
        ? { ...before, membership: viewpoint(undefined, event).membership }
        : before;
  const joinedSince = joinedFrom !== null || (departedAt !== null && isBefore(row, { anchor: departedAt, back: 0 }));
  if (!maySeeEvent(event, { userId, joinedSince }, before, after)) return null;
  return after.membership === 'none' ? 'leave' : after.membership;
}

function viewpoint(visibility: ShownEvent | undefined, member: ShownEvent | undefined): Viewpoint {
  return {
    visibility: visibility === undefined ? null : stringIn(visibility.content, 'history_visibility'),
    membership: (member && membershipOf(member)) ?? 'none',
  };
}
