/** Takes the member events that users of other servers made of our templates (server-server API, send_join, send_knock, send_leave). */
import { MatrixError } from '../../matrix/errors.ts';
import { checkContentHash } from '../../matrix/hashes.ts';
import {
  isUserId,
  serverOf,
  type EventId,
  type RoomId,
  type ServerName,
  type UserId,
} from '../../matrix/identifiers.ts';
import type { JsonObject } from '../../matrix/json.ts';
import { isJsonObject } from '../../matrix/json.ts';
import { membershipOf } from '../../matrix/pdu.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { authoriserOf, countersignEvent, type ServerIdentity } from '../../matrix/signatures.ts';
import { notResident, shutOut, type Admission } from './admit-event.ts';
import type { ServedMembership } from './make-member.ts';
import { standingOf } from '../member-draft.ts';
import { drawsOfKnock, type Draw, type RateLimiter } from '../rate-limits.ts';
import { checkEvents, isUnfit, nameEvent, type CheckedPdu, type NamedPdu } from './receive-checks.ts';
import type { Receiver } from './receive-pdu.ts';
import type { CheckSignatures } from './remotes.ts';
import { mayBeVouchedFor, type VouchDeps } from '../restricted-join.ts';
import type { LaneRoom } from '../lanes/room-lane.ts';

export interface TakeDeps extends VouchDeps {
  readonly identity: ServerIdentity;
  readonly receiver: Receiver;
  readonly checkSignatures: CheckSignatures;
  readonly limits?: RateLimiter;
}

export interface SentMember {
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly membership: ServedMembership;
  readonly origin: ServerName;
  readonly value: JsonObject;
}

/**
 * Stores the event and answers once it is durable; one that was taken before is answered again. `answer` is asked in the room's
 * turn. Throws M_INVALID_PARAM for an event that is not what it should be, M_BAD_JSON for one that is none; M_NOT_FOUND when
 * nobody here is in the room; M_FORBIDDEN when the room shuts the server out, when the event is not allowed where it stands or
 * now, and when it cites what is not known; M_UNABLE_TO_AUTHORISE_JOIN; M_LIMIT_EXCEEDED for too many knocks, and for too many joins of a user.
 */
export async function takeMember<T>(
  deps: TakeDeps,
  sent: SentMember,
  answer: (taken: Parameters<Admission<T>['accepted']>[1], room: LaneRoom, event: CheckedPdu) => Promise<T>,
): Promise<T> {
  const { roomId, origin, membership } = sent;
  const userId = refuseOthers(sent);
  const draws = drawsOf(sent, userId);
  deps.limits?.look(...draws);
  const version = await deps.receiver.versionOf(roomId);
  if (version === null) throw notResident();
  const named = nameAs(sent, version);
  const found = await deps.receiver.lookUp(named, version, origin);
  if (found === null) throw notResident();
  if (!found.isLetIn) throw shutOut();
  const event = await checked(deps, named, version);
  let counted = false;
  return deps.receiver.admit({
    event,
    origin,
    facts: found.facts,
    check: (room) => refuseUnvouched(deps, room, event, userId),
    async accepted(room, judged) {
      // A turn that has to be had again does not count twice, and what was taken before not again, unless the answer costs as much.
      if ((judged !== null || isAnsweredAtLength(membership)) && !counted) deps.limits?.take(...draws);
      counted = true;
      return { actions: [], answer: await answer(judged, room, event) };
    },
  });
}

function drawsOf({ roomId, membership, origin }: SentMember, userId: UserId): readonly Draw[] {
  if (membership === 'knock') return drawsOfKnock(userId, roomId, origin);
  return membership === 'join' ? [{ name: 'join', key: userId }] : [];
}

/** With the whole state of the room. */
function isAnsweredAtLength(membership: ServedMembership): boolean {
  return membership === 'join';
}

function invalid(why: string): MatrixError {
  return new MatrixError('M_INVALID_PARAM', why);
}

/** Whose membership it is, if it is of the kind, the room and the server that it should be. */
function refuseOthers({ roomId, membership, origin, value }: SentMember): UserId {
  const { type, state_key: target, sender, content } = value;
  if (type !== 'm.room.member' || typeof target !== 'string') throw invalid('The event is no member event.');
  if (!isJsonObject(content) || membershipOf({ type, content }) !== membership)
    throw invalid(`The event is no ${membership}.`);
  if (sender !== target) throw invalid('The event is about somebody else than its sender.');
  if (!isUserId(sender) || serverOf(sender) !== origin) throw invalid('The sender is not of the server that sends it.');
  if (value['room_id'] !== roomId) throw invalid('The event is of another room.');
  return sender;
}

function nameAs({ value, eventId }: SentMember, version: RoomVersion): NamedPdu {
  const named = nameEvent(value, version);
  if (isUnfit(named)) throw new MatrixError('M_BAD_JSON', named.reason);
  if (named.eventId !== eventId) throw invalid('The event has another id.');
  // Its redacted copy would be good enough for a room that others are in; here nobody has it yet.
  if (!checkContentHash(named.pdu)) throw invalid('The content of the event does not match its hash.');
  return named;
}

/** The event with good signatures, ours among them where one of our users vouches for a join. */
async function checked(deps: TakeDeps, named: NamedPdu, version: RoomVersion): Promise<CheckedPdu> {
  const [event] = await checkEvents([vouched(deps, named, version)], version, deps.checkSignatures);
  if (event === undefined || isUnfit(event)) throw invalid(event?.reason ?? 'The event is not signed.');
  return event;
}

function vouched({ identity }: TakeDeps, named: NamedPdu, version: RoomVersion): NamedPdu {
  const authoriser = membershipOf(named.pdu) === 'join' ? authoriserOf(named.pdu, version) : undefined;
  if (authoriser === undefined) return named;
  if (!isUserId(authoriser) || serverOf(authoriser) !== identity.serverName)
    throw invalid('Who vouches for the join is not of this server.');
  return { ...named, pdu: countersignEvent(named.pdu, version, identity) };
}

/** Our signature says that the joiner may come in: they could have named anybody. */
async function refuseUnvouched(deps: TakeDeps, room: LaneRoom, { pdu }: CheckedPdu, userId: UserId): Promise<void> {
  if (membershipOf(pdu) !== 'join' || authoriserOf(pdu, room.head.version) === undefined) return;
  const { membership } = await standingOf(room, userId);
  if (await mayBeVouchedFor(deps, room, userId, membership)) return;
  throw new MatrixError('M_FORBIDDEN', 'You are in none of the rooms whose members may join this one.');
}
