/** Mutations that make a room or change its state. */
import { createRoom as create } from '../../commands/create-room.ts';
import type { CreateRoomInput as RoomWish } from '../../commands/room-plan.ts';
import { setJoinRule as set } from '../../commands/send-state.ts';
import { eventById } from '../../log/read.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { RoomId } from '../../matrix/identifiers.ts';
import { jsonObject } from '../../matrix/json.ts';
import { viewerOf } from '../context.ts';
import { given, roomIdOf, wordOf } from '../names.ts';
import type { CreateRoomInput, JoinRule, MutationResolvers } from '../schema.generated.ts';
import { roomOf } from '../sight.ts';
import { readInput } from './read-input.ts';

const MAX_INVITES = 100;
const MAX_ALLOWED_ROOMS = 100;

export const createRoom: NonNullable<MutationResolvers['createRoom']> = async (_root, { input }, context) => {
  const wish = await readInput(context, 'createRoom', () => roomWish(input));
  const { roomId } = await create(context.commands, viewerOf(context), wish);
  context.loaders.forget();
  return { room: await roomOf(context, roomId) };
};

function roomWish({ name, topic, joinRule, allowRoomIds, preset, version, invite }: CreateRoomInput): RoomWish {
  if (invite && invite.length > MAX_INVITES) {
    throw new MatrixError('M_INVALID_PARAM', `invite takes at most ${MAX_INVITES} users.`);
  }
  const allow = allowed(joinRule, allowRoomIds);
  return {
    name: given(name),
    topic: given(topic),
    preset: preset ? wordOf(preset) : undefined,
    room_version: given(version),
    invite: given(invite),
    initial_state: joinRule ? [joinRuleState(joinRule, allow)] : [],
  };
}

function joinRuleState(joinRule: JoinRule, rooms: readonly RoomId[] | undefined) {
  const allow = rooms?.map((room) => jsonObject({ type: 'm.room_membership', room_id: room }));
  const content = jsonObject({ join_rule: wordOf(joinRule), allow });
  return { type: 'm.room.join_rules', state_key: '', content };
}

/** The rooms whose members may join. Throws M_INVALID_PARAM where the rule asks for none, for too many and for no ids. */
function allowed(
  joinRule: JoinRule | null | undefined,
  roomIds: CreateRoomInput['allowRoomIds'],
): readonly RoomId[] | undefined {
  if (roomIds === null || roomIds === undefined) return undefined;
  if (joinRule !== 'RESTRICTED' && joinRule !== 'KNOCK_RESTRICTED') {
    throw new MatrixError('M_INVALID_PARAM', 'allowRoomIds belongs to a restricted join rule.');
  }
  if (roomIds.length > MAX_ALLOWED_ROOMS) {
    throw new MatrixError('M_INVALID_PARAM', `allowRoomIds takes at most ${MAX_ALLOWED_ROOMS} rooms.`);
  }
  return roomIds.map(roomIdOf);
}

export const setJoinRule: NonNullable<MutationResolvers['setJoinRule']> = async (_root, { input }, context) => {
  const wish = await readInput(context, 'setJoinRule', () => ({
    roomId: roomIdOf(input.roomId),
    joinRule: wordOf(input.joinRule),
    allow: allowed(input.joinRule, input.allowRoomIds),
  }));
  const { eventId } = await set(context.commands, viewerOf(context), wish);
  context.loaders.forget();
  const [room, event] = await Promise.all([roomOf(context, wish.roomId), eventById(context.db, eventId, wish.roomId)]);
  if (event === null) throw new Error('the event that was just sent is not there');
  return { room, event };
};
