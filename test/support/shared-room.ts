/** A room that users of other servers are in, prepared before a server process is started on its database, and what that process needs to reach them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRoom } from '../../src/commands/create-room.ts';
import type { Database } from '../../src/database/database.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { formatSigningKeyFile } from '../../src/matrix/signing-keys.ts';
import type { Authority } from './certificates.ts';
import { guestOf } from './delivering.ts';
import { guestsOf } from './guests.ts';
import { actor, openTestLog, SERVER_NAME, testIdentity } from './history.ts';
import type { Receiver } from './receivers.ts';

export interface SharedRoom {
  /** Public, of `@boss`, with a user `guest` of each receiver. Nobody is owed anything for it. */
  readonly roomId: RoomId;
  /** For `serve` and `work`: who they are, and that they may reach servers on this machine. */
  readonly env: Readonly<Record<string, string>>;
}

/** Writes its files into `folder`. */
export async function shareRoom(
  database: Database,
  folder: string,
  authority: Authority,
  receivers: readonly Receiver[],
): Promise<SharedRoom> {
  const [ca, key] = [join(folder, 'ca.pem'), join(folder, 'signing.key')];
  await writeFile(ca, authority.ca);
  await writeFile(key, formatSigningKeyFile([testIdentity().key]), { mode: 0o600 });
  const log = await openTestLog(database);
  const { roomId } = await createRoom(log.deps, actor('boss'), jsonObject({ preset: 'public_chat' }));
  const guests = guestsOf(log);
  for (const receiver of receivers) await guests.member(roomId, guestOf(receiver), 'join', { relay: false });
  await log.close();
  const env = {
    SERVER_NAME,
    SIGNING_KEY_FILE: key,
    FEDERATION_CA_FILE: ca,
    FEDERATION_ALLOW_NETWORKS: '127.0.0.0/8',
    DELIVERY_TIMEOUT: '1s',
    DELIVERY_RETRY: '200ms to 1s',
  };
  return { roomId, env };
}
