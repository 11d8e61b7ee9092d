/** The roots of every query. */
import { aliasNamed } from '../../directory/aliases.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomAlias } from '../../matrix/identifiers.ts';
import { stringIn } from '../../matrix/pdu.ts';
import { destinationNamed } from '../../outbox/ledger-queries.ts';
import type { KnockRow } from '../../projections/knock-queries.ts';
import type { RoomHead } from '../../projections/room-queries.ts';
import { viewerOf, type Context } from '../context.ts';
import { checkAdmin, destinationList } from '../delivery-lists.ts';
import { actionList, eventList } from '../log-lists.ts';
import { EVERYTHING, knockList, ownRooms, roomList, transitionList } from '../lists.ts';
import { roomIdOf, serverNameOf } from '../names.ts';
import type { MemberModel } from '../models.ts';
import { parseNodeId, type NodeKey } from '../node-ids.ts';
import { membershipDiff } from '../paths.ts';
import { pastMember, sightAt } from '../past-sight.ts';
import type { QueryResolvers } from '../schema.generated.ts';
import { visible, visibleEvent, visibleMember, visibleRoom } from '../sight.ts';
import { visibleAction } from './action.ts';
import { serverQuery } from './health.ts';
import { jobStatus } from './job.ts';
import { serviceTokenList, visibleServiceToken } from './service-token.ts';

async function roomByAlias(context: Context, text: string): Promise<RoomHead | null> {
  const alias = parseRoomAlias(text);
  if (alias === null) throw new MatrixError('M_INVALID_PARAM', 'This is no room alias.');
  const known = await aliasNamed(context.db, alias);
  if (known !== null) return visibleRoom(context, known.roomId);
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

async function knockById(context: Context, id: string): Promise<KnockRow | null> {
  const key = parseNodeId(id);
  if (key.type !== 'Knock') throw new MatrixError('M_INVALID_PARAM', 'This is not the id of a knock.');
  return visible(context, await context.loaders.knock.load(key.opened));
}

async function memberByKey(context: Context, key: NodeKey & { readonly type: 'Member' }): Promise<MemberModel | null> {
  const { roomId, userId, at } = key;
  if (at === null) return visibleMember(context, { roomId, userId });
  const { loaders } = context;
  const room = await loaders.room.load(roomId);
  if (room === null || !(await loaders.known.load({ roomId, at }))) return null;
  return pastMember(context, await sightAt(context, roomId, at), userId);
}

/** A thing with the name of its type, by which it is told apart. */
function typed<Type extends string, Row extends object>(__typename: Type, row: Row | null) {
  return row === null ? null : { ...row, __typename };
}

async function nodeByKey(context: Context, key: NodeKey) {
  const { loaders } = context;
  switch (key.type) {
    case 'Room':
      return typed('Room', await visibleRoom(context, key.roomId));
    case 'User':
      return typed('User', { userId: key.userId });
    case 'Member':
      return typed('Member', await memberByKey(context, key));
    case 'Knock':
      return typed('Knock', await visible(context, await loaders.knock.load(key.opened)));
    case 'Transition':
      return typed('Transition', await visible(context, await loaders.transition.load(key.position)));
    case 'Action':
      return typed('Action', visibleAction(context, await loaders.action.load(key.position)));
    case 'Event':
      return typed('Event', await visibleEvent(context, { roomId: key.roomId, position: key.position }));
    case 'ServiceToken':
      return typed('ServiceToken', await visibleServiceToken(context, key.token));
    default:
      return key satisfies never;
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
  events: (_root, args, context) => eventList(context, null, args),
  actions: (_root, args, context) => actionList(context, null, args),
  destinations: (_root, args, context) => destinationList(context, args),
  destination: (_root, { server }, context) => {
    checkAdmin(context);
    return destinationNamed(context.db, serverNameOf(server));
  },
  serviceTokens: (_root, args, context) => serviceTokenList(context, args),
  server: serverQuery,
  membershipDiff: (_root, { roomId, ...args }, context) => membershipDiff(context, roomIdOf(roomId), args),
  node: (_root, { id }, context) => nodeByKey(context, parseNodeId(id)),
  job: (_root, { id }, context) => {
    if (!viewerOf(context).admin) throw new MatrixError('M_FORBIDDEN', 'Only an admin of this server sees its jobs.');
    return jobStatus(context, id);
  },
};
