/** Takes back knocks on rooms that this server is not in, and declines invites to them (PROTOCOL §6.4). */
import type { TxClient } from '../../database/tx.ts';
import { outsidePosition, noteDelivered } from '../../log/out-of-band.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { RoomId, ServerName, UserId } from '../../matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../matrix/json.ts';
import { roomVersion, ROOM_VERSIONS, type RoomVersion } from '../../matrix/room-versions.ts';
import {
  beginHandshake,
  dropHandshake,
  endHandshake,
  openHandshakes,
  type Handshake,
} from '../../outbox/handshakes.ts';
import type { ActorElsewhere, DoneElsewhere, LeaveElsewhere } from './elsewhere.ts';
import { leaveHere, makeLeave, type MadeLeave } from './make-leave.ts';
import { outsideStanding, type OutsideStanding } from './out-of-band.ts';
import { candidatesFor, storeAct, type OutsideParts } from './outside-parts.ts';

const PATIENCE_MS = 120_000;
/** So long are the room's servers told of it, if they could not be. */
const RETRIED_MS = 86_400_000;
const SEND_MS = 20_000;

/** As Elsewhere.leave(). */
export async function leaveElsewhere(
  parts: OutsideParts,
  actor: ActorElsewhere,
  { roomId, content, only }: LeaveElsewhere,
): Promise<DoneElsewhere | null> {
  const { userId } = actor;
  const seen = parts.lanes.forgotten();
  const [standing, [begun]] = await Promise.all([
    standingOf(parts, roomId, userId),
    openHandshakes(parts.db, { kind: 'knock', roomId, userId }),
  ]);
  const { membership } = standing;
  if (only !== undefined && membership !== only) return null;
  // A knock that is not known to have arrived is not sent again. It may be there nevertheless.
  if (begun !== undefined) await dropHandshake(parts.db, begun.id);
  if (membership !== 'knock' && membership !== 'invite') {
    if (begun !== undefined) return withdraw(parts, { roomId, userId }, begun);
    return standing.known?.membership === 'leave' ? { roomId, eventId: standing.known.eventId } : null;
  }
  const { servers, known } = await candidatesFor(parts, roomId, userId);
  const version = await versionOf(parts, roomId, known?.version ?? null);
  const made = await makeLeave(parts, { roomId, userId }, servers, content).catch(unlessEnded);
  if (made !== 'ended' && made !== null) return send(parts, { actor, roomId, seen, servers }, made);
  // It is over already, as the room's server has it; or nobody of the room can be asked.
  const own = leaveHere(parts, { roomId, userId }, version, content);
  const [through = parts.identity.serverName] = servers;
  const undelivered = made === null && servers.length > 0;
  const id = undelivered ? await begin(parts, actor, roomId, { ...own, server: through }, servers) : null;
  return store(parts, { actor, roomId, seen, servers }, { ...own, server: through }, { undelivered, ends: null, id });
}

/** Null: nobody could be asked. `ended`: whoever was asked knows of nothing that could be left. */
function unlessEnded(error: unknown): 'ended' | null {
  if (!(error instanceof MatrixError)) throw error;
  return error.errcode === 'M_FORBIDDEN' ? 'ended' : null;
}

function standingOf(parts: OutsideParts, roomId: RoomId, userId: UserId): Promise<OutsideStanding> {
  return parts.lanes.run(roomId, async (room) => ({
    judged: [],
    actions: [],
    answer: await outsideStanding(parts, room, roomId, userId),
  }));
}

/** Takes back what may have arrived and was never a knock here. */
async function withdraw(
  parts: OutsideParts,
  who: { readonly roomId: RoomId; readonly userId: UserId },
  { candidates }: Handshake,
): Promise<DoneElsewhere> {
  const made = await makeLeave(parts, who, candidates, jsonObject({})).catch(unlessEnded);
  const { roomId } = who;
  if (made !== null && made !== 'ended')
    await parts.calls.sendLeave(made.server, { roomId, eventId: made.eventId, event: made.pdu });
  return { roomId, eventId: null };
}

interface Leaving {
  readonly actor: ActorElsewhere;
  readonly roomId: RoomId;
  readonly seen: number;
  readonly servers: readonly ServerName[];
}

async function send(parts: OutsideParts, leaving: Leaving, made: MadeLeave): Promise<DoneElsewhere> {
  const { actor, roomId, servers } = leaving;
  const id = await begin(parts, actor, roomId, made, [...new Set([made.server, ...servers])]);
  const delivered = await sendLeave(parts, roomId, made);
  return store(parts, leaving, made, { undelivered: !delivered, ends: delivered ? id : null, id });
}

/** Whether the server has it, or nothing that could be left. */
async function sendLeave(
  { calls }: Pick<OutsideParts, 'calls'>,
  roomId: RoomId,
  { server, eventId, pdu }: MadeLeave,
): Promise<boolean> {
  const sent = await calls.sendLeave(server, { roomId, eventId, event: pdu }, AbortSignal.timeout(SEND_MS));
  return sent.ok || (sent.failure.kind === 'refused' && sent.failure.errcode === 'M_FORBIDDEN');
}

function begin(
  { db, now }: OutsideParts,
  { userId, token, onBehalfOf }: ActorElsewhere,
  roomId: RoomId,
  { version, eventId, pdu }: MadeLeave,
  candidates: readonly ServerName[],
): Promise<number> {
  const act = { actor: userId, token, operation: 'leaveRoom', onBehalfOf };
  const intent = { kind: 'leave', roomId, userId, eventId, version: version.id, pdu, candidates, act } as const;
  return beginHandshake(db, intent, now(), PATIENCE_MS);
}

interface Fate {
  readonly undelivered: boolean;
  /** The handshake that ends with it. */
  readonly ends: number | null;
  readonly id: number | null;
}

async function store(
  parts: OutsideParts,
  { actor, roomId, seen }: Leaving,
  { server, version, eventId, pdu }: MadeLeave,
  { undelivered, ends, id }: Fate,
): Promise<DoneElsewhere> {
  const { userId, onBehalfOf } = actor;
  const event = { roomId, version, userId, eventId, pdu, through: server, cause: 'self', onBehalfOf } as const;
  const within = ends === null ? undefined : (tx: TxClient) => endHandshake(tx, ends);
  const stored = await storeAct(
    parts,
    { actor, operation: 'leaveRoom', seen },
    { ...event, stripped: null, undelivered },
    within,
  );
  if (stored.is === 'resident') {
    await parts.receiver.receive({ origin: server, value: pdu, relay: false });
    if (id !== null) await dropHandshake(parts.db, id);
  }
  return { roomId, eventId };
}

/** The version that was told; of a room that somebody here was in once, the one that it has. */
async function versionOf({ db }: OutsideParts, roomId: RoomId, told: string | null): Promise<RoomVersion> {
  const room = await db.selectFrom('rooms').select('version').where('room_id', '=', roomId).executeTakeFirst();
  return roomVersion(told ?? room?.version ?? '') ?? ROOM_VERSIONS['12'];
}

/** Goes on with a leave that no server of the room is known to have: again, or with another event where that one was none. */
export async function goOnLeaving(parts: OutsideParts, handshake: Handshake): Promise<void> {
  const { id, roomId, userId, candidates, eventId, pdu } = handshake;
  const isReal = pdu.prev_events.length > 0;
  const version = ROOM_VERSIONS[handshake.version];
  const [first] = candidates;
  if ((await outsidePosition(parts.db, roomId, eventId)) === null) return storeLate(parts, handshake);
  const { known } = await standingOf(parts, roomId, userId);
  // They are invited again, or knock again: that is not to be ended by what was before.
  if (known !== null && known.eventId !== eventId && known.membership !== 'leave') return dropHandshake(parts.db, id);
  if (isReal && first !== undefined && (await sendLeave(parts, roomId, { server: first, version, eventId, pdu })))
    return delivered(parts, handshake);
  const made = await makeLeave(parts, { roomId, userId }, candidates, reasonOf(pdu.content)).catch(unlessEnded);
  if (made === 'ended' || (made !== null && (await sendLeave(parts, roomId, made)))) return delivered(parts, handshake);
  if (parts.now() - handshake.begunAt > RETRIED_MS) return dropHandshake(parts.db, id);
  throw new Error('No server of the room could be told.');
}

/** The process ended before it was stored. */
async function storeLate(parts: OutsideParts, handshake: Handshake): Promise<void> {
  const { id, roomId, userId, candidates, eventId, pdu, act } = handshake;
  const [server = parts.identity.serverName] = candidates;
  const made = { server, version: ROOM_VERSIONS[handshake.version], eventId, pdu };
  const isThere = pdu.prev_events.length > 0 && (await sendLeave(parts, roomId, made));
  const actor = { userId, token: act.token, onBehalfOf: act.onBehalfOf };
  const leaving = { actor, roomId, seen: parts.lanes.forgotten(), servers: candidates };
  await store(parts, leaving, made, { undelivered: !isThere, ends: isThere ? id : null, id });
  if (!isThere) throw new Error('No server of the room could be told.');
}

function reasonOf(content: JsonObject): JsonObject {
  const { reason } = content;
  return jsonObject(reason === undefined ? {} : { reason });
}

async function delivered({ db }: OutsideParts, { id, roomId, userId, eventId }: Handshake): Promise<void> {
  await noteDelivered(db, roomId, userId, eventId);
  await dropHandshake(db, id);
}
