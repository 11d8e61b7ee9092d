/** A room on another server of a federated story, and what that server says of it to ours, over the wire. */
import type { EventId, UserId } from '../../src/matrix/identifiers.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import type { Client } from './client.ts';
import type { OtherServer } from './federated-story.ts';
import { foreignRoom, type ForeignRoom, type SentEvent } from './foreign-room.ts';
import type { RawAnswer } from './raw.ts';

export interface RoomElsewhere extends ForeignRoom {
  readonly host: UserId;
  readonly at: OtherServer;
}

/** A room of the other server, of which its host is the only member; with a name. `others` may have users in it, too. */
export function roomElsewhere(
  at: OtherServer,
  version: RoomVersionId = '12',
  joinRule = 'knock',
  others: readonly OtherServer[] = [],
): RoomElsewhere {
  const host = `@host:${at.name}` as UserId;
  const room = foreignRoom(version, joinRule, { host, identities: [at, ...others].map(({ identity }) => identity) });
  room.send({ type: 'm.room.name', sender: host, stateKey: '', content: { name: 'A room elsewhere' } });
  return { ...room, host, at };
}

const SHOWN = ['m.room.create', 'm.room.join_rules', 'm.room.name'];

/** What the room shows of itself: whole events. */
export function shownState(room: ForeignRoom, more: readonly string[] = []): readonly JsonObject[] {
  const names = [...SHOWN.map((type) => `${type}\0`), ...more.map((userId) => `m.room.member\0${userId}`)];
  return names.flatMap((name) => room.newest().state.get(name)?.pdu ?? []);
}

/** The invite as the host's server makes it; nobody is told. */
export function inviteTo(room: RoomElsewhere, userId: string, by: UserId = room.host): SentEvent {
  return room.member(by, userId as UserId, 'invite', { content: { displayname: 'as the host says' } });
}

/** PUT /invite with this event. */
export function sendInvite(
  room: RoomElsewhere,
  invite: Pick<SentEvent, 'pdu'> & { readonly eventId: EventId },
  fields: JsonObject = {},
  from: OtherServer = room.at,
): Promise<RawAnswer> {
  const body = {
    room_version: room.version.id,
    event: invite.pdu,
    invite_room_state: shownState(room, [invite.pdu.sender]),
    ...fields,
  } as unknown as JsonObject;
  const path = `/v2/invite/${encodeURIComponent(room.roomId)}/${encodeURIComponent(invite.eventId)}`;
  return from.ask('PUT', path, body);
}

export interface SyncedRooms {
  readonly next_batch: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a server answers is looked at field by field
  readonly rooms: any;
}

export async function synced(client: Client, since?: string): Promise<SyncedRooms> {
  const query = since === undefined ? '' : `?since=${since}`;
  return client.ok('GET', `/sync${query}`);
}
