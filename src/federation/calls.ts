/** What this server asks of others about rooms: one function a request (server-server API). */
import type { EventId, RoomId, ServerName, UserId } from '../matrix/identifiers.ts';
import { isJsonObject, type JsonObject } from '../matrix/json.ts';
import type { RoomVersionId } from '../matrix/room-versions.ts';
import { checked, gives, malformed, type Answer } from './answer.ts';
import { isOfRoom, readEventIds, readEvents } from './read-answer.ts';
import { readTemplate, type MemberTemplate } from './read-template.ts';
import type { SendRequest } from './request.ts';

/**
 * Events come as they were sent and unchecked, except that each says that it is of the room asked about: format, signatures
 * and hash are yet to be looked at. Those that are no JSON Matrix knows are left out of lists. No function throws for
 * what another server does.
 */
export interface Calls {
  /** GET /event/{eventId}: one event of the room. */
  event(server: ServerName, asked: EventOfRoom, signal?: AbortSignal): Promise<Answer<JsonObject>>;
  /** GET /event_auth: all that the event rests on, without itself. */
  eventAuth(server: ServerName, asked: EventOfRoom, signal?: AbortSignal): Promise<Answer<readonly JsonObject[]>>;
  /** GET /state_ids: the state before the event. */
  stateIds(server: ServerName, asked: EventOfRoom, signal?: AbortSignal): Promise<Answer<StateIds>>;
  /** POST /get_missing_events: at most `limit` events between the earliest and the latest, without either. */
  getMissingEvents(
    server: ServerName,
    asked: MissingEvents,
    signal?: AbortSignal,
  ): Promise<Answer<readonly JsonObject[]>>;
  /** GET /backfill: at most `limit` (up to 100) events before these, and these. */
  backfill(server: ServerName, asked: Backfill, signal?: AbortSignal): Promise<Answer<readonly JsonObject[]>>;
  /** GET /make_join: a template for the user's join, of one of the versions. */
  makeJoin(server: ServerName, asked: MakeJoin, signal?: AbortSignal): Promise<Answer<MemberTemplate>>;
  /** PUT /send_join, version 2: the state before the join, whole, with all that it rests on. Takes up to ten minutes. */
  sendJoin(server: ServerName, asked: SendJoin, signal?: AbortSignal): Promise<Answer<JoinedRoom>>;
}

export interface EventOfRoom {
  readonly roomId: RoomId;
  readonly eventId: EventId;
}

export interface StateIds {
  readonly state: readonly EventId[];
  readonly authChain: readonly EventId[];
}

export interface MissingEvents {
  readonly roomId: RoomId;
  /** What is known already. */
  readonly earliest: readonly EventId[];
  /** What came with gaps before it. */
  readonly latest: readonly EventId[];
  readonly limit: number;
  readonly minDepth: number;
}

export interface Backfill {
  readonly roomId: RoomId;
  readonly from: readonly EventId[];
  readonly limit: number;
}

export interface MakeJoin {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly versions: readonly RoomVersionId[];
}

export interface SendJoin extends EventOfRoom {
  /** Signed. */
  readonly event: JsonObject;
}

export interface JoinedRoom {
  readonly state: readonly JsonObject[];
  readonly authChain: readonly JsonObject[];
  /** The join as the other server has it, with its signature where it vouches for the joiner; null: it did not say. */
  readonly event: JsonObject | null;
}

const MAX_BACKFILL = 100;
const SEND_JOIN_MS = 600_000;
const SEND_JOIN_BYTES = 100 * 1_048_576;

export function createCalls(send: SendRequest): Calls {
  const get = (server: ServerName, target: string, signal?: AbortSignal): Promise<Answer<JsonObject>> =>
    send({ server, method: 'GET', target, ...signalOf(signal) });
  return {
    async event(server, { roomId, eventId }, signal) {
      const answer = await get(server, path`/v1/event/${eventId}`, signal);
      const events = checked(answer, (value) => readEvents(value, 'pdus', roomId, 1));
      return checked(events, ([event]) => (event === undefined ? malformed('There is no event.') : gives(event)));
    },
    async eventAuth(server, { roomId, eventId }, signal) {
      const answer = await get(server, path`/v1/event_auth/${roomId}/${eventId}`, signal);
      return checked(answer, (value) => readEvents(value, 'auth_chain', roomId));
    },
    async stateIds(server, { roomId, eventId }, signal) {
      const answer = await get(server, path`/v1/state_ids/${roomId}?event_id=${eventId}`, signal);
      return checked(answer, (value) =>
        checked(readEventIds(value, 'pdu_ids'), (state) =>
          checked(readEventIds(value, 'auth_chain_ids'), (authChain) => gives({ state, authChain })),
        ),
      );
    },
    async getMissingEvents(server, { roomId, earliest, latest, limit, minDepth }, signal) {
      const content = { earliest_events: earliest, latest_events: latest, limit, min_depth: minDepth };
      const target = path`/v1/get_missing_events/${roomId}`;
      const answer = await send({ server, method: 'POST', target, content, ...signalOf(signal) });
      return checked(answer, (value) => readEvents(value, 'events', roomId, limit));
    },
    async backfill(server, { roomId, from, limit }, signal) {
      const query = [...from.map((eventId) => path`v=${eventId}`), `limit=${limit}`].join('&');
      const answer = await get(server, `${path`/v1/backfill/${roomId}`}?${query}`, signal);
      return checked(answer, (value) => readEvents(value, 'pdus', roomId, MAX_BACKFILL));
    },
    async makeJoin(server, { roomId, userId, versions }, signal) {
      const query = versions.map((version) => path`ver=${version}`).join('&');
      const answer = await get(server, `${path`/v1/make_join/${roomId}/${userId}`}?${query}`, signal);
      return checked(answer, (value) => readTemplate(value, { roomId, userId, membership: 'join', versions }));
    },
    async sendJoin(server, { roomId, eventId, event }, signal) {
      const answer = await send({
        server,
        method: 'PUT',
        target: path`/v2/send_join/${roomId}/${eventId}`,
        content: event,
        totalMs: SEND_JOIN_MS,
        maxBytes: SEND_JOIN_BYTES,
        ...signalOf(signal),
      });
      return checked(answer, (value) => readJoinedRoom(value, roomId));
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

const PREFIX = '/_matrix/federation';

/** A target with its parts encoded; one that begins with a slash stands under the federation API. */
function path(texts: TemplateStringsArray, ...parts: readonly string[]): string {
  const target = String.raw({ raw: texts }, ...parts.map(percentEncoded));
  return target.startsWith('/') ? `${PREFIX}${target}` : target;
}

/** Also what proxies are known to encode on the way, which would break the signature. */
function percentEncoded(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function signalOf(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
