/** The devices on which people are signed in. Whoever changes a device or its tokens locks the device first. */
import { sql } from 'kysely';
import type { Db, Tx } from '../database/database.ts';
import type { TxClient } from '../database/tx.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { tokenMemory } from './token-memory.ts';

/** Beyond these, those that were seen longest ago are signed out. */
export const MAX_DEVICES = 1_000;

export interface Device {
  readonly deviceId: string;
  readonly displayName: string | null;
  readonly lastSeenAt: Date | null;
  readonly lastSeenIp: string | null;
}

/** All devices of a user, or the one of that id; by id. */
export async function devicesOf(db: Db, userId: UserId, deviceId?: string): Promise<readonly Device[]> {
  let query = db
    .selectFrom('devices')
    .select([
      ...(['device_id as deviceId', 'display_name as displayName'] as const),
      ...(['last_seen_at as lastSeenAt', 'last_seen_ip as lastSeenIp'] as const),
    ])
    .where('user_id', '=', userId);
  if (deviceId !== undefined) query = query.where('device_id', '=', deviceId);
  return query.orderBy('device_id').limit(MAX_DEVICES).execute();
}

/** Sets a device's name, or leaves it as it is. False when there is no such device. */
export async function renameDevice(
  db: Db,
  userId: UserId,
  deviceId: string,
  displayName: string | undefined,
): Promise<boolean> {
  const renamed = await db
    .updateTable('devices')
    .set((row) => ({ display_name: displayName ?? row.ref('display_name') }))
    .where('user_id', '=', userId)
    .where('device_id', '=', deviceId)
    .returning('device_id')
    .executeTakeFirst();
  return renamed !== undefined;
}

/** Holds a device until the transaction ends. */
export async function lockDevice(tx: Tx, userId: UserId, deviceId: string): Promise<void> {
  await tx
    .selectFrom('devices')
    .select('device_id')
    .where('user_id', '=', userId)
    .where('device_id', '=', deviceId)
    .forUpdate()
    .execute();
}

/** Ends these devices of a user, or all, and their tokens; those that are not there are passed over. */
export async function endDevices(db: Db, userId: UserId, deviceIds: readonly string[] | 'all'): Promise<void> {
  const among = deviceIds === 'all' ? sql`true` : sql`device_id = any(${deviceIds}::text[])`;
  await sql`
    with ended as (
      select user_id, device_id from devices where user_id = ${userId} and ${among} order by device_id for update)
    delete from devices d using ended e where d.user_id = e.user_id and d.device_id = e.device_id`.execute(db);
  tokenMemory(db).forget(userId);
}

/** Ends every device of a user, but for `kept`. In the writer's transaction. */
export async function endOtherDevices(tx: TxClient, userId: UserId, kept: string | null): Promise<void> {
  await tx.query({
    text: `with ended as (
             select user_id, device_id from devices where user_id = $1 and device_id is distinct from $2
              order by device_id for update)
           delete from devices d using ended e where d.user_id = e.user_id and d.device_id = e.device_id`,
    values: [userId, kept],
  });
}

/** Ends what a user has beyond {@link MAX_DEVICES}. */
export async function keepNewestDevices(db: Db, userId: UserId): Promise<void> {
  await sql`
    with ended as (
      select user_id, device_id from devices
       where user_id = ${userId} and device_id in (
         select device_id from devices where user_id = ${userId}
          order by greatest(last_seen_at, created_at) desc, device_id offset ${MAX_DEVICES})
       order by device_id for update skip locked)
    delete from devices d using ended e where d.user_id = e.user_id and d.device_id = e.device_id`.execute(db);
  tokenMemory(db).forget(userId);
}
