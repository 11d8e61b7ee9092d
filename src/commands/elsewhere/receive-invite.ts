/** An invite from another server to one of our users: checked, signed here too, and stored (PROTOCOL §2.4, Invite receipt). */
import { isActiveUser } from '../../accounts/users.ts';
import type { Db } from '../../database/database.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { checkContentHash, eventIdOf } from '../../matrix/hashes.ts';
import { isUserId, serverOf, type RoomId, type ServerName, type UserId } from '../../matrix/identifiers.ts';
import type { JsonObject, JsonValue } from '../../matrix/json.ts';
import { checkNameSizes, checkPduFormat } from '../../matrix/pdu-format.ts';
import { membershipOf, type Pdu, type SignedPdu } from '../../matrix/pdu.ts';
import { isRejection } from '../../matrix/rejection.ts';
import { roomVersion, type RoomVersion } from '../../matrix/room-versions.ts';
import { countersignEvent, type ServerIdentity } from '../../matrix/signatures.ts';
import { outOfBandOf } from '../../log/out-of-band.ts';
import { createFlaw, strippedState } from '../../matrix/stripped-state.ts';
import { decideOutside, type OutsideEvent, type Stored } from './out-of-band.ts';
import { drawOfDecision, drawsOfInvites, type RateLimiter } from '../rate-limits.ts';
import type { Receiver } from '../receive/receive-pdu.ts';
import { isLetInNow } from '../receive/receive-room.ts';
import type { CheckSignatures } from '../receive/remotes.ts';
import { isResident } from '../lanes/room-head.ts';
import type { RoomLanes } from '../lanes/room-lane.ts';

export interface ReceiveInviteDeps {
  readonly db: Db;
  readonly lanes: RoomLanes;
  readonly identity: ServerIdentity;
  readonly checkSignatures: CheckSignatures;
  readonly receiver: Receiver;
  /** Absent: everybody invites as often as they like. */
  readonly limits?: RateLimiter | undefined;
  /** Milliseconds. */
  readonly now: () => number;
}

export interface SentInvite {
  readonly origin: ServerName;
  readonly roomId: RoomId;
  /** As the request names it. */
  readonly eventId: string;
  readonly version: string;
  readonly event: JsonObject;
  readonly inviteRoomState: readonly JsonValue[];
}

/**
 * Resolves to the invite with our signature added and nothing else changed, once it is stored: as a membership out of band, or
 * in the room if somebody here is in it. The same invite again is answered alike. Throws MatrixError:
 * M_INCOMPATIBLE_ROOM_VERSION, M_BAD_JSON for what is no event, M_INVALID_PARAM for an event that is not what it should be,
 * M_FORBIDDEN for somebody who is not here and for what the room does not allow; M_LIMIT_EXCEEDED.
 */
export async function receiveInvite(deps: ReceiveInviteDeps, sent: SentInvite): Promise<JsonObject> {
  const version = roomVersion(sent.version);
  if (version === null) throw incompatible(sent.version);
  const pdu = checkPduFormat(sent.event, version);
  if (isRejection(pdu)) throw new MatrixError('M_BAD_JSON', pdu.message);
  const userId = await checkNames(deps, sent, pdu);
  await checkIdentity(deps, sent, pdu, version);
  const flaw = createFlaw(sent.inviteRoomState, sent.roomId, version);
  if (flaw !== null) throw new MatrixError('M_INVALID_PARAM', flaw);
  await takeTurn(deps, sent.roomId, pdu.sender, userId);
  const signed = countersignEvent(pdu, version, deps.identity) as SignedPdu;
  const stored = await storeInvite(deps, {
    ...{ roomId: sent.roomId, version, userId, eventId: eventIdOf(pdu, version), pdu: signed },
    ...{ through: sent.origin, cause: 'federation', onBehalfOf: null },
    stripped: strippedState(sent.inviteRoomState, sent.roomId, version),
  });
  if (stored.is === 'resident') await takeIn(deps, sent.origin, signed);
  return signed;
}

/** The only thing that another server invites to in this way is a room of an old version. */
export function incompatible(version: string): MatrixError {
  return new MatrixError('M_INCOMPATIBLE_ROOM_VERSION', 'Rooms of this version are not spoken here.', {
    room_version: version,
  });
}

async function checkNames(
  { db, identity }: ReceiveInviteDeps,
  { origin, roomId }: SentInvite,
  pdu: Pdu,
): Promise<UserId> {
  const { state_key: target } = pdu;
  if (pdu.type !== 'm.room.member' || membershipOf(pdu) !== 'invite' || !isUserId(target))
    throw wrong('The event is no invite.');
  if (pdu.room_id !== roomId) throw wrong('The event is one of another room.');
  if (serverOf(pdu.sender) !== origin) throw wrong('The event is by somebody of another server.');
  const sizes = checkNameSizes(pdu);
  if (sizes !== null) throw wrong(sizes.message);
  if (serverOf(target) !== identity.serverName || !(await isActiveUser(db, target)))
    throw new MatrixError('M_FORBIDDEN', 'The invited user is not here.');
  return target;
}

async function checkIdentity(
  { checkSignatures }: ReceiveInviteDeps,
  { eventId }: SentInvite,
  pdu: Pdu,
  version: RoomVersion,
): Promise<void> {
  const [signed] = await checkSignatures([{ pdu, version }]);
  if (signed === undefined || isRejection(signed)) throw wrong('The event is not signed as it must be.');
  if (!checkContentHash(pdu)) throw wrong('The content of the event is not what its hash says.');
  if (eventIdOf(pdu, version) !== eventId) throw wrong('The event has another id.');
}

/** Nobody is flooded with invites. To answer a knock is no flood. */
async function takeTurn({ db, limits }: ReceiveInviteDeps, roomId: RoomId, by: UserId, target: UserId): Promise<void> {
  if (limits === undefined) return;
  const known = await outOfBandOf(db, roomId, target);
  limits.take(...(known?.membership === 'knock' ? [drawOfDecision(roomId)] : drawsOfInvites(by, [target])));
}

function wrong(message: string): MatrixError {
  return new MatrixError('M_INVALID_PARAM', message);
}

function storeInvite(deps: ReceiveInviteDeps, event: OutsideEvent): Promise<Stored> {
  const { db, lanes, now } = deps;
  const { serverName } = deps.identity;
  return lanes.run(event.roomId, async (room) => {
    if (room !== null) {
      if (isResident(room.head, serverName) && !(await isLetInNow(room, event.through, serverName)))
        throw new MatrixError('M_FORBIDDEN', 'This server is not let into the room.');
      // What events of the room say of it, is so.
      if (room.head.stateAt > 0 && room.head.version.id !== event.version.id)
        throw wrong('The room is of another version.');
    }
    return decideOutside({ db, serverName, now }, room, event, () => ({ actions: [] }));
  });
}

/** The same event comes again in a transaction: what cannot be judged yet, is then. */
async function takeIn({ receiver }: ReceiveInviteDeps, origin: ServerName, signed: SignedPdu): Promise<void> {
  const received = await receiver.receive({ origin, value: signed, relay: false });
  if (received.is === 'accepted') return;
  const later = received.is === 'failed' && (received.why === 'missing' || received.why === 'busy');
  if (!later) throw new MatrixError('M_FORBIDDEN', 'The room does not allow the invite.');
}
