/** Knock episodes: what moderators have to decide, and what became of every knock before. */
import { binaryArray } from '../database/binary-array.ts';
import type { TxClient } from '../database/tx.ts';
import { insertRows } from '../log/insert-rows.ts';
import { serverOf } from '../matrix/identifiers.ts';
import { outcomeOf, searchable, type KnockStatus, type RoomMove } from './knock-outcome.ts';
import { reconcileEpisode } from './reconciled-knocks.ts';
import type { Erased, FactTransition, Projection } from './projection.ts';

/** What a batch does to one episode. `opened` null: the episode was open before the batch. */
interface EpisodeChange {
  readonly roomId: string;
  readonly userId: FactTransition['userId'];
  readonly opened: number | null;
  /** Of an episode that the batch opened. */
  firstEvent: number | null;
  event: number | null;
  reason: string | null;
  displayName: string | null;
  readonly inRoom: boolean;
  via: string | null;
  status: KnockStatus;
  closed: number | null;
  decidedBy: string | null;
}

export const knocks: Projection = {
  name: 'knocks',
  tables: ['knocks'],
  async apply(tx, facts) {
    const moves = facts.flatMap(({ roomId, transitions }) => transitions.map((transition) => ({ roomId, transition })));
    await Promise.all(stretches(moves).map((stretch) => applyStretch(tx, stretch)));
  },
  async erase(tx, erased) {
    await Promise.all([scrubUsers(tx, erased), scrubEvents(tx, erased)]);
  },
};

/** What transitions did, cut where one corrects what was there before: it has to be looked up. */
function stretches(moves: readonly RoomMove[]): readonly (readonly RoomMove[] | RoomMove)[] {
  if (!moves.some(reconciles)) return [moves];
  const cut: (RoomMove[] | RoomMove)[] = [];
  let open: RoomMove[] | null = null;
  for (const move of moves) {
    if (reconciles(move)) {
      cut.push(move);
      open = null;
    } else if (open === null) cut.push((open = [move]));
    else open.push(move);
  }
  return cut;
}

const reconciles = ({ transition }: RoomMove): boolean => transition.kind === 'MEMBERSHIP_RECONCILED';

async function applyStretch(tx: TxClient, stretch: readonly RoomMove[] | RoomMove): Promise<void> {
  if ('transition' in stretch) return reconcileEpisode(tx, stretch);
  const changes = episodeChanges(stretch);
  // Close before opening: of one user in one room at most one episode is pending, also between the two statements.
  await Promise.all([
    move(
      tx,
      changes.filter((change) => change.opened === null),
    ),
    open(
      tx,
      changes.filter((change) => change.opened !== null),
    ),
  ]);
}

function episodeChanges(moves: readonly RoomMove[]): readonly EpisodeChange[] {
  const all: EpisodeChange[] = [];
  const current = new Map<string, EpisodeChange>();
  for (const { roomId, transition } of moves) {
    const opens = transition.to === 'knock' && transition.from !== 'knock';
    if (!opens && transition.from !== 'knock') continue;
    const name = `${roomId}\u0000${transition.userId}`;
    let change = opens ? undefined : current.get(name);
    if (change === undefined) {
      change = unchanged(roomId, transition, opens);
      all.push(change);
      current.set(name, change);
    }
    if (transition.to === 'knock') {
      change.firstEvent ??= transition.event;
      change.event = transition.event;
      change.reason = transition.reason;
      change.displayName = transition.displayName;
      change.via = transition.via;
    } else {
      change.status = outcomeOf(transition);
      change.closed = transition.position;
      change.decidedBy = transition.actor;
    }
  }
  return all;
}

function unchanged(roomId: string, transition: FactTransition, opens: boolean): EpisodeChange {
  return {
    roomId,
    userId: transition.userId,
    opened: opens ? transition.position : null,
    firstEvent: null,
    event: null,
    reason: null,
    displayName: null,
    inRoom: transition.inRoom,
    via: null,
    status: 'PENDING',
    closed: null,
    decidedBy: null,
  };
}

async function open(tx: TxClient, changes: readonly EpisodeChange[]): Promise<void> {
  await insertRows(tx, 'knocks', changes, [
    ['room_id', 'text', (c) => c.roomId],
    ['opened', 'int8', (c) => c.opened],
    ['user_id', 'text', (c) => c.userId],
    ['server', 'text', (c) => serverOf(c.userId)],
    ['status', 'text', (c) => c.status],
    ['first_event', 'int8', (c) => c.firstEvent],
    ['event', 'int8', (c) => c.event],
    ['closed', 'int8', (c) => c.closed],
    ['decided_by', 'text', (c) => c.decidedBy],
    ['in_room', 'bool', (c) => c.inRoom],
    ['via', 'text', (c) => c.via],
    ['reason', 'text', (c) => searchable(c.reason)],
    ['display_name', 'text', (c) => searchable(c.displayName)],
  ]);
}

// A renewal (event set) brings its own words, even none; a decision leaves them.
async function move(tx: TxClient, changes: readonly EpisodeChange[]): Promise<void> {
  if (changes.length === 0) return;
  await tx.query({
    name: 'move-knocks',
    text: `update knocks k set status = v.status, closed = v.closed, decided_by = v.decided_by,
                  event = coalesce(v.event, k.event),
                  reason = case when v.event is null then k.reason else v.reason end,
                  display_name = case when v.event is null then k.display_name else v.display_name end,
                  via = case when v.event is null then k.via else v.via end
             from unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::text[], $6::int8[], $7::text[], $8::text[], $9::text[])
               as v (room_id, user_id, status, closed, decided_by, event, reason, display_name, via)
            where k.room_id = v.room_id and k.user_id = v.user_id and k.status = 'PENDING'`,
    values: [
      binaryArray('text', changes, (c) => c.roomId),
      binaryArray('text', changes, (c) => c.userId),
      binaryArray('text', changes, (c) => c.status),
      binaryArray('int8', changes, (c) => c.closed),
      binaryArray('text', changes, (c) => c.decidedBy),
      binaryArray('int8', changes, (c) => c.event),
      binaryArray('text', changes, (c) => searchable(c.reason)),
      binaryArray('text', changes, (c) => searchable(c.displayName)),
      binaryArray('text', changes, (c) => c.via),
    ],
  });
}

/** What they wrote when they knocked, and the name they gave. */
async function scrubUsers(tx: TxClient, erased: readonly Erased[]): Promise<void> {
  const userIds = erased.flatMap((one) => (one.kind === 'user' ? [one.userId] : []));
  if (userIds.length === 0) return;
  await tx.query({
    name: 'scrub-knocks-of-users',
    text: `update knocks set reason = null, display_name = null
            where user_id = any($1::text[]) and (reason is not null or display_name is not null)`,
    values: [userIds],
  });
}

type ErasedMember = Erased & { readonly kind: 'event'; readonly member: string };

// The words of a knock that was renewed since are not the episode's any more.
async function scrubEvents(tx: TxClient, erased: readonly Erased[]): Promise<void> {
  const events = erased.filter((one) => one.kind === 'event' && one.member !== null) as readonly ErasedMember[];
  if (events.length === 0) return;
  await tx.query({
    name: 'scrub-knocks-of-events',
    text: `update knocks k set reason = null, display_name = null
             from unnest($1::text[], $2::int8[], $3::text[]) as v (room_id, event, user_id)
            where k.room_id = v.room_id and k.user_id = v.user_id and k.event = v.event
              and (k.reason is not null or k.display_name is not null)`,
    values: [events.map((one) => one.roomId), events.map((one) => one.event), events.map((one) => one.member)],
  });
}
