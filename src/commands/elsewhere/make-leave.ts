/** The leave of a user from a room that this server is not in: by a template of the room's, or where there is none of our own. */
import { eventIdOf } from '../../matrix/hashes.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../matrix/json.ts';
import { eventTemplate, type SignedPdu } from '../../matrix/pdu.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { signEvent } from '../../matrix/signatures.ts';
import { askServers } from './ask-servers.ts';
import { ofVersion, versionByState, type OutsideParts } from './outside-parts.ts';

export interface MadeLeave {
  readonly server: ServerName;
  readonly version: RoomVersion;
  readonly eventId: EventId;
  readonly pdu: SignedPdu;
}

/** Nobody is to wait for long to get out. */
const LIMITS = { eachMs: 10_000, totalMs: 20_000 } as const;

interface WhoLeaves {
  readonly roomId: RoomId;
  readonly userId: UserId;
}

/** `content`: what is said besides the membership. Throws as askServers(). */
export async function makeLeave(
  { identity, calls, db, now }: Pick<OutsideParts, 'identity' | 'calls' | 'db' | 'now'>,
  { roomId, userId }: WhoLeaves,
  servers: readonly ServerName[],
  content: JsonObject,
): Promise<MadeLeave> {
  const known = await versionByState({ db }, roomId);
  const made = await askServers(
    identity.serverName,
    servers,
    async (server, signal) => ofVersion(known, await calls.makeLeave(server, { roomId, userId }, signal)),
    LIMITS,
  );
  const { version, ...template } = made.value;
  const draft = eventTemplate({ ...template, content: leaving(content), origin_server_ts: now() });
  const pdu = signEvent(draft, version, identity);
  return { server: made.server, version, eventId: eventIdOf(pdu, version), pdu };
}

/** One that no other server will ever see: it follows nothing, and tells our user's clients that it is over. */
export function leaveHere(
  { identity, now }: Pick<OutsideParts, 'identity' | 'now'>,
  { roomId, userId }: WhoLeaves,
  version: RoomVersion,
  content: JsonObject,
): Omit<MadeLeave, 'server'> {
  const draft = eventTemplate({
    type: 'm.room.member',
    room_id: roomId,
    sender: userId,
    state_key: userId,
    content: leaving(content),
    origin_server_ts: now(),
    depth: 1,
    auth_events: [],
    prev_events: [],
  });
  const pdu = signEvent(draft, version, identity);
  return { version, eventId: eventIdOf(pdu, version), pdu };
}

function leaving(content: JsonObject): JsonObject {
  return jsonObject({ ...content, membership: 'leave' });
}
