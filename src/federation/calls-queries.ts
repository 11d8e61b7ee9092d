/** What other servers tell of their users, aliases and rooms to whoever asks. */
import {
  parseRoomId,
  parseServerName,
  type RoomAlias,
  type RoomId,
  type ServerName,
  type UserId,
} from '../matrix/identifiers.ts';
import { isJsonArray, jsonObject, type JsonObject } from '../matrix/json.ts';
import { stringIn } from '../matrix/pdu.ts';
import { checked, gives, malformed, type Answer } from './answer.ts';
import { path, signalOf, withQuery } from './call-target.ts';
import { readPublicRooms, readRoomSummary, type RemoteRoomSummary, type RemoteRoomsPage } from './read-rooms.ts';
import type { SendRequest } from './request.ts';

export interface QueryCalls {
  /** GET /query/profile: the profile, or one field of it. Names and pictures that are no text are left out. */
  queryProfile(server: ServerName, asked: ProfileQuery, signal?: AbortSignal): Promise<Answer<JsonObject>>;
  /** GET /query/directory: where the alias leads, and at most fifty servers that are said to be in that room. */
  queryDirectory(server: ServerName, alias: RoomAlias, signal?: AbortSignal): Promise<Answer<AliasTarget>>;
  /** GET /publicRooms, or POST if a filter is given: a page of the server's directory. */
  publicRooms(server: ServerName, asked: PublicRoomsQuery, signal?: AbortSignal): Promise<Answer<RemoteRoomsPage>>;
  /** GET /hierarchy: what the room shows of itself to this server, without its children. */
  hierarchy(server: ServerName, roomId: RoomId, signal?: AbortSignal): Promise<Answer<RemoteRoomSummary>>;
}

export interface ProfileQuery {
  readonly userId: UserId;
  readonly field?: string;
}

export interface AliasTarget {
  readonly roomId: RoomId;
  readonly servers: readonly ServerName[];
}

export interface PublicRoomsQuery {
  readonly limit?: number | undefined;
  /** A token that the same server gave. */
  readonly since?: string | undefined;
  /** As in the client-server API. */
  readonly filter?: JsonObject | undefined;
}

const MAX_PROFILE_BYTES = 131_072;
const MAX_ALIAS_BYTES = 1_048_576;
const MAX_SERVERS = 50;

export function queryCalls(send: SendRequest): QueryCalls {
  return {
    async queryProfile(server, { userId, field }, signal) {
      const asked = [path`user_id=${userId}`, ...(field === undefined ? [] : [path`field=${field}`])];
      const target = withQuery(path`/v1/query/profile`, asked);
      const answer = await send({ server, method: 'GET', target, maxBytes: MAX_PROFILE_BYTES, ...signalOf(signal) });
      return checked(answer, (value) => gives(readProfile(value)));
    },
    async queryDirectory(server, alias, signal) {
      const target = path`/v1/query/directory?room_alias=${alias}`;
      const answer = await send({ server, method: 'GET', target, maxBytes: MAX_ALIAS_BYTES, ...signalOf(signal) });
      return checked(answer, readAliasTarget);
    },
    async publicRooms(server, { limit, since, filter }, signal) {
      const target = path`/v1/publicRooms`;
      const asked = [
        ...(limit === undefined ? [] : [`limit=${limit}`]),
        ...(since === undefined ? [] : [path`since=${since}`]),
      ];
      const answer = await send(
        filter === undefined
          ? { server, method: 'GET', target: withQuery(target, asked), ...signalOf(signal) }
          : { server, method: 'POST', target, content: jsonObject({ limit, since, filter }), ...signalOf(signal) },
      );
      return checked(answer, readPublicRooms);
    },
    async hierarchy(server, roomId, signal) {
      const target = path`/v1/hierarchy/${roomId}?suggested_only=false`;
      const answer = await send({ server, method: 'GET', target, ...signalOf(signal) });
      return checked(answer, (value) => readRoomSummary(value, roomId));
    },
  };
}

const TEXTS: readonly string[] = ['displayname', 'avatar_url'];

function readProfile(answer: JsonObject): JsonObject {
  const fields = Object.entries(answer);
  return jsonObject(Object.fromEntries(fields.filter(([key, value]) => !TEXTS.includes(key) || isText(value))));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function readAliasTarget(answer: JsonObject): Answer<AliasTarget> {
  const roomId = parseRoomId(stringIn(answer, 'room_id') ?? '');
  if (roomId === null) return malformed('The alias leads to no room.');
  const { servers: listed } = answer;
  if (!isJsonArray(listed)) return malformed('servers is no list.');
  const servers = listed.flatMap((each) => (isText(each) ? (parseServerName(each) ?? []) : []));
  return gives({ roomId, servers: [...new Set(servers)].slice(0, MAX_SERVERS) });
}
