/** User-interactive authentication: what a first request asked for, kept until its stage is completed (client-server API). */
import type { Db, Tx } from '../database/database.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import { parseJsonObject, type JsonObject } from '../matrix/json.ts';
import { randomId } from './secrets.ts';

const LIFETIME_MS = 15 * 60 * 1000;

/** Starts a session that remembers the parameters. They must hold no secret in the clear. */
export async function startSession(db: Db, operation: string, parameters: JsonObject, now: number): Promise<string> {
  await db.deleteFrom('uia_sessions').where('expires_at', '<', new Date(now)).execute();
  const id = randomId(24);
  const session = {
    id,
    operation,
    parameters: Buffer.from(canonicalJson(parameters)),
    expires_at: new Date(now + LIFETIME_MS),
  };
  await db.insertInto('uia_sessions').values(session).execute();
  return id;
}

/** The parameters of a session; null when it is unknown, of another operation, or has expired. */
export async function sessionParameters(
  db: Db,
  operation: string,
  id: string,
  now: number,
): Promise<JsonObject | null> {
  const row = await db
    .selectFrom('uia_sessions')
    .select('parameters')
    .where('id', '=', id)
    .where('operation', '=', operation)
    .where('expires_at', '>', new Date(now))
    .executeTakeFirst();
  return row === undefined ? null : parseJsonObject(row.parameters);
}

/** A session completes once: false when somebody else was faster. */
export async function endSession(db: Db | Tx, id: string): Promise<boolean> {
  const ended = await db.deleteFrom('uia_sessions').where('id', '=', id).returning('id').executeTakeFirst();
  return ended !== undefined;
}
