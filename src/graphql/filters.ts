/** What lists are filtered by: from the schema's inputs to what queries ask for. Null: whatever it is. */
import { isBounded, type Viewer } from '../access/scopes.ts';
import type { StampedTable } from '../log/moments.ts';
import type { ActionCondition } from '../log/action-queries.ts';
import type { EventCondition } from '../log/event-queries.ts';
import type { TransitionCondition } from '../log/transition-queries.ts';
import { MAX_SEARCH, searchOf, type WordSearch } from '../log/word-search.ts';
import type { TriageCondition } from '../log/triage-queries.ts';
import { tagOf } from '../commands/triage-knock.ts';
import { MatrixError } from '../matrix/errors.ts';
import { isMembership, type Membership } from '../matrix/pdu.ts';
import type { KnockCondition } from '../projections/knock-queries.ts';
import type { Context } from './context.ts';
import { roomIdOf, serverNameOf, userIdOf, wordOf } from './names.ts';
import { parsePosition } from './node-ids.ts';
import type { ActionFilter, EventFilter, KnockFilter, MemberFilter, TransitionFilter } from './schema.generated.ts';

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

/** Part of the log by time and position; what is asked for. */
export interface Stretch {
  readonly since?: Given<Date>;
  readonly until?: Given<Date>;
  readonly sincePosition?: Given<string>;
  readonly untilPosition?: Given<string>;
}

/** Positions: the first inclusive, the second exclusive. */
export interface Bounds {
  readonly from: number | null;
  readonly before: number | null;
}

/** Where a stretch begins and ends. Throws M_INVALID_PARAM for what is no position. */
export async function boundsOf(
  { loaders }: Pick<Context, 'loaders'>,
  table: StampedTable,
  { since, until, sincePosition, untilPosition }: Stretch,
): Promise<Bounds> {
  const at = (time: Given<Date>): Promise<number | null> =>
    time === null || time === undefined
      ? Promise.resolve(null)
      : loaders.positionAt.load({ table, time: time.getTime() });
  const [sinceAt, untilAt] = await Promise.all([at(since), at(until)]);
  return {
    from: outermost(Math.max, sinceAt, positionOf(sincePosition)),
    before: outermost(Math.min, untilAt, positionOf(untilPosition)),
  };
}

function positionOf(text: Given<string>): number | null {
  if (text === null || text === undefined) return null;
  const position = parsePosition(text);
  if (position === null) throw new MatrixError('M_INVALID_PARAM', 'This is no position of the log.');
  return position;
}

/** The one that leaves less; null leaves everything. */
export function outermost(pick: (a: number, b: number) => number, a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : pick(a, b);
}

export function knockCondition(viewer: Viewer, where: Given<KnockFilter>, ended: Bounds): KnockCondition {
  const { server, status, decidedBy, outOfBand, text } = where ?? {};
  return {
    server: one(server, serverNameOf)?.[0] ?? null,
    statuses: status ?? null,
    decidedBy: one(decidedBy, userIdOf)?.[0] ?? null,
    outOfBand: outOfBand ?? null,
    closedFrom: ended.from,
    closedBefore: ended.before,
    words: wordSearch(viewer, text),
    triage: triageCondition(viewer, where ?? {}),
  };
}

function triageCondition(viewer: Viewer, { claimed, claimedBy, tag, seen }: KnockFilter): TriageCondition {
  if (tag !== null && tag !== undefined) checkWords(viewer);
  return {
    claimed: claimed ?? null,
    claimedBy: one(claimedBy, userIdOf)?.[0] ?? null,
    tag: one(tag, tagOf)?.[0] ?? null,
    seen: seen === null || seen === undefined ? null : { by: viewer.userId, is: seen },
  };
}

/** It asks for what moderators share, which is told of no knock to the knocker. */
export function asksForTriage({ claimed, claimedBy, tag, seen }: KnockFilter): boolean {
  return [claimed, claimedBy, tag, seen].some((part) => part !== null && part !== undefined);
}

export function transitionCondition(
  viewer: Viewer,
  where: Given<TransitionFilter>,
  event: number | null,
): TransitionCondition {
  const { kinds, cause, actor, server, text } = where ?? {};
  return {
    kinds: kinds ?? null,
    causes: cause?.map(wordOf) ?? null,
    actor: one(actor, userIdOf)?.[0] ?? null,
    server: one(server, serverNameOf)?.[0] ?? null,
    words: wordSearch(viewer, text),
    event,
  };
}

export function eventCondition(viewer: Viewer, { types, server, text }: EventFilter): EventCondition {
  return {
    types: types?.map(withoutNul) ?? null,
    server: one(server, serverNameOf)?.[0] ?? null,
    words: wordSearch(viewer, text),
  };
}

export function actionCondition({ operations, refused, target, token }: ActionFilter): ActionCondition {
  return {
    operations: operations?.map(withoutNul) ?? null,
    refused: refused ?? null,
    target: one(target, withoutNul)?.[0] ?? null,
    token: one(token, withoutNul)?.[0] ?? null,
  };
}

// No word that is kept holds one, and Postgres takes none.
const withoutNul = (text: string): string => text.replaceAll('\u0000', '');

/**
 * Words to search for, as the viewer may. Throws M_INVALID_PARAM for too many, M_FORBIDDEN for a token that is not shown any
 * words: by what is found it would learn them.
 */
function wordSearch(viewer: Viewer, text: Given<string>): WordSearch | null {
  if (text === null || text === undefined) return null;
  if (text.length > MAX_SEARCH) {
    throw new MatrixError('M_INVALID_PARAM', `text takes at most ${MAX_SEARCH} characters.`);
  }
  checkWords(viewer);
  return { search: searchOf(text), reader: viewer.userId, hasOwn: !isBounded(viewer) };
}

function checkWords(viewer: Viewer): void {
  if (!isBounded(viewer) || viewer.grant.scopes.includes('reasons:read')) return;
  throw new MatrixError('M_FORBIDDEN', 'To search words this token needs the scope reasons:read.');
}

/** Memberships to list; `NONE` lists nobody. */
export function membershipsIn(where: Given<MemberFilter>): readonly Membership[] | null {
  return where?.membership?.map(wordOf).filter((word) => isMembership(word)) ?? null;
}
