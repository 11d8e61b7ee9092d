/** What resolvers load of how doors are kept, gathered as in loaders.ts. */
import type { Db } from '../database/database.ts';
import {
  decisionTimes,
  oldestPending,
  outcomesByDay,
  outcomesByServer,
  type DoorSpan,
} from '../projections/door-health.ts';
import { alike, keyed } from './keyed-loaders.ts';

interface ServerSpan extends DoorSpan {
  readonly limit: number;
}

export function createHealthLoaders(db: Db) {
  return {
    decisionTimes: keyed((spans: readonly DoorSpan[]) => decisionTimes(db, spans)),
    outcomesByDay: keyed((spans: readonly DoorSpan[]) => outcomesByDay(db, spans)),
    outcomesByServer: alike(
      ({ limit }: ServerSpan) => limit,
      (spans) => outcomesByServer(db, spans, spans[0].limit),
    ),
    /** Position that opened the oldest knock that waits in a room. */
    oldestPending: keyed((roomIds: readonly string[]) => oldestPending(db, roomIds)),
  };
}
