/** GET /room_summary: what a room shows to those who may enter, knock or look in, and to its members. */
import { Type } from 'typebox';
import { mayPreview } from '../../access/room-access.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { RoomId } from '../../matrix/identifiers.ts';
import { isJoinedToAny } from '../../projections/members.ts';
import { residentAmong } from '../../projections/room-servers.ts';
import { roomsById } from '../../projections/room-queries.ts';
import { membershipOf } from '../../projections/room-state.ts';
import { endpoint, type Caller } from '../endpoint.ts';
import type { HttpParts } from '../parts.ts';
import { notFound, summarizeElsewhere } from './remote-summary.ts';
import { roomAddress } from './room-address.ts';
import { allowedBy, roomCards, summaryEntry } from '../room-card.ts';

/** A room that is hidden, one of other servers that cannot be asked, and none at all are answered alike. */
export const getRoomSummary = endpoint({
  method: 'GET',
  path: '/_matrix/client/v1/room_summary/:roomIdOrAlias',
  aliases: [
    '/_matrix/client/unstable/im.nheko.summary/rooms/:roomIdOrAlias/summary',
    '/_matrix/client/unstable/im.nheko.summary/summary/:roomIdOrAlias',
  ],
  auth: 'optional',
  query: { via: 'many' },
  summary: 'What a room shows of itself to those outside.',
  answer: Type.Object({
    room_id: Type.String(),
    num_joined_members: Type.Integer(),
    world_readable: Type.Boolean(),
    guest_can_join: Type.Boolean(),
    membership: Type.Optional(Type.String()),
  }),
  errors: ['M_NOT_FOUND', 'M_INVALID_PARAM', 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params, query, caller, signal }) {
    const named = { ...query, server_name: [] };
    const address = await roomAddress(parts, params.roomIdOrAlias, named, signal).catch(notFoundThere);
    const here = await residentAmong(parts.db, [address.roomId]);
    return here.has(address.roomId)
      ? summarize(parts, caller, address.roomId)
      : summarizeElsewhere(parts, caller, address, signal);
  },
});

async function summarize({ db }: HttpParts, caller: Caller | null, roomId: RoomId) {
  const [[room], [card], standing] = await Promise.all([
    roomsById(db, [roomId]),
    roomCards(db, [roomId]),
    caller === null ? null : membershipOf(db, roomId, caller.userId),
  ]);
  if (!room || card === undefined || room.joined === 0) throw notFound();
  const membership = standing?.membership ?? 'leave';
  const allowed = allowedBy(card);
  const vouched = caller !== null && allowed !== null && (await isJoinedToAny(db, allowed, caller.userId));
  if (!mayPreview({ membership, ...card, vouched })) throw notFound();
  return { ...summaryEntry(card, room), ...(caller === null ? {} : { membership }) };
}

function notFoundThere(error: unknown): never {
  throw error instanceof MatrixError && error.status === 502 ? notFound() : error;
}
