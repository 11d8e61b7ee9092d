/** GET /room_summary: what a room shows to those who may enter, knock or look in, and to its members. */
import { Type } from 'typebox';
import { mayPreview } from '../../access/room-access.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { isJoinedToAny } from '../../projections/members.ts';
import { roomsById } from '../../projections/room-queries.ts';
import { membershipOf } from '../../projections/room-state.ts';
import { endpoint, type Caller } from '../endpoint.ts';
import type { HttpParts } from '../parts.ts';
import { roomAddress } from './room-address.ts';
import { allowedBy, roomCards, summaryEntry } from '../room-card.ts';
import type { NamedServers } from './server-candidates.ts';

/** A room that is hidden, one of another server, which cannot be asked, and none at all are answered alike. */
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
  errors: ['M_NOT_FOUND', 'M_INVALID_PARAM'],
  async handle(parts, { params, query, caller }) {
    return summarize(parts, caller, params.roomIdOrAlias, { ...query, server_name: [] });
  },
});

async function summarize(parts: HttpParts, caller: Caller | null, text: string, named: NamedServers) {
  const { db } = parts;
  const { roomId } = await roomAddress(parts, text, named).catch(notFoundThere);
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

function notFound(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'This server can show no such room.');
}
