/** Memberships that need another server: joining, knocking and leaving where we are not, inviting whom we do not know. */
import type { RoomId, ServerName, UserId } from '../matrix/identifiers.ts';
import { isJsonArray, isJsonObject, type JsonObject } from '../matrix/json.ts';
import type { Membership } from '../matrix/pdu.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../matrix/room-versions.ts';
import { checked, gives, malformed, type Answer } from './answer.ts';
import { path, signalOf, withQuery } from './call-target.ts';
import type { EventOfRoom } from './calls-events.ts';
import { isOfRoom, readEvents } from './read-answer.ts';
import { readTemplate, type MemberTemplate } from './read-template.ts';
import type { SendRequest } from './request.ts';

export interface MembershipCalls {
  /** GET /make_join: a template for the user's join, of one of the versions. */
  makeJoin(server: ServerName, asked: MakeMember, signal?: AbortSignal): Promise<Answer<MemberTemplate>>;
  /** PUT /send_join, version 2: the state before the join, whole, with all that it rests on. Takes up to ten minutes. */
  sendJoin(server: ServerName, asked: SendMember, signal?: AbortSignal): Promise<Answer<JoinedRoom>>;
  /** GET /make_knock: a template for the user's knock, of one of the versions. */
  makeKnock(server: ServerName, asked: MakeMember, signal?: AbortSignal): Promise<Answer<MemberTemplate>>;
  /**
   * PUT /send_knock: what the room shows of itself to who knocks, events whole or stripped, of which nothing is checked:
   * not even that they are of the room. Refused, malformed or timed out, the knock may still stand there.
   */
  sendKnock(server: ServerName, asked: SendMember, signal?: AbortSignal): Promise<Answer<readonly JsonObject[]>>;
  /** GET /make_leave: a template for the user's leave; its `auth_events` tell which membership the other server knows. */
  makeLeave(
    server: ServerName,
    asked: Pick<MakeMember, 'roomId' | 'userId'>,
    signal?: AbortSignal,
  ): Promise<Answer<MemberTemplate>>;
  /** PUT /send_leave, version 2. */
  sendLeave(server: ServerName, asked: SendMember, signal?: AbortSignal): Promise<Answer<null>>;
  /** PUT /invite, version 2: the invite as it came back, which should have the signature of the invitee's server. */
  sendInvite(server: ServerName, asked: SendInvite, signal?: AbortSignal): Promise<Answer<JsonObject>>;
}

export interface MakeMember {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly versions: readonly RoomVersionId[];
}

export interface SendMember extends EventOfRoom {
  /** Signed. */
  readonly event: JsonObject;
}

export interface SendInvite extends SendMember {
  readonly version: RoomVersionId;
  /** What the room shows of itself, the create event among it: whole events, signed. */
  readonly inviteRoomState: readonly JsonObject[];
}

export interface JoinedRoom {
  readonly state: readonly JsonObject[];
  readonly authChain: readonly JsonObject[];
  /** The join as the other server has it, with its signature where it vouches for the joiner; null: it did not say. */
  readonly event: JsonObject | null;
}

const SEND_JOIN_MS = 600_000;
const SEND_JOIN_BYTES = 100 * 1_048_576;
/** More than the kinds of state that a room may show. */
const MAX_SHOWN_STATE = 100;
const ALL_VERSIONS = Object.keys(ROOM_VERSIONS) as RoomVersionId[];

export function membershipCalls(send: SendRequest): MembershipCalls {
  const make = async (
    membership: Membership,
    server: ServerName,
    { roomId, userId, versions }: MakeMember,
    signal?: AbortSignal,
  ): Promise<Answer<MemberTemplate>> => {
    // Nobody chooses among versions by whom a user may leave.
    const offered = membership === 'leave' ? [] : versions.map((version) => path`ver=${version}`);
    const made = withQuery(path`/v1/${`make_${membership}`}/${roomId}/${userId}`, offered);
    const answer = await send({ server, method: 'GET', target: made, ...signalOf(signal) });
    return checked(answer, (value) => readTemplate(value, { roomId, userId, membership, versions }));
  };
  const put = (
    server: ServerName,
    target: string,
    content: JsonObject,
    more: { readonly signal?: AbortSignal; readonly totalMs?: number; readonly maxBytes?: number },
  ): Promise<Answer<JsonObject>> => send({ server, method: 'PUT', target, content, ...more });
  return {
    makeJoin: (server, asked, signal) => make('join', server, asked, signal),
    async sendJoin(server, { roomId, eventId, event }, signal) {
      const target = path`/v2/send_join/${roomId}/${eventId}`;
      const limits = { totalMs: SEND_JOIN_MS, maxBytes: SEND_JOIN_BYTES };
      const answer = await put(server, target, event, { ...limits, ...signalOf(signal) });
      return checked(answer, (value) => readJoinedRoom(value, roomId));
    },
    makeKnock: (server, asked, signal) => make('knock', server, asked, signal),
    async sendKnock(server, { roomId, eventId, event }, signal) {
      const answer = await put(server, path`/v1/send_knock/${roomId}/${eventId}`, event, signalOf(signal));
      return checked(answer, readShownState);
    },
    makeLeave: (server, asked, signal) => make('leave', server, { ...asked, versions: ALL_VERSIONS }, signal),
    async sendLeave(server, { roomId, eventId, event }, signal) {
      const answer = await put(server, path`/v2/send_leave/${roomId}/${eventId}`, event, signalOf(signal));
      return checked(answer, () => gives(null));
    },
    async sendInvite(server, { roomId, eventId, event, version, inviteRoomState }, signal) {
      const content = { event, invite_room_state: inviteRoomState, room_version: version };
      const answer = await put(server, path`/v2/invite/${roomId}/${eventId}`, content, signalOf(signal));
      return checked(answer, ({ event: back }) =>
        isJsonObject(back) && isOfRoom(back, roomId) ? gives(back) : malformed('The invite is no event of the room.'),
      );
    },
  };
}

function readJoinedRoom(answer: JsonObject, roomId: RoomId): Answer<JoinedRoom> {
  const event = answer['event'] ?? null;
  // Nobody asked for less than all.
  if (answer['members_omitted'] === true) return malformed('Members were left out.');
  if (event !== null && !(isJsonObject(event) && isOfRoom(event, roomId)))
    return malformed('The join is another event.');
  return checked(readEvents(answer, 'state', roomId), (state) =>
    checked(readEvents(answer, 'auth_chain', roomId), (authChain) => gives({ state, authChain, event })),
  );
}

function readShownState(answer: JsonObject): Answer<readonly JsonObject[]> {
  const state = answer['knock_room_state'];
  if (!isJsonArray(state)) return malformed('knock_room_state is no list.');
  if (state.length > MAX_SHOWN_STATE) return malformed('knock_room_state has too many events.');
  return gives(state.filter((each) => isJsonObject(each)));
}
