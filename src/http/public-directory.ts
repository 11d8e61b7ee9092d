/** What both ways to ask for the public directory share: tokens, the other server, a page with its rooms' cards. */
import { Type, type Static } from 'typebox';
import type { Db } from '../database/database.ts';
import { MatrixError } from '../matrix/errors.ts';
import { parseRoomId, parseServerName, type ServerName } from '../matrix/identifiers.ts';
import {
  countDirectory,
  pageDirectory,
  type DirectoryFilter,
  type DirectoryPage,
  type DirectoryPlace,
} from '../projections/public-rooms.ts';
import { publicEntry, roomCards } from './room-card.ts';

export const MAX_ROOMS = 100;
const DEFAULT_ROOMS = 50;

export const PublicRoomsAnswer = Type.Object({
  chunk: Type.Array(
    Type.Object({
      room_id: Type.String(),
      num_joined_members: Type.Integer(),
      world_readable: Type.Boolean(),
      guest_can_join: Type.Boolean(),
      join_rule: Type.String(),
    }),
  ),
  next_batch: Type.Optional(Type.String()),
  prev_batch: Type.Optional(Type.String()),
  total_room_count_estimate: Type.Integer(),
});

/** The other server whose directory is meant; null: this one's. Throws M_INVALID_PARAM for what is no server name. */
export function otherServer(server: string | undefined, self: ServerName): ServerName | null {
  if (server === undefined || server === self) return null;
  const other = parseServerName(server);
  if (other === null) throw new MatrixError('M_INVALID_PARAM', 'server is not a server name.');
  return other;
}

/** The words that a directory is searched for, and the types: as both APIs have them in the body of a query. */
export const DirectoryQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  since: Type.Optional(Type.String()),
  filter: Type.Optional(
    Type.Object({
      generic_search_term: Type.Optional(Type.String()),
      room_types: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Null()]), { maxItems: 100 })),
    }),
  ),
  include_all_networks: Type.Optional(Type.Boolean()),
  third_party_instance_id: Type.Optional(Type.String()),
});

const MAX_WORDS = 255;

/** Throws M_INVALID_PARAM for another network. */
export function filterIn(query: Static<typeof DirectoryQuery>): DirectoryFilter {
  if (query.third_party_instance_id !== undefined)
    throw new MatrixError('M_INVALID_PARAM', 'This server is joined to no third-party network.');
  const { generic_search_term: term = '', room_types: types = null } = query.filter ?? {};
  return { words: term.trim().slice(0, MAX_WORDS), types };
}

/** A page of this server's directory. `limit` 0 stands for as many as there may be. Throws M_INVALID_PARAM for a token. */
export async function readPublicRooms(
  db: Db,
  asked: { readonly limit?: number | undefined; readonly since?: string | undefined },
  filter: DirectoryFilter,
  forWhom: 'users' | 'servers' = 'users',
) {
  const limit = Math.min(asked.limit === 0 ? MAX_ROOMS : (asked.limit ?? DEFAULT_ROOMS), MAX_ROOMS);
  const { from, backwards } = asked.since === undefined ? { from: null, backwards: false } : readToken(asked.since);
  const [{ rooms, more }, total] = await Promise.all([
    pageDirectory(db, filter, { limit, from, backwards }),
    countDirectory(db, filter),
  ]);
  const cards = await roomCards(
    db,
    rooms.map(({ roomId }) => roomId),
  );
  const [first, last] = [rooms[0], rooms.at(-1)];
  const [before, after] = backwards ? [more, true] : [from !== null, more];
  return {
    chunk: cards.flatMap((card, i) =>
      forWhom === 'servers' && !card.federates ? [] : [publicEntry(card, rooms[i]!.joined)],
    ),
    ...(last === undefined || !after ? {} : { next_batch: writeToken('n', last) }),
    ...(first === undefined || !before ? {} : { prev_batch: writeToken('p', first) }),
    total_room_count_estimate: total,
  };
}

// A token names the entry it goes on from, so that a page neither repeats nor skips what did not move meanwhile.
function writeToken(direction: 'n' | 'p', { joined, roomId }: DirectoryPlace): string {
  return `${direction}${joined}_${Buffer.from(roomId).toString('base64url')}`;
}

const TOKEN = /^([np])([0-9]{1,9})_([A-Za-z0-9_-]{1,400})$/;

function readToken(text: string): Pick<DirectoryPage, 'from' | 'backwards'> {
  const [, direction, joined, encoded = ''] = TOKEN.exec(text) ?? [];
  const roomId = parseRoomId(Buffer.from(encoded, 'base64url').toString());
  if (roomId === null) throw new MatrixError('M_INVALID_PARAM', 'since is not a token that this server gave.');
  return { from: { joined: Number(joined), roomId }, backwards: direction === 'p' };
}
