/** The roots of every query. */
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomAlias } from '../../matrix/identifiers.ts';
import { stringIn } from '../../matrix/pdu.ts';
import type { KnockRow } from '../../projections/knock-queries.ts';
import type { RoomHead } from '../../projections/room-queries.ts';
import { viewerOf, type Context } from '../context.ts';
import { EVERYTHING, knockList, ownRooms, roomList, transitionList } from '../lists.ts';
import { roomIdOf } from '../names.ts';
import { parseNodeId, parsePosition, type NodeKey } from '../node-ids.ts';
import type { QueryResolvers } from '../schema.generated.ts';
import { visible, visibleEvent, visibleMember, visibleRoom } from '../sight.ts';

async function roomByAlias(context: Context, text: string): Promise<RoomHead | null> {
  const alias = parseRoomAlias(text);
  if (alias === null) throw new MatrixError('M_INVALID_PARAM', 'This is no room alias.');
  const roomIds = await ownRooms(context, ['join', 'invite', 'knock']);
  const found = await Promise.all(
    roomIds.map(async (roomId) => {
      const event = await context.loaders.state.load({ roomId, type: 'm.room.canonical_alias', stateKey: '' });
      return event !== null && stringIn(event.content, 'alias') === alias ? roomId : null;
    }),
  );
  const roomId = found.find((id) => id !== null);
  return roomId === undefined ? null : visibleRoom(context, roomId);
}

async function knockByKey(context: Context, { parts }: NodeKey): Promise<KnockRow | null> {
  return visible(context, await context.loaders.knock.load(parsePosition(parts[0]!)));
}

async function knockById(context: Context, id: string): Promise<KnockRow | null> {
  const key = parseNodeId(id);
  if (key.type !== 'Knock') throw new MatrixError('M_INVALID_PARAM', 'This is not the id of a knock.');
  return knockByKey(context, key);
}

/** A thing with the name of its type, by which it is told apart. */
function typed<Type extends string, Row extends object>(__typename: Type, row: Row | null) {
  return row === null ? null : { ...row, __typename };
}

async function nodeByKey(context: Context, key: NodeKey) {
  const [first, second] = [key.parts[0]!, key.parts[1] ?? ''];
  switch (key.type) {
    case 'Room':
      return typed('Room', await visibleRoom(context, first));
    case 'User':
      return typed('User', { userId: first });
    case 'Member':
      return typed('Member', await visibleMember(context, { roomId: first, userId: second }));
    case 'Knock':
      return typed('Knock', await knockByKey(context, key));
    case 'Transition': {
      const transition = await context.loaders.transition.load(parsePosition(first));
      return typed('Transition', await visible(context, transition));
    }
    case 'Event':
      return typed('Event', await visibleEvent(context, { roomId: first, position: parsePosition(second) }));
    default:
      return key.type satisfies never;
  }
}

export const query: QueryResolvers = {
  viewer: (_root, _args, context) => ({ userId: viewerOf(context).userId }),
  room: (_root, { roomId, alias }, context) => {
    const [byId, byAlias] = [roomId ?? null, alias ?? null];
    if (byId !== null && byAlias === null) return visibleRoom(context, roomIdOf(byId));
    if (byId === null && byAlias !== null) return roomByAlias(context, byAlias);
    throw new MatrixError('M_INVALID_PARAM', 'Name the room by its id or by its alias: one of the two.');
  },
  rooms: (_root, args, context) => roomList(context, args, true),
  knock: (_root, { id }, context) => knockById(context, id),
  knocks: (_root, args, context) => knockList(context, EVERYTHING, args),
  transitions: (_root, args, context) => transitionList(context, EVERYTHING, args),
  node: (_root, { id }, context) => nodeByKey(context, parseNodeId(id)),
  job: (_root, { id }, context) => {
    if (!viewerOf(context).admin) throw new MatrixError('M_FORBIDDEN', 'Only an admin of this server sees its jobs.');
    return context.queue.jobStatus(id);
  },
};
