/** Every room's current state, one row a key, and the queries on it. */
import { binaryArray } from '../database/binary-array.ts';
import type { Db } from '../database/database.ts';
import type { TxClient } from '../database/tx.ts';
import { insertRows } from '../log/insert-rows.ts';
import type { Membership } from '../matrix/pdu.ts';
import type { Fact, Projection } from './projection.ts';

interface StateRow {
  readonly roomId: string;
  readonly type: string;
  readonly stateKey: string;
  /** Null: the key is absent now. */
  readonly event: number | null;
  readonly membership: Membership | null;
  /** Null: the membership stayed as it was, and so does its `since`. */
  readonly since: number | null;
}

export const roomState: Projection = {
  name: 'room-state',
  tables: ['room_state'],
  async apply(tx, facts) {
    const all = [...latestByKey(facts).values()];
    const rows = all.filter((row) => row.event !== null);
    const [moved, renewed] = [rows.filter((row) => row.since !== null), rows.filter((row) => row.since === null)];
    await Promise.all([
      upsert(tx, moved),
      moveEvent(tx, renewed),
      remove(
        tx,
        all.filter((row) => row.event === null),
      ),
    ]);
  },
};

function latestByKey(facts: readonly Fact[]): Map<string, StateRow> {
  const latest = new Map<string, StateRow>();
  for (const fact of facts) {
    for (const { type, stateKey, event, isNew, membership } of fact.changes) {
      const name = `${fact.roomId}\u0000${type}\u0000${stateKey}`;
      const moved = type !== 'm.room.member' || isNew || movesMember(fact, stateKey);
      const since = moved ? fact.roomPosition : (latest.get(name)?.since ?? null);
      latest.set(name, { roomId: fact.roomId, type, stateKey, event, membership, since });
    }
  }
  return latest;
}

function movesMember({ transitions }: Fact, userId: string): boolean {
  return transitions.some((moved) => moved.userId === userId && moved.from !== moved.to);
}

async function upsert(tx: TxClient, rows: readonly StateRow[]): Promise<void> {
  await insertRows(
    tx,
    'room_state',
    rows,
    [
      ['room_id', 'text', (r) => r.roomId],
      ['type', 'text', (r) => r.type],
      ['state_key', 'text', (r) => r.stateKey],
      ['event', 'int8', (r) => r.event],
      ['membership', 'text', (r) => r.membership],
      ['since', 'int8', (r) => r.since],
    ],
    'on conflict (room_id, type, state_key) do update set event = excluded.event, membership = excluded.membership, since = excluded.since',
  );
}

async function moveEvent(tx: TxClient, rows: readonly StateRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: 'move-room-state-event',
    text: `update room_state s set event = v.event
             from unnest($1::text[], $2::text[], $3::text[], $4::int8[]) as v (room_id, type, state_key, event)
            where s.room_id = v.room_id and s.type = v.type and s.state_key = v.state_key`,
    values: [
      binaryArray('text', rows, (r) => r.roomId),
      binaryArray('text', rows, (r) => r.type),
      binaryArray('text', rows, (r) => r.stateKey),
      binaryArray('int8', rows, (r) => r.event),
    ],
  });
}

async function remove(tx: TxClient, rows: readonly StateRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: 'remove-room-state',
    text: `delete from room_state s using unnest($1::text[], $2::text[], $3::text[]) as v (room_id, type, state_key)
            where s.room_id = v.room_id and s.type = v.type and s.state_key = v.state_key`,
    values: [
      binaryArray('text', rows, (r) => r.roomId),
      binaryArray('text', rows, (r) => r.type),
      binaryArray('text', rows, (r) => r.stateKey),
    ],
  });
}

export interface CurrentState {
  readonly type: string;
  readonly stateKey: string;
  /** Position of the event. */
  readonly event: number;
  readonly membership: Membership | null;
}

/** The room's whole current state, ordered by type and state key. */
export async function currentState(db: Db, roomId: string): Promise<readonly CurrentState[]> {
  const rows = await db
    .selectFrom('room_state')
    .select(['type', 'state_key', 'event', 'membership'])
    .where('room_id', '=', roomId)
    .orderBy('type')
    .orderBy('state_key')
    .execute();
  return rows.map((r) => ({
    type: r.type,
    stateKey: r.state_key,
    event: r.event,
    membership: r.membership as Membership | null,
  }));
}

/** Position of the event at a key of the current state, or null. */
export async function currentStateEvent(
  db: Db,
  roomId: string,
  type: string,
  stateKey: string,
): Promise<number | null> {
  const row = await db
    .selectFrom('room_state')
    .select('event')
    .where('room_id', '=', roomId)
    .where('type', '=', type)
    .where('state_key', '=', stateKey)
    .executeTakeFirst();
  return row?.event ?? null;
}

export interface MembershipRow {
  readonly roomId: string;
  readonly membership: Membership;
  /** Position of the member event. */
  readonly event: number;
  /** Room position of the last change of membership. */
  readonly since: number;
}

/** A user's membership in a room; null when there never was one. */
export async function membershipOf(db: Db, roomId: string, userId: string): Promise<MembershipRow | null> {
  const row = await db
    .selectFrom('room_state')
    .select(['membership', 'event', 'since'])
    .where('room_id', '=', roomId)
    .where('type', '=', 'm.room.member')
    .where('state_key', '=', userId)
    .executeTakeFirst();
  if (row === undefined || row.membership === null) return null;
  return { roomId, membership: row.membership as Membership, event: row.event, since: row.since };
}
