/** What all acts in rooms elsewhere stand on: whom to ask, and how what came of it is stored. */
import { sql } from 'kysely';
import { serversInRoom } from '../../directory/aliases.ts';
import type { Db } from '../../database/database.ts';
import type { TxClient } from '../../database/tx.ts';
import { malformed, type Answer } from '../../federation/answer.ts';
import type { Calls } from '../../federation/calls.ts';
import { outOfBandOf, type OutOfBand } from '../../log/out-of-band.ts';
import { domainOfRoomId, serverOf, type RoomId, type ServerName, type UserId } from '../../matrix/identifiers.ts';
import { redact } from '../../matrix/redaction.ts';
import type { SignedPdu } from '../../matrix/pdu.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import type { ServerIdentity } from '../../matrix/signatures.ts';
import { actionOf } from '../act.ts';
import type { ActorElsewhere } from './elsewhere.ts';
import type { RoomJoiner } from './join-elsewhere.ts';
import { decideOutside, type OutsideEvent, type Stored } from './out-of-band.ts';
import type { RateLimiter } from '../rate-limits.ts';
import type { Receiver } from '../receive/receive-pdu.ts';
import type { Recorder } from '../lanes/record.ts';
import type { RoomLanes } from '../lanes/room-lane.ts';

export interface OutsideParts {
  readonly db: Db;
  readonly lanes: RoomLanes;
  readonly recorder: Recorder;
  readonly identity: ServerIdentity;
  /** Milliseconds. */
  readonly now: () => number;
  readonly limits?: RateLimiter | undefined;
  readonly calls: Pick<Calls, 'makeKnock' | 'sendKnock' | 'makeLeave' | 'sendLeave'>;
  readonly receiver: Receiver;
  readonly joiner: RoomJoiner;
}

const MAX_CANDIDATES = 10;

export interface Candidates {
  readonly servers: readonly ServerName[];
  readonly known: OutOfBand | null;
}

/**
 * The servers to ask about a room, in their order: of a pending invite the inviter's, for others may not have heard of it
 * yet; those that are named, those that were gone through before, those that were in the room when somebody here was, and the
 * one in the room's id.
 */
export async function candidatesFor(
  { db, identity }: Pick<OutsideParts, 'db' | 'identity'>,
  roomId: RoomId,
  userId: UserId,
  named: readonly ServerName[] = [],
): Promise<Candidates> {
  const [known, met] = await Promise.all([outOfBandOf(db, roomId, userId), serversInRoom(db, roomId, MAX_CANDIDATES)]);
  const inviter = known?.membership === 'invite' ? [serverOf(known.sender)] : [];
  const domain = domainOfRoomId(roomId);
  // The doors put it behind what was named; here there is more before it.
  const given = domain !== null && named.at(-1) === domain ? named.slice(0, -1) : named;
  const all = [...inviter, ...given, ...(known?.via ?? []), ...met, ...(domain === null ? [] : [domain])];
  const servers = [...new Set(all)].filter((server) => server !== identity.serverName);
  return { servers: servers.slice(0, MAX_CANDIDATES), known };
}

/** The version of a room by its own create event, if somebody here was in it; null: nobody was. */
export async function versionByState({ db }: Pick<OutsideParts, 'db'>, roomId: RoomId): Promise<string | null> {
  const { rows } = await sql<{ version: string }>`
    select r.version from rooms r
      join room_state s on s.room_id = r.room_id and s.type = 'm.room.create' and s.state_key = ''
     where r.room_id = ${roomId}`.execute(db);
  return rows[0]?.version ?? null;
}

/** A template of another version than the room is known to have makes no sense. */
export function ofVersion<T extends { readonly version: RoomVersion }>(
  version: string | null,
  answer: Answer<T>,
): Answer<T> {
  const isOther = answer.ok && version !== null && answer.value.version.id !== version;
  return isOther ? malformed('The room is of another version.') : answer;
}

export interface OutsideAct {
  readonly actor: ActorElsewhere;
  readonly operation: string;
  /** What lanes.forgotten() was before the words of the event were read. */
  readonly seen: number;
}

/**
 * Stores what came of an act, with the row that tells of it. Where words were erased while another server was being asked, the
 * event is stored without its own.
 */
export function storeAct(
  parts: OutsideParts,
  { actor, operation, seen }: OutsideAct,
  event: OutsideEvent,
  within?: (tx: TxClient) => Promise<void>,
): Promise<Stored> {
  const { db, lanes, now, identity } = parts;
  const { roomId, userId } = event;
  const by = { userId: actor.userId, token: actor.token, admin: false, onBehalfOf: actor.onBehalfOf, grant: null };
  return lanes.run(roomId, (room) => {
    const said = lanes.forgotten() === seen ? event.pdu : (redact(event.pdu, event.version) as SignedPdu);
    const told = { ...event, pdu: said };
    return decideOutside({ db, serverName: identity.serverName, now }, room, told, (slot) => ({
      actions: [actionOf(by, { operation, roomId, target: userId }, slot === null ? 'unchanged' : 'ok', slot)],
      ...(within === undefined ? {} : { within }),
    }));
  });
}
