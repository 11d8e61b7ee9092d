/** Mutations that make a room or change its state. */
import { createRoom as create } from '../../commands/create-room.ts';
import type { CreateRoomInput as RoomWish } from '../../commands/room-plan.ts';
import { setJoinRule as set } from '../../commands/send-state.ts';
import { eventById } from '../../log/read.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { jsonObject } from '../../matrix/json.ts';
import { viewerOf } from '../context.ts';
import { given, roomIdOf, wordOf } from '../names.ts';
import type { CreateRoomInput, JoinRule, MutationResolvers } from '../schema.generated.ts';
import { roomOf } from '../sight.ts';

const MAX_INVITES = 100;

export const createRoom: NonNullable<MutationResolvers['createRoom']> = async (_root, { input }, context) => {
  const { roomId } = await create(context.commands, viewerOf(context), roomWish(input));
  context.loaders.forget();
  return { room: await roomOf(context, roomId) };
};

function roomWish({ name, topic, joinRule, allowRoomIds, preset, version, invite }: CreateRoomInput): RoomWish {
  if (invite && invite.length > MAX_INVITES) {
    throw new MatrixError('M_INVALID_PARAM', `invite takes at most ${MAX_INVITES} users.`);
  }
  const rule = joinRule ? [joinRuleState(joinRule, allowRoomIds)] : [];
  return {
    name: given(name),
    topic: given(topic),
    preset: preset ? wordOf(preset) : undefined,
    room_version: given(version),
    invite: given(invite),
    initial_state: rule,
  };
}

function joinRuleState(joinRule: JoinRule, allowRoomIds: CreateRoomInput['allowRoomIds']) {
  const allow = allowRoomIds?.map((room) => jsonObject({ type: 'm.room_membership', room_id: roomIdOf(room) }));
  const content = jsonObject({ join_rule: wordOf(joinRule), ...(allow === undefined ? {} : { allow }) });
  return { type: 'm.room.join_rules', state_key: '', content };
}

export const setJoinRule: NonNullable<MutationResolvers['setJoinRule']> = async (_root, { input }, context) => {
  const { joinRule, allowRoomIds } = input;
  const roomId = roomIdOf(input.roomId);
  const wish = { roomId, joinRule: wordOf(joinRule), allow: allowRoomIds?.map(roomIdOf) };
  const { eventId } = await set(context.commands, viewerOf(context), wish);
  context.loaders.forget();
  const [room, event] = await Promise.all([roomOf(context, roomId), eventById(context.db, eventId, roomId)]);
  if (event === null) throw new Error('the event that was just sent is not there');
  return { room, event };
};
