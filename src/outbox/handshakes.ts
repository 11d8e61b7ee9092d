/** What was begun with another server and survives a crash: written before the first step, gone with the last. */
import { sql, type Selectable } from 'kysely';
import type { Db } from '../database/database.ts';
import type { DB } from '../database/tables.generated.ts';
import type { TxClient } from '../database/tx.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import type { EventId, RoomId, ServerName, UserId } from '../matrix/identifiers.ts';
import { parseJsonObject, type JsonObject } from '../matrix/json.ts';
import type { SignedPdu } from '../matrix/pdu.ts';
import type { RoomVersionId } from '../matrix/room-versions.ts';

/** `knock`: send_knock; `leave`: send_leave; `invite`: PUT /invite (server-server API). */
export type HandshakeKind = 'knock' | 'leave' | 'invite';

/** An event of ours that rests on another server's word. */
export interface Intent {
  readonly kind: HandshakeKind;
  readonly roomId: RoomId;
  /** Whose membership it is: the knocker, the leaver, the invited. */
  readonly userId: UserId;
  readonly eventId: EventId;
  readonly version: RoomVersionId;
  /** Sent again unchanged, never made a second time. */
  readonly pdu: SignedPdu;
  /** Servers to go through, in order. */
  readonly candidates: readonly ServerName[];
  /** Who acts, as `actions` will tell it. */
  readonly act: IntendedAct;
}

export interface IntendedAct {
  readonly actor: UserId;
  /** Public id of the access token, never its secret. */
  readonly token: string | null;
  readonly operation: string;
  readonly onBehalfOf: string | null;
}

export interface Handshake extends Intent {
  readonly id: number;
  /** The server that answered, with what it said; null: none is known to have heard. */
  readonly answered: { readonly server: ServerName; readonly answer: JsonObject } | null;
  /** How often it was taken up again. */
  readonly attempts: number;
  /** Milliseconds. */
  readonly begunAt: number;
}

/**
 * Writes an intent down, before anything is sent, and resolves to its id. Nobody else takes it up before `patienceMs` have
 * passed: longer than the request that works on it may take.
 */
export async function beginHandshake(db: Db, intent: Intent, now: number, patienceMs: number): Promise<number> {
  const { kind, roomId, userId, eventId, version, pdu, candidates, act } = intent;
  const { id } = await db
    .insertInto('handshakes')
    .values({
      kind,
      room_id: roomId,
      user_id: userId,
      event_id: eventId,
      room_version: version,
      pdu: Buffer.from(canonicalJson(pdu)),
      candidates: [...candidates],
      actor: act.actor,
      token: act.token,
      operation: act.operation,
      on_behalf_of: act.onBehalfOf,
      next_at: new Date(now + patienceMs),
      begun_at: new Date(now),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Notes what a server said, before it is acted on: after a crash it is not asked again. */
export async function noteAnswer(db: Db, id: number, server: ServerName, answer: JsonObject): Promise<void> {
  await db
    .updateTable('handshakes')
    .set({ server, answer: Buffer.from(canonicalJson(answer)) })
    .where('id', '=', id)
    .execute();
}

/** Whoever takes it up says so first: nobody else does before that time (milliseconds). */
export async function claimHandshake(db: Db, id: number, until: number): Promise<void> {
  await db
    .updateTable('handshakes')
    .set({ next_at: new Date(until), attempts: sql<number>`attempts + 1` })
    .where('id', '=', id)
    .execute();
}

/** Puts it off until a time (milliseconds), with the reason why. */
export async function postponeHandshake(db: Db, id: number, nextAt: number, reason: string): Promise<void> {
  await db
    .updateTable('handshakes')
    .set({ next_at: new Date(nextAt), last_error: reason })
    .where('id', '=', id)
    .execute();
}

/** It is over and left nothing: it was refused, or nobody wants it any more. */
export async function dropHandshake(db: Db, id: number): Promise<void> {
  await db.deleteFrom('handshakes').where('id', '=', id).execute();
}

/** It is over, in the transaction that stores what came of it (`Decision.within`). */
export async function endHandshake(tx: TxClient, id: number): Promise<void> {
  await tx.query({ name: 'end-handshake', text: 'delete from handshakes where id = $1', values: [id] });
}

/** Whatever was being worked on when the process ended, or waited, may be taken up at once. For the writer, at its start. */
export async function releaseHandshakes(db: Db, now: number): Promise<void> {
  await db
    .updateTable('handshakes')
    .set({ next_at: new Date(now) })
    .where('next_at', '>', new Date(now))
    .execute();
}

/** Those that may be taken up again, the longest waiting first. */
export async function dueHandshakes(db: Db, now: number, limit: number): Promise<readonly Handshake[]> {
  const rows = await db
    .selectFrom('handshakes')
    .selectAll()
    .where('next_at', '<=', new Date(now))
    .orderBy('next_at')
    .limit(limit)
    .execute();
  return rows.map(handshakeOf);
}

/** Those that are open for one user in one room, the oldest first. */
export async function openHandshakes(
  db: Db,
  { kind, roomId, userId }: Pick<Intent, 'kind' | 'roomId' | 'userId'>,
): Promise<readonly Handshake[]> {
  const rows = await db
    .selectFrom('handshakes')
    .selectAll()
    .where('user_id', '=', userId)
    .where('room_id', '=', roomId)
    .where('kind', '=', kind)
    .orderBy('id')
    .execute();
  return rows.map(handshakeOf);
}

/** Whether it is still to be done: an erasure may have taken it away. */
export async function isOpenHandshake(db: Db, id: number): Promise<boolean> {
  return (await db.selectFrom('handshakes').select('id').where('id', '=', id).executeTakeFirst()) !== undefined;
}

function handshakeOf(row: Selectable<DB['handshakes']>): Handshake {
  return {
    id: row.id,
    kind: row.kind as HandshakeKind,
    roomId: row.room_id as RoomId,
    userId: row.user_id as UserId,
    eventId: row.event_id as EventId,
    version: row.room_version as RoomVersionId,
    // What was signed here needs no second look.
    pdu: parseJsonObject(row.pdu) as unknown as SignedPdu,
    candidates: row.candidates as ServerName[],
    answered:
      row.server === null || row.answer === null
        ? null
        : { server: row.server as ServerName, answer: parseJsonObject(row.answer) },
    act: {
      actor: row.actor as UserId,
      token: row.token,
      operation: row.operation,
      onBehalfOf: row.on_behalf_of,
    },
    attempts: row.attempts,
    begunAt: row.begun_at.getTime(),
  };
}

/** Forgets what a person is about to say, and what is about to be said of them. */
export async function eraseHandshakes(tx: TxClient, userId: string): Promise<void> {
  await tx.query({ text: 'delete from handshakes where user_id = $1', values: [userId] });
}
