/** What resolvers load of rooms as they were, gathered as in loaders.ts. */
import type { Db } from '../database/database.ts';
import type { KeysetPage } from '../database/keyset.ts';
import { nextMoves } from '../log/membership-diff.ts';
import { countMembersAt, membersAt, pageMembersAt, roomPositionsAt, type PastMemberList } from '../log/past-state.ts';
import { logHead, readEvents, type StoredEvent } from '../log/read.ts';
import { valuesOnBranches } from '../log/state-lines.ts';
import { stateKeyText } from '../matrix/auth-events.ts';
import { knownMoments, type RoomPoint } from '../projections/known-moments.ts';
import { alike, keyed, type Source } from './keyed-loaders.ts';

export interface PastStateKey extends RoomPoint {
  readonly type: string;
  readonly stateKey: string;
}
interface PastMemberListKey {
  readonly list: PastMemberList;
  readonly page: KeysetPage<string>;
}

export const PAST = {
  /** The place of a moment in the room's own log; null: that has not begun by then. */
  roomPosition: keyed(roomPositionsAt),
  /** Whether this server can tell of the room at that point. */
  known: (source: Source) =>
    keyed((db, points: readonly RoomPoint[]) => knownMoments(db, source.serverName, points))(source),
  /** The log's head; the key says nothing. */
  head: keyed((db, keys: readonly 'head'[]) => logHead(db).then((head) => keys.map(() => head))),
  /** The event at a key of a room's state at a point. */
  pastState: keyed(statesAt),
  pastMember: keyed(membersAt),
  pastMembers: alike(
    ({ page }: PastMemberListKey) => page,
    (db, keys) =>
      pageMembersAt(
        db,
        keys.map(({ list }) => list),
        keys[0].page,
      ),
  ),
  /** Position of a user's next transition to another membership. */
  nextMove: keyed(nextMoves),
  pastMemberCount: keyed(countMembersAt),
};

async function statesAt(db: Db, keys: readonly PastStateKey[]): Promise<readonly (StoredEvent | null)[]> {
  const asks = keys.map(({ roomId, at, type, stateKey }) => ({
    roomId,
    ref: { line: 0, at },
    keys: [[type, stateKey] as const],
  }));
  const values = await valuesOnBranches(db, asks);
  const positions = keys.map(({ type, stateKey }, n) => values[n]!.get(stateKeyText(type, stateKey)) ?? null);
  const wanted = keys.flatMap(({ roomId }, n) => (positions[n] === null ? [] : [{ roomId, position: positions[n]! }]));
  const events = new Map((await readEvents(db, wanted)).map((event) => [event.position, event]));
  return positions.map((position) => (position === null ? null : (events.get(position) ?? null)));
}
