/** The template of a member event that a resident server makes for one of our users. */
import type { EventId, RoomId, UserId } from '../matrix/identifiers.ts';
import { isJsonObject, type JsonObject } from '../matrix/json.ts';
import { membershipOf, stringIn, type Membership } from '../matrix/pdu.ts';
import { MAX_AUTH_EVENTS, MAX_PREV_EVENTS } from '../matrix/pdu-format.ts';
import { roomVersion, type RoomVersion, type RoomVersionId } from '../matrix/room-versions.ts';
import { checked, gives, malformed, type Answer } from './answer.ts';
import { readEventIds } from './read-answer.ts';

/** What of a template is used; time, hashes and signatures are the signer's. */
export interface MemberTemplate {
  readonly version: RoomVersion;
  readonly type: 'm.room.member';
  readonly room_id: RoomId;
  readonly sender: UserId;
  readonly state_key: UserId;
  /** With the membership that was asked for; the rest is the other server's word. */
  readonly content: JsonObject;
  readonly depth: number;
  readonly auth_events: readonly EventId[];
  readonly prev_events: readonly EventId[];
}

export interface TemplateWanted {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly membership: Membership;
  readonly versions: readonly RoomVersionId[];
}

/** Takes a template for the room, user and membership that were asked for, of a version that was offered, and no other. */
export function readTemplate(answer: JsonObject, wanted: TemplateWanted): Answer<MemberTemplate> {
  const { roomId, userId, membership, versions } = wanted;
  const version = roomVersion(stringIn(answer, 'room_version') ?? '');
  if (version === null || !versions.includes(version.id))
    return malformed('The room has a version that was not offered.');
  const event = answer['event'];
  if (!isJsonObject(event)) return malformed('There is no template.');
  const { type, room_id: its, sender, state_key: target, content, depth } = event;
  if (type !== 'm.room.member' || its !== roomId || sender !== userId || target !== userId || !isJsonObject(content))
    return malformed('The template is for something else than was asked.');
  if (membershipOf({ type, content }) !== membership) return malformed('The template has another membership.');
  if (!Number.isSafeInteger(depth) || Number(depth) < 0) return malformed('The template has no depth.');
  return checked(readEventIds(event, 'auth_events', MAX_AUTH_EVENTS), (authEvents) =>
    checked(readEventIds(event, 'prev_events', MAX_PREV_EVENTS), (prevEvents) =>
      gives({
        version,
        type,
        room_id: roomId,
        sender: userId,
        state_key: userId,
        content,
        depth: Number(depth),
        auth_events: authEvents,
        prev_events: prevEvents,
      }),
    ),
  );
}
