/** GET /hierarchy: what a room shows of itself to another server, and of a space its rooms too. */
import { Type } from 'typebox';
import type { Db } from '../../database/database.ts';
import { readEvents } from '../../log/read.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomId, type RoomId, type ServerName } from '../../matrix/identifiers.ts';
import { isJsonArray } from '../../matrix/json.ts';
import { spaceChildren } from '../../projections/room-servers.ts';
import { endpoint } from '../endpoint.ts';
import { shownTo, type ShownRoom } from './shown-rooms.ts';

const MAX_CHILDREN = 50;

const SUMMARY = {
  room_id: Type.String(),
  num_joined_members: Type.Integer(),
  world_readable: Type.Boolean(),
  guest_can_join: Type.Boolean(),
  join_rule: Type.String(),
};

export const getSpaceHierarchy = endpoint({
  summary:
    'Tells what a room shows to a server whose users could enter, knock or look in, and of a space its rooms too.',
  method: 'GET',
  path: '/_matrix/federation/v1/hierarchy/:roomId',
  auth: 'server',
  query: { suggested_only: 'boolean' },
  answer: Type.Object({
    room: Type.Object({ ...SUMMARY, children_state: Type.Array(Type.Object({})) }),
    children: Type.Array(Type.Object(SUMMARY)),
    inaccessible_children: Type.Array(Type.String()),
  }),
  errors: ['M_NOT_FOUND'],
  async handle({ db }, { params, query, caller: { server } }) {
    const roomId = parseRoomId(params.roomId);
    if (roomId === null) throw new MatrixError('M_INVALID_PARAM', 'This is not a room id.');
    const room = (await shownTo(db, [roomId], server, 'invited too')).get(roomId);
    if (!isShown(room)) throw new MatrixError('M_NOT_FOUND', 'This server can show no such room.');
    if (room.room_type !== 'm.space')
      return { room: { ...room, children_state: [] }, children: [], inaccessible_children: [] };
    const links = await linksOf(db, roomId, query.suggested_only === true);
    const children = await childrenOf(db, links, server);
    return { room: { ...room, children_state: links.map(({ stripped }) => stripped) }, ...children };
  },
});

function isShown(room: ShownRoom | 'hidden' | undefined): room is ShownRoom {
  return room !== undefined && room !== 'hidden';
}

interface Link {
  readonly childId: RoomId;
  readonly stripped: object;
}

/** The space's links to its rooms, the first of them by room id. */
async function linksOf(db: Db, roomId: RoomId, suggestedOnly: boolean): Promise<readonly Link[]> {
  const positions = await spaceChildren(db, roomId, MAX_CHILDREN);
  const events = await readEvents(
    db,
    positions.map((position) => ({ roomId, position })),
  );
  return events.flatMap(({ type, stateKey, sender, content, originServerTs }) => {
    const childId = parseRoomId(stateKey ?? '');
    // A link without servers leads nowhere: so links are taken away.
    if (childId === null || !isJsonArray(content['via'])) return [];
    if (suggestedOnly && content['suggested'] !== true) return [];
    return [{ childId, stripped: { type, state_key: stateKey, sender, content, origin_server_ts: originServerTs } }];
  });
}

async function childrenOf(db: Db, links: readonly Link[], server: ServerName) {
  const rooms = await shownTo(
    db,
    links.map(({ childId }) => childId),
    server,
  );
  return {
    children: [...rooms.values()].filter(isShown),
    inaccessible_children: [...rooms].flatMap(([roomId, room]) => (room === 'hidden' ? [roomId] : [])),
  };
}
