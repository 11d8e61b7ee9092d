/** The power levels of a room, as they are or were. */
import type { StoredEvent } from '../log/read.ts';
import { MatrixError } from '../matrix/errors.ts';
import { objectIn } from '../matrix/pdu.ts';
import { creators, powerLevels, type RoomState, type StateEvent } from '../matrix/room-state.ts';
import { roomVersion } from '../matrix/room-versions.ts';
import type { Context } from './context.ts';
import type { LevelsModel } from './models.ts';
import { roomOf } from './sight.ts';

/** The levels in force at a room position; null: now. */
export async function levelsAt(context: Context, roomId: string, at: number | null): Promise<LevelsModel> {
  const { loaders } = context;
  const event = (type: string): Promise<StoredEvent | null> =>
    at === null
      ? loaders.state.load({ roomId, type, stateKey: '' })
      : loaders.pastState.load({ roomId, at, type, stateKey: '' });
  const [room, levelsEvent, create] = await Promise.all([
    roomOf(context, roomId),
    event('m.room.power_levels'),
    event('m.room.create'),
  ]);
  const version = roomVersion(room.version);
  if (version === null) throw new MatrixError('M_NOT_FOUND', 'This server knows no such room.');
  const state = stateOf({ 'm.room.power_levels': levelsEvent, 'm.room.create': create });
  const levels = powerLevels(state, version);
  const listed = Object.keys(objectIn(levelsEvent?.content ?? {}, 'users') ?? {});
  return {
    levels,
    users: listed
      .map((userId) => ({ userId, level: levels.user(userId) }))
      .filter(({ level }) => Number.isFinite(level))
      .sort((a, b) => b.level - a.level || (a.userId < b.userId ? -1 : 1)),
    creators: version.privilegedCreators ? creators(state, version) : [],
  };
}

function stateOf(events: Readonly<Record<string, StateEvent | null>>): RoomState {
  return { get: (type, stateKey) => (stateKey === '' ? (events[type] ?? undefined) : undefined) };
}
