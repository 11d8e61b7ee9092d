/** A part of a room's state on its way into the log, and at the end the join, in the room's turn. */
import { stateKeyText } from '../../matrix/auth-events.ts';
import type { Db } from '../../database/database.ts';
import type { TxClient } from '../../database/tx.ts';
import type {
  EventSlot,
  JudgedFields,
  JudgedPdu,
  StateChange,
  TransitionCause,
  TransitionRecord,
} from '../../log/judged-pdu.ts';
import { newestTransitions } from '../../log/line-queries.ts';
import { dropOutOfBand, outOfBandIn, type OutOfBand } from '../../log/out-of-band.ts';
import { readEvents } from '../../log/read.ts';
import { transitionKind } from '../../log/transition.ts';
import type { UserId } from '../../matrix/identifiers.ts';
import { membershipOf, type PduFields } from '../../matrix/pdu.ts';
import type { CheckedRoom, ToldRoom } from './import-check.ts';
import { presenceOf } from '../judge/judge.ts';
import { advance, newRoomHead, type RoomHead, type StateEntry } from '../lanes/room-head.ts';
import type { Decision, LaneRoom } from '../lanes/room-lane.ts';

/** A key of the current state that is to have another event, or (null) none. */
export interface Difference {
  readonly type: string;
  readonly stateKey: string;
  readonly slot: EventSlot | null;
}

export interface ImportPart {
  readonly db: Db;
  readonly told: ToldRoom;
  readonly checked: CheckedRoom;
  readonly part: readonly Difference[];
  /** The join comes with it. */
  readonly isLast: boolean;
  readonly cause: 'import' | 'catch_up';
}

type StateBefore = ReadonlyMap<string, StateEntry>;
type Outside = ReadonlyMap<UserId, OutOfBand>;

export async function importTurn(asked: ImportPart, room: LaneRoom | null): Promise<Decision<void>> {
  const { db, told, checked, isLast } = asked;
  await room?.appended();
  const outside = await outOfBandIn(db, told.roomId);
  const work = { ...asked, part: isLast ? withOutside(asked, outside) : asked.part };
  const { part } = work;
  const joiner = ['m.room.member', checked.join.pdu.state_key ?? ''] as const;
  await room?.countServers();
  const keys = [...part.map(({ type, stateKey }) => [type, stateKey] as const), joiner];
  const state = await room?.state(keys);
  const before: StateBefore = new Map(
    keys.flatMap(([type, key]) => {
      const entry = state?.get(type, key);
      return entry === undefined ? [] : [[stateKeyText(type, key), entry] as const];
    }),
  );
  // The lane's own head moves when the decision is taken.
  const head = room === null ? newRoomHead(told.roomId, told.version) : copyOf(room.head);
  const marker = await markerOf(work, head, before, outside);
  const taken = part.flatMap(({ type, stateKey }) => (type === 'm.room.member' ? [stateKey as UserId] : []));
  const within = (tx: TxClient): Promise<void> => dropOutOfBand(tx, told.roomId, isLast ? [...outside.keys()] : taken);
  if (!isLast) return { judged: [marker], actions: [], within, answer: undefined };
  advance(head, marker);
  const stood = head.pending.get(stateKeyText(...joiner)) ?? before.get(stateKeyText(...joiner));
  return { judged: [marker, joinOf(work, head, stood)], actions: [], within, answer: undefined };
}

/** With the keys of those whom only this server still takes for something: from now on the room's state tells of them. */
function withOutside({ checked, part }: ImportPart, outside: Outside): readonly Difference[] {
  const covered = new Set(part.map(({ type, stateKey }) => stateKeyText(type, stateKey)));
  const more = [...outside.values()].flatMap(({ userId, membership }): readonly Difference[] => {
    const name = stateKeyText('m.room.member', userId);
    const slot = checked.state.get(name)?.slot ?? null;
    if (covered.has(name) || (slot === null && membership === 'leave')) return [];
    return [{ type: 'm.room.member', stateKey: userId, slot }];
  });
  return [...part, ...more];
}

function copyOf(head: RoomHead): RoomHead {
  return { ...head, servers: new Map(head.servers), pending: new Map(), warming: new Map() };
}

/** The verdict that says: from here on, the state is what we were told. */
async function markerOf(
  { db, told, checked, part, cause }: ImportPart,
  head: RoomHead,
  before: StateBefore,
  outside: Outside,
): Promise<JudgedPdu> {
  const { roomId } = told;
  const roomPosition = head.roomPosition + 1;
  const events = await readEvents(
    db,
    part.flatMap(({ slot }) => (slot === null ? [] : [{ roomId, position: slot.position }])),
  );
  const byPosition = new Map(events.map((event) => [event.position, event.pdu]));
  const changes = part.map(({ type, stateKey, slot }): StateChange => {
    const pdu = slot === null ? null : (byPosition.get(slot.position) ?? null);
    const previous = before.get(stateKeyText(type, stateKey))?.slot ?? null;
    const membership = pdu === null ? null : membershipOf(pdu);
    return { line: 0, at: roomPosition, type, stateKey, event: slot, pdu, previous, membership };
  });
  const transitions = changes.flatMap((change) => {
    const known = outside.get(change.stateKey as UserId);
    if (change.type === 'm.room.member' && known !== undefined) return reconciled(change, known, cause) ?? [];
    return transitionOf(change, before.get(stateKeyText(change.type, change.stateKey))?.pdu, cause) ?? [];
  });
  const fields: JudgedFields = {
    ...commonOf(told, checked, head),
    pdu: checked.join.pdu,
    verdict: 'imported',
    rule: null,
    prev: [],
    before: { line: 0, at: head.stateAt },
    after: { line: 0, at: changes.length === 0 ? head.stateAt : roomPosition },
    changes,
    transitions,
    presence: presenceOf(head, transitions),
  };
  return { ...fields, transitions: await withCorrected(db, roomId, transitions) } as JudgedPdu;
}

/** What no event may do in this room came about while nobody was there to see it: it corrects what was told last. */
async function withCorrected(
  db: Db,
  roomId: string,
  transitions: readonly TransitionRecord[],
): Promise<readonly TransitionRecord[]> {
  const reconciled = transitions.filter(({ kind }) => kind === 'MEMBERSHIP_RECONCILED').map(({ userId }) => userId);
  const newest = await newestTransitions(db, roomId, reconciled);
  return transitions.map((one) =>
    one.kind === 'MEMBERSHIP_RECONCILED' ? { ...one, supersedes: newest.get(one.userId) ?? null } : one,
  );
}

function joinOf({ told, checked }: ImportPart, head: RoomHead, stood: StateEntry | undefined): JudgedPdu {
  const { pdu } = checked.join;
  const roomPosition = head.roomPosition + 1;
  const change: StateChange = {
    line: 0,
    at: roomPosition,
    type: pdu.type,
    stateKey: pdu.state_key ?? '',
    event: checked.joinSlot,
    pdu,
    previous: stood?.slot ?? null,
    membership: membershipOf(pdu),
  };
  const transition = transitionOf(change, stood?.pdu, 'self');
  const transitions = transition === null ? [] : [transition];
  const fields: JudgedFields = {
    ...commonOf(told, checked, head),
    pdu,
    verdict: 'accepted',
    rule: null,
    prev: checked.joinPrev,
    before: { line: 0, at: head.stateAt },
    after: { line: 0, at: roomPosition },
    changes: [change],
    transitions,
    presence: presenceOf(head, transitions),
  };
  return fields as JudgedPdu;
}

function commonOf({ roomId, version, origin }: ToldRoom, { joinSlot, joinAuth }: CheckedRoom, head: RoomHead) {
  // Out of band something may have been known of it.
  const startsLine = head.stateAt === 0;
  const roomPosition = head.roomPosition + 1;
  return {
    slot: joinSlot,
    known: true,
    roomId,
    version,
    origin,
    auth: joinAuth,
    authRejection: null,
    roomPosition,
    anchor: roomPosition,
    back: 0,
    // The marker leaves the graph without ends, for the join to be the only one.
    replaces: [],
    gaps: [],
    // The server that we joined through tells the others.
    relay: false,
    lines: startsLine ? [{ line: 0, parent: null, depth: 0 }] : [],
    startsRoom: head.roomPosition === 0,
  };
}

/** Of somebody who was known out of band: the same event says nothing new, another one corrects what was told. */
function reconciled(change: StateChange, known: OutOfBand, cause: TransitionCause): TransitionRecord | null {
  const { pdu, event } = change;
  const to = change.membership ?? 'none';
  const stays = event?.eventId === known.eventId || (known.membership === 'leave' && (to === 'leave' || to === 'none'));
  if (stays) return null;
  return {
    userId: known.userId,
    from: known.membership,
    to,
    kind: 'MEMBERSHIP_RECONCILED',
    cause,
    event,
    pdu,
    previous: { position: known.event },
    supersedes: null,
    actor: pdu?.sender ?? null,
    onBehalfOf: null,
    occurredAt: pdu?.origin_server_ts ?? null,
  };
}

function transitionOf(
  change: StateChange,
  stood: PduFields | undefined,
  cause: TransitionCause,
): TransitionRecord | null {
  if (change.type !== 'm.room.member') return null;
  const { pdu, stateKey, membership, event, previous } = change;
  const from = (stood && membershipOf(stood)) ?? 'none';
  const to = membership ?? 'none';
  const kind =
    to === 'none'
      ? from === 'none'
        ? null
        : 'MEMBERSHIP_RECONCILED'
      : transitionKind(from, to, pdu?.sender === stateKey);
  if (kind === null) return null;
  return {
    userId: stateKey as UserId,
    from,
    to,
    kind,
    cause,
    event,
    pdu,
    previous,
    supersedes: null,
    actor: pdu?.sender ?? null,
    onBehalfOf: null,
    occurredAt: pdu?.origin_server_ts ?? null,
  };
}
