/** What becomes of the current state when branches meet, and what that says of memberships and servers. */
import { newestTransitions } from '../../log/line-queries.ts';
import type { EventSlot, JudgedFields, StateChange, TransitionRecord } from '../../log/judged-pdu.ts';
import { movesPresence } from '../../log/presence.ts';
import { readResolvable } from '../../log/resolvable-events.ts';
import type { Ref } from '../../log/state-lines.ts';
import { membershipOf, type PduFields } from '../../matrix/pdu.ts';
import type { ResolvableEvent } from '../../matrix/resolvable-event.ts';
import { differences, type DraftedRoom } from './drafted-room.ts';
import { presenceOf } from './judge.ts';
import { transitionOf, type Cause } from './member-transition.ts';
import { resolveRefs } from './resolve-state.ts';
import type { HeadState } from '../lanes/room-head.ts';
import type { LineChange } from '../../log/branches.ts';

/** What becomes of line 0, and the stored events that were read to find out, by position. */
export interface Merged {
  readonly changes: readonly LineChange[];
  readonly events: ReadonlyMap<number, ResolvableEvent>;
}

/** The changes of line 0 that make the current state the resolution of all tips together. */
export async function mergeTips({ forked, roomPosition }: DraftedRoom, tips: readonly Ref[]): Promise<Merged> {
  const resolved = await resolveRefs(forked, tips);
  const changes = differences(resolved, resolved.head)
    .map(({ key: [type, stateKey], ...rest }) => ({ line: 0, at: roomPosition, type, stateKey, ...rest }))
    .sort((a, b) => (a.type === b.type ? compare(a.stateKey, b.stateKey) : compare(a.type, b.type)));
  return { changes, events: resolved.events };
}

/** All that the drafted event writes; `merged` are its changes of line 0, null for an event that leaves the present as it is. */
export async function effectsOf(
  drafted: DraftedRoom,
  slot: EventSlot,
  cause: Cause,
  merged: Merged | null,
): Promise<Pick<JudgedFields, 'lines' | 'changes' | 'transitions' | 'presence'>> {
  const { room, forked } = drafted;
  const { draft } = forked;
  const ofHead = merged?.changes ?? [];
  const drafts = [...draft.changes, ...ofHead];
  const positions = new Set(
    drafts.flatMap(({ event }) => (event === null || event === draft.event?.position ? [] : [event])),
  );
  const missing = [...positions].filter((position) => merged?.events.has(position) !== true);
  const events = new Map([...(merged?.events ?? []), ...(await readResolvable(forked.db, forked.roomId, missing))]);
  const stood = await room.state(ofHead.map(({ type, stateKey }) => [type, stateKey] as const));
  const changes: StateChange[] = [];
  const transitions: TransitionRecord[] = [];
  for (const { line, at, type, stateKey, event, previous } of drafts) {
    const own = event !== null && event === draft.event?.position;
    const stored = event === null ? undefined : events.get(event);
    const pdu: PduFields | null = own ? draft.event.pdu : (stored?.pdu ?? null);
    const change: StateChange = {
      line,
      at,
      type,
      stateKey,
      event: own ? slot : stored === undefined ? null : { eventId: stored.eventId, position: stored.position },
      pdu,
      previous: previous === null ? null : { position: previous },
      membership: pdu === null ? null : membershipOf(pdu),
    };
    changes.push(change);
    const transition =
      line === 0 ? transitionHere(change, stood, own ? cause : { by: 'resolution', onBehalfOf: null }) : null;
    if (transition !== null) transitions.push(transition);
  }
  if (transitions.some(movesPresence)) await room.countServers();
  const presence = presenceOf(room.head, transitions);
  return { lines: draft.lines, changes, transitions: await withCorrected(drafted, transitions), presence };
}

function transitionHere(change: StateChange, stood: HeadState, cause: Cause): TransitionRecord | null {
  return transitionOf(change, stood.get(change.type, change.stateKey)?.pdu, cause);
}

async function withCorrected(
  { forked }: DraftedRoom,
  transitions: readonly TransitionRecord[],
): Promise<readonly TransitionRecord[]> {
  const reconciled = transitions.filter(({ kind }) => kind === 'MEMBERSHIP_RECONCILED').map(({ userId }) => userId);
  const newest = await newestTransitions(forked.db, forked.roomId, reconciled);
  return transitions.map((one) =>
    one.kind === 'MEMBERSHIP_RECONCILED' ? { ...one, supersedes: newest.get(one.userId) ?? null } : one,
  );
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
