/** What lists are filtered by: from the schema's inputs to what queries ask for. Null: whatever it is. */
import type { TransitionCondition } from '../log/transition-queries.ts';
import { MatrixError } from '../matrix/errors.ts';
import { isMembership, type Membership } from '../matrix/pdu.ts';
import type { KnockCondition } from '../projections/knock-queries.ts';
import { roomIdOf, serverNameOf, userIdOf, wordOf } from './names.ts';
import type { KnockFilter, MemberFilter, TransitionFilter } from './schema.generated.ts';

type Given<T> = T | null | undefined;

/** Rooms and users of a list. */
export interface Scope {
  readonly roomIds: readonly string[] | null;
  readonly userIds: readonly string[] | null;
}

const MAX_ROOMS = 100;

/** Rooms and users that a filter leaves of a list. Throws M_INVALID_PARAM for what are no ids. */
export function narrow(scope: Scope, where: Given<Pick<KnockFilter, 'roomId' | 'roomIds' | 'userId'>>): Scope {
  const { roomId, userId } = where ?? {};
  return {
    roomIds: both(both(scope.roomIds, one(roomId, roomIdOf)), roomIdsOf(where?.roomIds)),
    userIds: both(scope.userIds, one(userId, userIdOf)),
  };
}

/** Throws M_INVALID_PARAM for too many rooms, and for what are no room ids. */
export function roomIdsOf(roomIds: Given<readonly string[]>): readonly string[] | null {
  if (roomIds === null || roomIds === undefined) return null;
  if (roomIds.length > MAX_ROOMS) {
    throw new MatrixError('M_INVALID_PARAM', `roomIds takes at most ${MAX_ROOMS} rooms.`);
  }
  return [...new Set(roomIds.map(roomIdOf))];
}

function one(id: Given<string>, parse: (text: string) => string): readonly string[] | null {
  return id === null || id === undefined ? null : [parse(id)];
}

/** What both lists have; null is the list of everything. */
export function both(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null || b === null) return a ?? b;
  return a.filter((id) => b.includes(id));
}

export function knockCondition(where: Given<KnockFilter>): KnockCondition {
  const { server, status } = where ?? {};
  return {
    server: server === null || server === undefined ? null : serverNameOf(server),
    statuses: status ?? null,
  };
}

export function transitionCondition(where: Given<TransitionFilter>): TransitionCondition {
  const { kinds, cause, actor } = where ?? {};
  return {
    kinds: kinds ?? null,
    causes: cause?.map(wordOf) ?? null,
    actor: actor === null || actor === undefined ? null : userIdOf(actor),
    event: null,
  };
}

/** Memberships to list; `NONE` lists nobody. */
export function membershipsIn(where: Given<MemberFilter>): readonly Membership[] | null {
  return where?.membership?.map(wordOf).filter((word) => isMembership(word)) ?? null;
}
