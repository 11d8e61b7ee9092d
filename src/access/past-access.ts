/** Who may see a room as it was: pure. The present decides who looks back at all, and the history visibility of then how far. */
import type { Membership } from '../matrix/pdu.ts';
import type { PowerLevels } from '../matrix/room-state.ts';
import { seesMoment, type Viewpoint } from './history-visibility.ts';
import { seesKnocks, visibleMemberships } from './room-access.ts';
import type { Standing } from './scopes.ts';

/**
 * Sees the room's name, rules, levels and members at a past moment: whoever keeps the door now, at all moments; another
 * member where the history visibility of then lets them read what happened then. Who has left, was put out or was never in
 * sees nothing of it, whatever power they had. A service token with `rooms:read` sees all moments.
 */
export function seesRoomThen(standing: Standing, levels: PowerLevels, then: Viewpoint): boolean {
  if (standing.scopes !== null) return standing.scopes.includes('rooms:read');
  if (seesKnocks(standing, levels)) return true;
  // Whoever is in the room now has joined since.
  return standing.membership === 'join' && seesMoment(then, { userId: standing.userId, joinedSince: true });
}

/** The memberships of others that the viewer sees at a past moment; null: all of them. One's own are always seen. */
export function visibleMembershipsThen(
  standing: Standing,
  levels: PowerLevels,
  then: Viewpoint,
): readonly Membership[] | null {
  return seesRoomThen(standing, levels, then) ? visibleMemberships(standing, levels) : [];
}
