/** Which events of a room a user, or a server, may see, by the history visibility at each: pure, over what stood around it. */
import type { Membership } from '../matrix/pdu.ts';

/** What stood at one point of a room's history. */
export interface Viewpoint {
  /** `history_visibility` of the m.room.history_visibility event; null without one. An unknown value counts as `shared`. */
  readonly visibility: string | null;
  /** The viewer's membership. */
  readonly membership: Membership | 'none';
}

export interface ViewedEvent {
  readonly type: string;
  readonly stateKey: string | null;
}

export interface HistoryViewer {
  readonly userId: string;
  /** The viewer joined at this event or at any time after it. */
  readonly joinedSince: boolean;
}

/**
 * Whether the viewer may see an event (client-server API, History visibility). `before` and `after` are the room's state
 * around the event; they differ only for the event's own key. A knock grants nothing, and after a departure nothing more
 * is seen than the history visibility gives to anyone.
 */
export function maySeeEvent(event: ViewedEvent, viewer: HistoryViewer, before: Viewpoint, after: Viewpoint): boolean {
  if (seesMoment(before, viewer)) return true;
  // One's own member event is seen from either side of it; and always that one is out, or a declined invite or a
  // rejected knock would never go away on the viewer's screen.
  if (event.type === 'm.room.member' && event.stateKey === viewer.userId) {
    const out = after.membership === 'leave' || after.membership === 'ban';
    return out || seesMoment({ visibility: before.visibility, membership: after.membership }, viewer);
  }
  // A change of the visibility itself is seen when the old or the new value lets it be seen.
  if (event.type === 'm.room.history_visibility' && event.stateKey === '') {
    return seesMoment({ visibility: after.visibility, membership: before.membership }, viewer);
  }
  return false;
}

/** What stood at an event about a server that is in the room, or was. */
export interface ServerViewpoint {
  /** As of `Viewpoint`. */
  readonly visibility: string | null;
  /** Users of the server were in the room. */
  readonly joined: boolean;
  /** Users of the server were invited. */
  readonly invited: boolean;
}

/** Whether a server may read an event whole: what it may not, it gets in redacted form at most. */
export function serverMaySee({ visibility, joined, invited }: ServerViewpoint, isInRoom: boolean): boolean {
  if (joined || visibility === 'world_readable') return true;
  if (visibility === 'joined') return false;
  return visibility === 'invited' ? invited : isInRoom;
}

/** Whether the viewer may see what stood at one point: what maySeeEvent() asks before and after an event. */
export function seesMoment({ visibility, membership }: Viewpoint, { joinedSince }: HistoryViewer): boolean {
  if (membership === 'join') return true;
  switch (visibility) {
    case 'world_readable':
      return true;
    case 'joined':
      return false;
    case 'invited':
      return membership === 'invite';
    default:
      return joinedSince;
  }
}
