/** Listing a room in the public directory, or taking it off. */
import { maySetState } from '../access/room-access.ts';
import { setVisibility, visibilityOf, type Visibility } from '../directory/published-rooms.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { RoomId } from '../matrix/identifiers.ts';
import { actionOf, notInRoom, recordingRefusal, type Actor, type CommandDeps } from './act.ts';
import { powerOf } from './member-draft.ts';

/**
 * For members who may set the room's canonical alias (client-server API, setRoomVisibilityOnDirectory). Throws M_NOT_FOUND
 * for an unknown room, M_FORBIDDEN for everybody else.
 */
export async function setRoomVisibility(
  deps: CommandDeps,
  actor: Actor,
  { roomId, visibility }: { readonly roomId: RoomId; readonly visibility: Visibility },
): Promise<void> {
  const act = { operation: 'setRoomVisibility', roomId, target: visibility };
  deps.limits?.consume(act.operation, actor.userId, roomId);
  await recordingRefusal(deps, actor, act, () =>
    deps.lanes.run(roomId, async (room) => {
      if (room === null) throw new MatrixError('M_NOT_FOUND', 'This server knows no such room.');
      const { standing, levels } = await powerOf(room, actor);
      if (standing.membership !== 'join') throw notInRoom();
      const permission = maySetState(standing, levels, 'm.room.canonical_alias');
      if (!permission.allowed) throw new MatrixError('M_FORBIDDEN', permission.why);
      await room.appended();
      const same = (await visibilityOf(deps.db, roomId)) === visibility;
      return {
        judged: [],
        actions: [actionOf(actor, act, same ? 'unchanged' : 'ok', null)],
        within: async (tx) => (same ? undefined : setVisibility(tx, roomId, visibility, deps.now())),
        answer: undefined,
      };
    }),
  );
}
