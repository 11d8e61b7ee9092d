/** User-interactive authentication: what a first request asked for, kept until its stage is completed (client-server API). */
import { sql } from 'kysely';
import type { Db, Tx } from '../database/database.ts';
import type { TxClient } from '../database/tx.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { parseJsonObject, type JsonObject } from '../matrix/json.ts';
import { randomId } from './secrets.ts';

const LIFETIME_MS = 15 * 60 * 1000;

/** What is being confirmed, and by whom. */
export interface Operation {
  readonly name: string;
  /** Null: somebody without an account. */
  readonly userId: UserId | null;
}

// Of one user: whoever begins more has left the others.
const MAX_SESSIONS = 10;

/** Starts a session that remembers the parameters. They must hold no secret in the clear. */
export async function startSession(
  db: Db,
  { name, userId }: Operation,
  parameters: JsonObject,
  now: number,
): Promise<string> {
  await db.deleteFrom('uia_sessions').where('expires_at', '<', new Date(now)).execute();
  const id = randomId(24);
  const session = {
    ...{ id, operation: name, user_id: userId },
    parameters: Buffer.from(canonicalJson(parameters)),
    expires_at: new Date(now + LIFETIME_MS),
  };
  await db.insertInto('uia_sessions').values(session).execute();
  if (userId !== null) await dropOldest(db, userId);
  return id;
}

async function dropOldest(db: Db, userId: UserId): Promise<void> {
  await sql`
    delete from uia_sessions where id in (
      select id from uia_sessions where user_id = ${userId} order by expires_at desc, id offset ${MAX_SESSIONS})`.execute(
    db,
  );
}

/** The parameters of a session; null when it is unknown, of another operation or user, or has expired. */
export async function sessionParameters(
  db: Db,
  { name, userId }: Operation,
  id: string,
  now: number,
): Promise<JsonObject | null> {
  const row = await db
    .selectFrom('uia_sessions')
    .select('parameters')
    .where('id', '=', id)
    .where('operation', '=', name)
    .where('user_id', 'is not distinct from', userId)
    .where('expires_at', '>', new Date(now))
    .executeTakeFirst();
  return row === undefined ? null : parseJsonObject(row.parameters);
}

/** A session completes once: false when somebody else was faster. */
export async function endSession(db: Db | Tx, id: string): Promise<boolean> {
  const ended = await db.deleteFrom('uia_sessions').where('id', '=', id).returning('id').executeTakeFirst();
  return ended !== undefined;
}

/** Ends all that a user has begun. In the writer's transaction. */
export async function endSessions(tx: TxClient, userId: UserId): Promise<void> {
  await tx.query({ text: 'delete from uia_sessions where user_id = $1', values: [userId] });
}
