/** What an account's rooms have yet to hear of it: kept until they have, so that no crash leaves it half told. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { TxClient } from '../database/tx.ts';
import type { UserId } from '../matrix/identifiers.ts';

/**
 * `profile`: joined rooms show another name or picture; `departure`: the account is deactivated, its memberships are not over;
 * `erasure`: its words are not erased.
 */
export type AftercareKind = 'profile' | 'departure' | 'erasure';

export interface Owed {
  readonly kind: AftercareKind;
  readonly revision: number;
}

/** Notes that something is owed; in the transaction that makes it so. */
export async function owe(tx: TxClient, userId: UserId, kind: AftercareKind): Promise<void> {
  await tx.query({
    name: 'owe-aftercare',
    text: `insert into aftercare (user_id, kind) values ($1, $2)
               on conflict (user_id, kind) do update set revision = aftercare.revision + 1`,
    values: [userId, kind],
  });
}

/** Notes that something is owed no more; in the transaction that makes it so. */
export async function forgive(tx: TxClient, userId: UserId, kind: AftercareKind): Promise<void> {
  await tx.query({ text: 'delete from aftercare where user_id = $1 and kind = $2', values: [userId, kind] });
}

/** What is owed to a user's rooms, in the order in which it is to be done: who departs does so before they are erased. */
export async function owedTo(db: Db, userId: UserId): Promise<readonly Owed[]> {
  const rows = await db
    .selectFrom('aftercare')
    .select(['kind', 'revision'])
    .where('user_id', '=', userId)
    .orderBy('kind')
    .execute();
  return rows as readonly Owed[];
}

/** Strikes out what has been done, unless it is owed anew since. */
export async function settle(db: Db, userId: UserId, { kind, revision }: Owed): Promise<void> {
  await db
    .deleteFrom('aftercare')
    .where('user_id', '=', userId)
    .where('kind', '=', kind)
    .where('revision', '=', revision)
    .execute();
}

/** Up to `limit` users after `after` to whose rooms something is owed. */
export async function usersOwed(db: Db, after: string, limit: number): Promise<readonly UserId[]> {
  const found = await sql<{ user_id: UserId }>`
    select distinct user_id from aftercare where user_id > ${after} order by user_id limit ${limit}`.execute(db);
  return found.rows.map((row) => row.user_id);
}
