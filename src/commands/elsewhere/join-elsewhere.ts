/** Joins a room through a server that is in it: its template, our event, its answer, and then the room is ours too. */
import type { Calls } from '../../federation/calls.ts';
import { eventIdOf } from '../../matrix/hashes.ts';
import {
  isUserId,
  serverOf,
  type EventId,
  type RoomId,
  type ServerName,
  type UserId,
} from '../../matrix/identifiers.ts';
import { isJsonObject, jsonObject, type JsonObject } from '../../matrix/json.ts';
import { eventTemplate, type Pdu, type SignedPdu } from '../../matrix/pdu.ts';
import { ROOM_VERSIONS, type RoomVersion, type RoomVersionId } from '../../matrix/room-versions.ts';
import { authoriserOf, signEvent, type ServerIdentity } from '../../matrix/signatures.ts';
import { askServers } from './ask-servers.ts';
import { importRoom } from './import-room.ts';
import { createKeyedTurns } from '../keyed-turns.ts';
import type { ImportDeps, ToldRoom } from './import-check.ts';
import type { Receiver } from '../receive/receive-pdu.ts';
import { versionOfOurRoom } from '../receive/receive-room.ts';
import { unusable } from './remote-refusal.ts';

export interface JoinElsewhereDeps extends ImportDeps {
  readonly identity: ServerIdentity;
  readonly calls: Pick<Calls, 'makeJoin' | 'sendJoin'>;
  readonly receiver: Receiver;
  /** Milliseconds. */
  readonly now: () => number;
}

export interface JoinElsewhere {
  readonly roomId: RoomId;
  readonly userId: UserId;
  /** Servers that may be in the room, in the order in which to ask them. */
  readonly candidates: readonly ServerName[];
  /** What the join says besides: a reason, a name, a picture. */
  readonly content: JsonObject;
}

export interface RoomJoiner {
  /**
   * Resolves once the join is stored, with the room's state. Several of one room take turns: who comes after the first
   * finds it here. Throws MatrixError: what the other server refuses it with, M_UNKNOWN (502) when it cannot be asked or its
   * answer does not hold.
   */
  join(input: JoinElsewhere): Promise<{ readonly eventId: EventId }>;
}

/** As long as a whole room takes to come. */
const SEND_MS = 600_000;
const VERSIONS = Object.keys(ROOM_VERSIONS) as RoomVersionId[];

export function createRoomJoiner(deps: JoinElsewhereDeps): RoomJoiner {
  const inTurn = createKeyedTurns();
  return { join: (input) => inTurn(input.roomId, () => joinThrough(deps, input)) };
}

async function joinThrough(
  deps: JoinElsewhereDeps,
  { roomId, userId, candidates, content }: JoinElsewhere,
): Promise<{ readonly eventId: EventId }> {
  const { serverName } = deps.identity;
  const made = await askServers(serverName, candidates, (server, signal) =>
    deps.calls.makeJoin(server, { roomId, userId, versions: VERSIONS }, signal),
  );
  const { version, ...template } = made.value;
  // Of the template's content only who vouches for a restricted join is the other server's to say.
  const authoriser = authoriserOf(template, version);
  const vouched = authoriser === undefined ? {} : { join_authorised_via_users_server: authoriser };
  const said = jsonObject({ ...content, membership: 'join', ...vouched });
  const draft = eventTemplate({ ...template, content: said, origin_server_ts: deps.now() });
  const event = signEvent(draft, version, deps.identity);
  const eventId = eventIdOf(event, version);
  // Who vouches has to sign: the server that answered first, or it alone.
  const willing = isUserId(authoriser) ? [serverOf(authoriser)] : [made.server, ...candidates];
  const sent = await askServers(
    serverName,
    willing,
    (server, signal) => deps.calls.sendJoin(server, { roomId, eventId, event }, signal),
    { eachMs: SEND_MS, totalMs: SEND_MS },
  );
  const join = withSignatures(event, sent.value.event, version);
  const { state, authChain } = sent.value;
  await takeIn(deps, { roomId, version, origin: sent.server, join, state, authChain }, eventId);
  return { eventId };
}

/** The first join brings the room; whoever joins while somebody of this server is in it is in the room's graph already. */
async function takeIn(deps: JoinElsewhereDeps, told: ToldRoom, eventId: EventId): Promise<void> {
  const { roomId, origin, join } = told;
  if ((await versionOfOurRoom(deps.db, roomId)) === null && (await importRoom(deps, told))) return;
  const received = await deps.receiver.receive({ origin, value: join, relay: false });
  if (received.is !== 'accepted') throw unusable(`The room did not take the join ${eventId}.`);
}

/** Our event with the signatures that the other server added: without the one of who vouches it is not complete. */
function withSignatures(event: SignedPdu, back: JsonObject | null, version: RoomVersion): JsonObject {
  if (back === null || authoriserOf(event, version) === undefined) return event;
  const added = back['signatures'];
  if (!isJsonObject(added) || !isSame(back, event, version)) return event;
  return jsonObject({ ...event, signatures: jsonObject({ ...added, ...event.signatures }) });
}

function isSame(back: JsonObject, event: Pdu, version: RoomVersion): boolean {
  const { type, content } = back;
  if (typeof type !== 'string' || !isJsonObject(content)) return false;
  return eventIdOf({ ...back, type, content }, version) === eventIdOf(event, version);
}
