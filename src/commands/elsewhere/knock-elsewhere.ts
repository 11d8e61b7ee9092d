/** Knocks on rooms that this server is not in: another server's template, our event, its answer (PROTOCOL §6.3). */
import { canonicalJson } from '../../matrix/canonical-json.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { eventIdOf } from '../../matrix/hashes.ts';
import type { RoomId, ServerName } from '../../matrix/identifiers.ts';
import { isJsonArray, jsonObject, type JsonObject } from '../../matrix/json.ts';
import { eventTemplate } from '../../matrix/pdu.ts';
import { ROOM_VERSIONS, type RoomVersion, type RoomVersionId } from '../../matrix/room-versions.ts';
import { signEvent } from '../../matrix/signatures.ts';
import { strippedState } from '../../matrix/stripped-state.ts';
import {
  beginHandshake,
  dropHandshake,
  endHandshake,
  noteAnswer,
  openHandshakes,
  type Handshake,
} from '../../outbox/handshakes.ts';
import { askServers } from './ask-servers.ts';
import type { ActorElsewhere, DoneElsewhere, ElsewhereInput } from './elsewhere.ts';
import { makeLeave } from './make-leave.ts';
import { candidatesFor, ofVersion, storeAct, versionByState, type OutsideParts } from './outside-parts.ts';
import { refusalOf } from './remote-refusal.ts';

const VERSIONS = Object.keys(ROOM_VERSIONS) as RoomVersionId[];
/** Longer than all candidates together may take. */
const PATIENCE_MS = 180_000;
/** To send it: to one server, and to all of them. */
const EACH_MS = 30_000;
const TOTAL_MS = 60_000;
/** Of what a room shows of itself so much is kept: events, and characters each. */
const MAX_SHOWN = 50;
const MAX_EVENT = 65_536;
/** From then on nobody waits for it any more. */
const GIVEN_UP_MS = 86_400_000;

/** A knock that was signed and may have been sent. */
interface SignedKnock extends Pick<Handshake, 'id' | 'roomId' | 'userId' | 'eventId' | 'pdu' | 'candidates'> {
  readonly version: RoomVersion;
}

/**
 * Knocks. A knock of which nobody knows whether it arrived is sent again before another one is made. Throws as Elsewhere, and
 * M_INCOMPATIBLE_ROOM_VERSION.
 */
export async function knockElsewhere(
  parts: OutsideParts,
  actor: ActorElsewhere,
  { roomId, via = [], content }: ElsewhereInput,
): Promise<DoneElsewhere> {
  const { userId } = actor;
  const seen = parts.lanes.forgotten();
  const { servers } = await candidatesFor(parts, roomId, userId, via);
  if (servers.length > 0) parts.limits?.take({ name: 'remoteJoin', key: userId });
  const [pending] = await openHandshakes(parts.db, { kind: 'knock', roomId, userId });
  if (pending !== undefined) {
    const done = await sendAgain(parts, actor, pending, seen);
    if (done !== null && canonicalJson(pending.pdu.content) === canonicalJson(contentOf(content))) return done;
  }
  const knock = await makeKnock(parts, actor, roomId, servers, content);
  return sendAndStore(parts, actor, knock, seen);
}

/** Null: the room's servers do not take it any more. */
async function sendAgain(
  parts: OutsideParts,
  actor: ActorElsewhere,
  pending: Handshake,
  seen: number,
): Promise<DoneElsewhere | null> {
  try {
    return await sendAndStore(parts, actor, { ...pending, version: ROOM_VERSIONS[pending.version] }, seen);
  } catch (error) {
    if (error instanceof MatrixError && !isUncertain(error)) return null;
    throw error;
  }
}

function contentOf(content: JsonObject): JsonObject {
  return jsonObject({ ...content, membership: 'knock' });
}

async function makeKnock(
  parts: OutsideParts,
  { userId, token, onBehalfOf }: ActorElsewhere,
  roomId: RoomId,
  servers: readonly ServerName[],
  content: JsonObject,
): Promise<SignedKnock> {
  const { identity, calls, db, now } = parts;
  const known = await versionByState(parts, roomId);
  const made = await askServers(identity.serverName, servers, async (server, signal) =>
    ofVersion(known, await calls.makeKnock(server, { roomId, userId, versions: VERSIONS }, signal)),
  );
  const { version, ...template } = made.value;
  // Of the template nothing is said that is not ours to say.
  const draft = eventTemplate({ ...template, content: contentOf(content), origin_server_ts: now() });
  const pdu = signEvent(draft, version, identity);
  const eventId = eventIdOf(pdu, version);
  const candidates = [...new Set([made.server, ...servers])];
  const act = { actor: userId, token, operation: 'knock', onBehalfOf };
  const intent = { kind: 'knock', roomId, userId, eventId, version: version.id, pdu, candidates, act } as const;
  const id = await beginHandshake(db, intent, now(), PATIENCE_MS);
  return { id, roomId, userId, eventId, pdu, candidates, version };
}

async function sendAndStore(
  parts: OutsideParts,
  actor: ActorElsewhere,
  knock: SignedKnock,
  seen: number,
): Promise<DoneElsewhere> {
  const answered = await sendKnock(parts, knock);
  const value = answered.value.slice(0, MAX_SHOWN).filter((event) => JSON.stringify(event).length <= MAX_EVENT);
  await noteAnswer(parts.db, knock.id, answered.server, jsonObject({ knock_room_state: value }));
  return storeKnock(parts, actor, knock, { ...answered, value }, seen);
}

interface Answered {
  readonly server: ServerName;
  readonly value: readonly JsonObject[];
}

/**
 * The same event to one server after the other, first to the one that made it, twice: whoever has it already says so. A refusal
 * ends it; where nobody knows what became of it, it stays to be sent again.
 */
async function sendKnock(parts: OutsideParts, knock: SignedKnock): Promise<Answered> {
  const { roomId, eventId, pdu, candidates } = knock;
  const deadline = parts.now() + TOTAL_MS;
  const senseless: ServerName[] = [];
  let failed: MatrixError | null = null;
  for (const server of [...candidates.slice(0, 1), ...candidates]) {
    const left = Math.min(EACH_MS, deadline - parts.now());
    if (left <= 0) break;
    if (senseless.includes(server)) continue;
    const signal = AbortSignal.timeout(left);
    const answer = await parts.calls.sendKnock(server, { roomId, eventId, event: pdu }, signal);
    if (answer.ok) return { server, value: answer.value };
    failed = refusalOf(answer.failure);
    if (!isUncertain(failed)) {
      await dropHandshake(parts.db, knock.id);
      throw failed;
    }
    if (answer.failure.kind === 'malformed') senseless.push(server);
  }
  if (senseless.length > 0) await takeBack(parts, knock, senseless);
  throw failed ?? new MatrixError('M_NOT_FOUND', 'No server is known that could be asked.');
}

/** It may be there, or may yet come to be. */
function isUncertain({ errcode }: MatrixError): boolean {
  return errcode === 'M_UNKNOWN' || errcode === 'M_NOT_FOUND';
}

/** What took the knock and said nothing that makes sense is not left with a knock that is not here. */
async function takeBack(parts: OutsideParts, knock: SignedKnock, servers: readonly ServerName[]): Promise<void> {
  await dropHandshake(parts.db, knock.id);
  for (const server of servers) {
    const made = await makeLeave(parts, knock, [server], jsonObject({})).catch(() => null);
    if (made === null) continue;
    const { roomId } = knock;
    await parts.calls.sendLeave(server, { roomId, eventId: made.eventId, event: made.pdu });
  }
}

async function storeKnock(
  parts: OutsideParts,
  actor: ActorElsewhere,
  { id, roomId, userId, eventId, pdu, version }: SignedKnock,
  { server, value }: Answered,
  seen: number,
): Promise<DoneElsewhere> {
  const stored = await storeAct(
    parts,
    { actor, operation: 'knock', seen },
    {
      ...{ roomId, version, userId, eventId, pdu, through: server, cause: 'self', onBehalfOf: actor.onBehalfOf },
      stripped: strippedState(value, roomId, version),
    },
    (tx) => endHandshake(tx, id),
  );
  // Somebody here came into the room meanwhile: the knock is one of the room.
  if (stored.is === 'resident') {
    await parts.receiver.receive({ origin: server, value: pdu, relay: false });
    await dropHandshake(parts.db, id);
  }
  return { roomId, eventId };
}

/** Goes on with a knock that was begun and not ended: after a crash, or when no server could be reached. */
export async function goOnKnocking(parts: OutsideParts, handshake: Handshake): Promise<void> {
  const { act, answered } = handshake;
  const actor = { userId: handshake.userId, token: act.token, onBehalfOf: act.onBehalfOf };
  const knock: SignedKnock = { ...handshake, version: ROOM_VERSIONS[handshake.version] };
  const seen = parts.lanes.forgotten();
  if (answered !== null) {
    const state = answered.answer['knock_room_state'];
    const value = isJsonArray(state) ? (state as readonly JsonObject[]) : [];
    await storeKnock(parts, actor, knock, { server: answered.server, value }, seen);
    return;
  }
  try {
    await sendAgain(parts, actor, handshake, seen);
  } catch (error) {
    if (parts.now() - handshake.begunAt <= GIVEN_UP_MS) throw error;
    await dropHandshake(parts.db, handshake.id);
  }
}
