/** What resolvers load of how doors are kept, gathered as in loaders.ts. */
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

export const HEALTH = {
  decisionTimes: keyed(decisionTimes),
  outcomesByDay: keyed(outcomesByDay),
  outcomesByServer: alike(
    ({ limit }: ServerSpan) => limit,
    (db, spans) => outcomesByServer(db, spans, spans[0].limit),
  ),
  /** Position that opened the oldest knock that waits in a room. */
  oldestPending: keyed(oldestPending),
};
