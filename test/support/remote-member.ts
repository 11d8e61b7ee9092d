/** Users of another server that go through ours: its half of make_… and send_…, over the wire. */
import { expect } from 'vitest';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import { parseUserId, type UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import { eventTemplate, type Pdu, type PduFields, type SignedPdu } from '../../src/matrix/pdu.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { countersignEvent, signEvent } from '../../src/matrix/signatures.ts';
import type { Behaviour } from './fake-homeserver.ts';
import type { OtherServer } from './federated-story.ts';
import type { RawAnswer } from './raw.ts';

export const VERSIONS = ['7', '8', '9', '10', '11', '12'] as const;

export type Act = 'join' | 'knock' | 'leave';

export interface Template {
  readonly version: RoomVersionId;
  readonly event: PduFields;
}

/** A template, what the user adds, and the same with hashes and signatures. */
export interface SignedMember {
  readonly eventId: string;
  readonly pdu: SignedPdu;
}

export interface RemoteMember {
  readonly userId: UserId;
  /** `versions`: those that the server says it speaks; null: it says nothing. */
  make(act: Act, roomId: string, versions?: readonly string[] | null): Promise<RawAnswer>;
  /** The template of one that must be made. */
  template(act: Act, roomId: string): Promise<Template>;
  sign(template: Template, content?: JsonObject, fields?: JsonObject): SignedMember;
  send(
    act: Act,
    roomId: string,
    member: Pick<SignedMember, 'eventId'> & { readonly pdu: JsonObject },
  ): Promise<RawAnswer>;
  /** All of it, with a 200 in the end. */
  does(act: Act, roomId: string, content?: JsonObject): Promise<SignedMember & { readonly answer: RawAnswer }>;
}

const PATHS = { join: '/v2/send_join', knock: '/v1/send_knock', leave: '/v2/send_leave' } as const;

export function remoteMember(server: OtherServer, name: string): RemoteMember {
  const userId = parseUserId(`@${name}:${server.name}`)!;
  const sign: RemoteMember['sign'] = ({ version, event }, content = {}, fields = {}) => {
    const all = jsonObject({ ...event.content, ...content });
    const template = eventTemplate({ ...event, content: all, ...fields });
    const pdu = signEvent(template, ROOM_VERSIONS[version], server.identity);
    return { eventId: eventIdOf(pdu, ROOM_VERSIONS[version]), pdu };
  };
  const member: RemoteMember = {
    userId,
    make: (act, roomId, versions = act === 'leave' ? null : VERSIONS) => {
      const query = versions === null ? '' : `?${versions.map((version) => `ver=${version}`).join('&')}`;
      return server.ask('GET', `/v1/make_${act}/${encodeURIComponent(roomId)}/${encodeURIComponent(userId)}${query}`);
    },
    async template(act, roomId) {
      const made = await member.make(act, roomId);
      expect(made, `make_${act} of ${userId}`).toMatchObject({ status: 200 });
      return { version: made.json.room_version, event: made.json.event };
    },
    sign,
    send: (act, roomId, { eventId, pdu }) =>
      server.ask('PUT', `${PATHS[act]}/${encodeURIComponent(roomId)}/${encodeURIComponent(eventId)}`, pdu),
    async does(act, roomId, content) {
      const signed = sign(await member.template(act, roomId), content);
      const answer = await member.send(act, roomId, signed);
      expect(answer, `send_${act} of ${userId}`).toMatchObject({ status: 200 });
      return { ...signed, answer };
    },
  };
  return member;
}

/** How a server answers PUT /invite that lets its users be invited. */
export function signsInvites({ identity }: OtherServer): Behaviour {
  return ({ body }) => {
    const { event, room_version: version } = JSON.parse(body) as { event: Pdu; room_version: RoomVersionId };
    return { event: countersignEvent(event, ROOM_VERSIONS[version], identity) };
  };
}
