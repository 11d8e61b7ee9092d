/** What rooms elsewhere show of themselves: by servers that are in them, or else by what an invite or a knock was answered with. */
import { mayPreview } from '../../access/room-access.ts';
import { askServers } from '../../commands/elsewhere/ask-servers.ts';
import type { RemoteRoomSummary } from '../../federation/read-rooms.ts';
import { outOfBandOf, type OutOfBand } from '../../log/out-of-band.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { jsonObject } from '../../matrix/json.ts';
import { objectIn, stringIn } from '../../matrix/pdu.ts';
import { isJoinedToAny } from '../../projections/members.ts';
import type { Caller } from '../endpoint.ts';
import type { HttpParts } from '../parts.ts';
import { cardOf, summaryEntry } from '../room-card.ts';
import { askElsewhere } from './ask-elsewhere.ts';
import type { RoomAddress } from './room-address.ts';

const LIMITS = { eachMs: 10_000, totalMs: 25_000 };

/**
 * Throws M_NOT_FOUND for a room of which nobody tells, or that the caller could not enter, knock on or look into; and
 * M_LIMIT_EXCEEDED when too many wait to ask.
 */
export async function summarizeElsewhere(
  parts: HttpParts,
  caller: Caller | null,
  { roomId, via }: RoomAddress,
  signal: AbortSignal,
) {
  const { db, identity, federation } = parts;
  const known = caller === null ? null : await outOfBandOf(db, roomId, caller.userId);
  // Whoever looks at the room may want to know what became of their knock.
  if (known?.membership === 'knock') void parts.commands.elsewhere?.lookAgain(roomId, known.userId);
  const { calls } = federation;
  const told = await askElsewhere(() =>
    askServers(
      identity.serverName,
      [...via, ...(known?.via ?? [])],
      (server, inTime) => calls.hierarchy(server, roomId, AbortSignal.any([signal, inTime])),
      LIMITS,
    ),
  ).catch(nobodyTells);
  const membership = known?.membership ?? 'leave';
  const summary = told === null ? (known === null ? null : storedSummary(known)) : told.value;
  if (summary === null || !(await isShownTo(parts, caller, membership, summary))) throw notFound();
  return { ...summary, ...(caller === null ? {} : { membership }) };
}

/** The other server looked at what this one's users could do: which of them, it leaves to us. */
async function isShownTo(
  { db }: HttpParts,
  caller: Caller | null,
  membership: OutOfBand['membership'],
  { join_rule: joinRule, world_readable: worldReadable, allowed_room_ids: allowed = [] }: RemoteRoomSummary,
): Promise<boolean> {
  const vouched = caller !== null && (await isJoinedToAny(db, allowed, caller.userId));
  return mayPreview({ membership, joinRule, worldReadable, vouched });
}

/** Of a room on whose doorstep the user stands; how many are in it is not known. */
function storedSummary({ roomId, membership, version, stripped }: OutOfBand): RemoteRoomSummary | null {
  if (membership !== 'invite' && membership !== 'knock') return null;
  const contents = new Map(stripped.map((event) => [stringIn(event, 'type'), objectIn(event, 'content')]));
  const card = cardOf(roomId, (type) => contents.get(type) ?? jsonObject({}));
  return summaryEntry(card, { joined: 0, version });
}

function nobodyTells(error: unknown): null {
  if (error instanceof MatrixError && error.errcode !== 'M_LIMIT_EXCEEDED') return null;
  throw error;
}

export function notFound(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'This server can show no such room.');
}
