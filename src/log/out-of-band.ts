/** Memberships of local users in rooms that this server is not in: facts beside the log, written with what brought them about. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { TxClient } from '../database/tx.ts';
import type { EventId, RoomId, ServerName, UserId } from '../matrix/identifiers.ts';
import { parseJson, type JsonObject } from '../matrix/json.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import type { Membership } from '../matrix/pdu.ts';
import type { EventSlot } from './judged-pdu.ts';

/** What is known of a user in a room from outside. */
export interface OutOfBand {
  readonly roomId: RoomId;
  readonly userId: UserId;
  /** The member event now in force, and who sent it. */
  readonly event: number;
  readonly eventId: EventId;
  readonly sender: UserId;
  readonly membership: Membership;
  /** Servers to go through, the one that was used first. */
  readonly via: readonly ServerName[];
  readonly version: string;
  /** As it was told, checked; without the own member event. */
  readonly stripped: readonly JsonObject[];
  /** Room position of the last change of membership. */
  readonly since: number;
  /** Milliseconds. */
  readonly beganAt: number;
  readonly probes: number;
  readonly probedAt: number | null;
}

const COLUMNS = sql`o.room_id, o.user_id, o.event, e.event_id, e.sender, o.membership, o.via, o.room_version, o.stripped, o.since,
  o.began_at, o.probes, o.probed_at`;

interface Row {
  readonly room_id: RoomId;
  readonly user_id: UserId;
  readonly event: number;
  readonly event_id: EventId;
  readonly sender: UserId;
  readonly membership: Membership;
  readonly via: readonly ServerName[];
  readonly room_version: string;
  readonly stripped: Buffer;
  readonly since: number;
  readonly began_at: Date;
  readonly probes: number;
  readonly probed_at: Date | null;
}

function outOfBand(row: Row): OutOfBand {
  return {
    roomId: row.room_id,
    userId: row.user_id,
    event: row.event,
    eventId: row.event_id,
    sender: row.sender,
    membership: row.membership,
    via: row.via,
    version: row.room_version,
    stripped: parseJson(row.stripped) as readonly JsonObject[],
    since: row.since,
    beganAt: row.began_at.getTime(),
    probes: row.probes,
    probedAt: row.probed_at?.getTime() ?? null,
  };
}

/** Null: the room has told otherwise since, or never had anything to do with the user from outside. */
export async function outOfBandOf(db: Db, roomId: string, userId: string): Promise<OutOfBand | null> {
  const { rows } = await sql<Row>`
    select ${COLUMNS} from out_of_band o join events e on e.room_id = o.room_id and e.position = o.event
     where o.room_id = ${roomId} and o.user_id = ${userId}`.execute(db);
  return rows[0] === undefined ? null : outOfBand(rows[0]);
}

/** Of these users in these rooms, in the order asked; null as in outOfBandOf(). */
export async function outOfBandAt(
  db: Db,
  keys: readonly { readonly roomId: string; readonly userId: string }[],
): Promise<readonly (OutOfBand | null)[]> {
  const { rows } = await sql<Row & { n: number }>`
    select k.n::int4 as n, ${COLUMNS}
      from unnest(${keys.map((k) => k.roomId)}::text[], ${keys.map((k) => k.userId)}::text[]) with ordinality as k (room_id, user_id, n)
      join out_of_band o on o.room_id = k.room_id and o.user_id = k.user_id
      join events e on e.room_id = o.room_id and e.position = o.event`.execute(db);
  const byKey = new Map(rows.map((row) => [row.n, outOfBand(row)]));
  return keys.map((_, n) => byKey.get(n + 1) ?? null);
}

/** All of a room, by user. */
export async function outOfBandIn(db: Db, roomId: string): Promise<ReadonlyMap<UserId, OutOfBand>> {
  const { rows } = await sql<Row>`
    select ${COLUMNS} from out_of_band o join events e on e.room_id = o.room_id and e.position = o.event
     where o.room_id = ${roomId}`.execute(db);
  return new Map(rows.map((row) => [row.user_id, outOfBand(row)]));
}

/** What was told of rooms with these member events of a user, by room. */
export async function strippedStates(
  db: Db,
  members: readonly { readonly roomId: string; readonly event: number }[],
): Promise<ReadonlyMap<string, readonly JsonObject[]>> {
  if (members.length === 0) return new Map();
  const { rows } = await sql<{ room_id: string; stripped: Buffer }>`
    select o.room_id, o.stripped from unnest(${members.map((one) => one.roomId)}::text[], ${members.map((one) => one.event)}::int8[]) as k (room_id, event)
      join out_of_band o on o.room_id = k.room_id and o.event = k.event`.execute(db);
  return new Map(rows.map((row) => [row.room_id, parseJson(row.stripped) as readonly JsonObject[]]));
}

/** Position of an event as it was stored out of band, be it in force or not; null: it was not. */
export async function outsidePosition(db: Db, roomId: RoomId, eventId: EventId): Promise<number | null> {
  const { rows } = await sql<{ position: number }>`
    select position from events where event_id = ${eventId} and room_id = ${roomId} and out_of_band`.execute(db);
  return rows[0]?.position ?? null;
}

export interface NewOutOfBand extends Pick<
  OutOfBand,
  'roomId' | 'userId' | 'membership' | 'via' | 'version' | 'stripped' | 'since' | 'beganAt'
> {
  /** Its position is read when the row is written. */
  readonly event: EventSlot;
  /** When the room's server is to be asked whether it still stands, in milliseconds; null: not at all. */
  readonly probeAt: number | null;
  /** The user left, and no server of the room has heard of it. */
  readonly undelivered: boolean;
}

/** Takes the place of what was known of the user in the room; in the transaction that stores the event. */
export async function setOutOfBand(tx: TxClient, row: NewOutOfBand): Promise<void> {
  await tx.query({
    name: 'set-out-of-band',
    text: `insert into out_of_band (room_id, user_id, event, membership, via, room_version, stripped, since, began_at, next_probe_at, undelivered)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           on conflict (room_id, user_id) do update set event = excluded.event, membership = excluded.membership, via = excluded.via,
             room_version = excluded.room_version, stripped = excluded.stripped, since = excluded.since, began_at = excluded.began_at,
             next_probe_at = excluded.next_probe_at, undelivered = excluded.undelivered, probes = 0, maybe_accepted = false`,
    values: [
      ...[row.roomId, row.userId, row.event.position, row.membership, [...row.via], row.version],
      ...[Buffer.from(canonicalJson([...row.stripped])), row.since, new Date(row.beganAt)],
      ...[row.probeAt === null ? null : new Date(row.probeAt), row.undelivered],
    ],
  });
}

/** The room itself tells of these users now; in the transaction that stores what it tells. */
export async function dropOutOfBand(tx: TxClient, roomId: RoomId, userIds: readonly UserId[]): Promise<void> {
  if (userIds.length === 0) return;
  await tx.query({
    name: 'drop-out-of-band',
    text: 'delete from out_of_band where room_id = $1 and user_id = any($2::text[])',
    values: [roomId, [...userIds]],
  });
}

/** A server of the room has heard that the user left by this event. */
export async function noteDelivered(db: Db, roomId: RoomId, userId: UserId, eventId: EventId): Promise<void> {
  await sql`
    update out_of_band o set undelivered = false from events e
     where o.room_id = ${roomId} and o.user_id = ${userId} and e.room_id = o.room_id and e.position = o.event
       and e.event_id = ${eventId}`.execute(db);
}

/** Memberships of which it is time to ask whether they still stand, the longest waiting first. */
export async function dueProbes(db: Db, now: number, limit: number): Promise<readonly OutOfBand[]> {
  const { rows } = await sql<Row>`
    select ${COLUMNS} from out_of_band o join events e on e.room_id = o.room_id and e.position = o.event
     where o.next_probe_at <= ${new Date(now)} order by o.next_probe_at limit ${limit}`.execute(db);
  return rows.map(outOfBand);
}

/** Notes that it is being asked. False: somebody else asked after `since`, in milliseconds, or it has ended. */
export async function claimProbe(
  db: Db,
  { roomId, userId, event }: Pick<OutOfBand, 'roomId' | 'userId' | 'event'>,
  { now, since, nextAt }: { readonly now: number; readonly since: number; readonly nextAt: number | null },
): Promise<boolean> {
  const { rows } = await sql`
    update out_of_band set probes = probes + 1, probed_at = ${new Date(now)},
           next_probe_at = case when next_probe_at is null then null else ${nextAt === null ? null : new Date(nextAt)}::timestamptz end
     where room_id = ${roomId} and user_id = ${userId} and event = ${event}
       and (probed_at is null or probed_at <= ${new Date(since)})
    returning room_id`.execute(db);
  return rows.length > 0;
}

/** Has the room's server be asked at this time, if it would be later; in milliseconds. */
export async function hastenProbe(
  db: Db,
  { roomId, userId, event }: Pick<OutOfBand, 'roomId' | 'userId' | 'event'>,
  at: number,
): Promise<void> {
  await sql`
    update out_of_band set next_probe_at = ${new Date(at)}
     where room_id = ${roomId} and user_id = ${userId} and event = ${event} and next_probe_at > ${new Date(at)}`.execute(
    db,
  );
}

/** The room's server spoke of another member event of the user, or (`false`) of this one. */
export async function noteMaybeAccepted(
  db: Db,
  { roomId, userId, event }: Pick<OutOfBand, 'roomId' | 'userId' | 'event'>,
  is: boolean,
): Promise<void> {
  await sql`
    update out_of_band set maybe_accepted = ${is}
     where room_id = ${roomId} and user_id = ${userId} and event = ${event} and maybe_accepted <> ${is}`.execute(db);
}

/** Takes a user's words out of what was told of rooms, and all that was told to them; in the erasure's transaction. */
export async function eraseOutOfBand(tx: TxClient, userId: string): Promise<void> {
  const nothing = Buffer.from('[]');
  await tx.query({ text: 'update out_of_band set stripped = $2 where user_id = $1', values: [userId, nothing] });
  const told = await tx.query({
    text: 'select room_id, user_id, stripped from out_of_band where position($1::bytea in stripped) > 0',
    values: [Buffer.from(JSON.stringify(userId))],
  });
  for (const { room_id, user_id, stripped } of told.rows as unknown as readonly Pick<
    Row,
    'room_id' | 'user_id' | 'stripped'
  >[]) {
    const entries = parseJson(stripped) as readonly JsonObject[];
    const kept = entries.filter(({ type, state_key }) => type !== 'm.room.member' || state_key !== userId);
    await tx.query({
      text: 'update out_of_band set stripped = $3 where room_id = $1 and user_id = $2',
      values: [room_id, user_id, Buffer.from(canonicalJson([...kept]))],
    });
  }
}
