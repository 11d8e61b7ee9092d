/** The door of a room elsewhere, as the server it lives on keeps it: templates for knocks and leaves, and what comes back by them. */
import type { EventId } from '../../src/matrix/identifiers.ts';
import { parseJsonObject } from '../../src/matrix/json.ts';
import type { Membership, SignedPdu } from '../../src/matrix/pdu.ts';
import type { Behaviour } from './fake-homeserver.ts';
import { shownState, type RoomElsewhere } from './room-elsewhere.ts';

const F1 = '/_matrix/federation/v1';
const F2 = '/_matrix/federation/v2';

/** A refusal in the protocol's words. */
export function refusing(status: number, errcode: string, error = 'No.'): Behaviour {
  return (_asked, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ errcode, error }));
    return undefined;
  };
}

/** Who stands where in the room right now. */
export function membershipAt(room: RoomElsewhere, userId: string): string | undefined {
  const event = room.newest().state.get(`m.room.member\0${userId}`);
  return event?.pdu.content['membership'] as string | undefined;
}

/** The template that the room's server makes. */
export function templateFor(room: RoomElsewhere, userId: string, membership: Membership): object {
  const { state, eventId, pdu } = room.newest();
  const cited = ['m.room.create\0', 'm.room.power_levels\0', `m.room.member\0${userId}`];
  if (membership !== 'leave') cited.push('m.room.join_rules\0');
  const auth = cited.flatMap((name) => state.get(name) ?? []);
  return {
    room_version: room.version.id,
    event: {
      type: 'm.room.member',
      room_id: room.roomId,
      sender: userId,
      state_key: userId,
      content: { membership },
      depth: pdu.depth + 1,
      auth_events: auth
        .filter((event) => event.pdu.type !== 'm.room.create' || !room.version.roomIdIsCreateHash)
        .map((event) => event.eventId),
      prev_events: [eventId],
    },
  };
}

/** Takes knocks and leaves as a server in the room does; `to`: by default the one that the room lives on. */
export function keepDoor(room: RoomElsewhere, to: Pick<RoomElsewhere['at'], 'on'> = room.at): void {
  const userOf = (target: string): string => decodeURIComponent(target.split(/[/?]/)[6] ?? '');
  const isHere = (userId: string, memberships: readonly (string | undefined)[]): boolean =>
    memberships.includes(membershipAt(room, userId));
  to.on(`${F1}/make_knock/`, (asked, response) => {
    const userId = userOf(asked.target);
    if (isHere(userId, [undefined, 'leave', 'knock'])) return templateFor(room, userId, 'knock');
    return refusing(403, 'M_FORBIDDEN', 'You may not knock.')(asked, response);
  });
  to.on(`${F1}/send_knock/`, ({ body }) => {
    room.take(parseJsonObject(body) as unknown as SignedPdu);
    return { knock_room_state: shownState(room) };
  });
  to.on(`${F1}/make_leave/`, (asked, response) => {
    const userId = userOf(asked.target);
    if (isHere(userId, ['knock', 'invite', 'join'])) return templateFor(room, userId, 'leave');
    return refusing(403, 'M_FORBIDDEN', 'You are not here.')(asked, response);
  });
  to.on(`${F2}/send_leave/`, ({ body }) => {
    room.take(parseJsonObject(body) as unknown as SignedPdu);
    return {};
  });
}

/** What the room has of a user, as it came. */
export function memberAt(room: RoomElsewhere, userId: string): { readonly eventId: EventId; readonly pdu: SignedPdu } {
  return room.newest().state.get(`m.room.member\0${userId}`)!;
}
