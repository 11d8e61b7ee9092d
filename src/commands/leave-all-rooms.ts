/** Takes somebody who is gone out of all rooms: leaves them, declines invites, retracts knocks. */
import type { UserId } from '../matrix/identifiers.ts';
import { roomsWithMember } from '../projections/members.ts';
import type { Actor, CommandDeps } from './act.ts';
import { leaveRoom } from './leave.ts';
import { visitRooms, type RoomTour } from './visit-rooms.ts';

/**
 * Goes on until the user is joined to, invited to and knocking on no room. Rejects when the server cannot write now: what
 * is left is to be done later.
 */
export async function leaveAllRooms(deps: CommandDeps, tour: RoomTour, userId: UserId): Promise<void> {
  // Nobody's token: it may be a later process that does what was asked for.
  const actor: Actor = { userId, token: null, admin: false, onBehalfOf: null, grant: null };
  await visitRooms(tour, {
    page: async (after, limit) => {
      const found = await roomsWithMember(deps.db, userId, ['join', 'invite', 'knock'], { after, limit });
      return { rooms: found.map(({ roomId }) => roomId), next: found.length < limit ? null : found.at(-1)!.roomId };
    },
    visit: async (roomId) => void (await leaveRoom(deps, actor, { roomId })),
  });
}
