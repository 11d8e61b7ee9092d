/** Stores evidence of a room without a verdict, a turn of the room's lane for each small part of it. */
import { storedEvidence } from '../../log/evidence-queries.ts';
import type { EventId } from '../../matrix/identifiers.ts';
import type { Db } from '../../database/database.ts';
import type { CheckedPdu } from './receive-checks.ts';
import { outliersOf, restsOn } from './receive-evidence.ts';
import type { FetchTask } from './receive-fetch.ts';
import type { Arrivals } from './receive-turn.ts';
import type { RoomLanes } from '../lanes/room-lane.ts';

/** So many at once: a room that is told of many others must not hold up the rest. */
export const OUTLIERS_A_UNIT = 200;

/** Events in an order in which each comes after what it rests on. What is stored by then is passed over. */
export async function storeOutliers(
  { db, lanes, arrivals }: { readonly db: Db; readonly lanes: RoomLanes; readonly arrivals?: Arrivals },
  { roomId, version, origin }: Pick<FetchTask, 'roomId' | 'version' | 'origin'>,
  events: readonly CheckedPdu[],
  elsewhere: ReadonlySet<EventId>,
): Promise<void> {
  for (let from = 0; from < events.length; from += OUTLIERS_A_UNIT) {
    const part = events.slice(from, from + OUTLIERS_A_UNIT);
    const ids = part.flatMap(({ eventId, pdu }) => [eventId, ...restsOn(pdu, roomId, version)]);
    const stored = await lanes.run(roomId, async (room) => {
      // Else the same event could be on its way already.
      await room?.appended();
      const known = await storedEvidence(db, roomId, ids);
      const outliers = outliersOf(part, { version, origin }, { known, elsewhere });
      if (outliers.length > 0) arrivals?.addOther(roomId);
      return { outliers, judged: [], actions: [], answer: outliers.length };
    });
    // Once more: who looked into the log in between did not see them there.
    if (stored > 0) arrivals?.addOther(roomId);
  }
}
