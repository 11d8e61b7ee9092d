/** Which scope a service token needs for which act. Pure. A token acts as its user, so the user's power bounds it besides. */
import type { Permission } from './room-access.ts';
import { isBounded, type Scope, type Viewer } from './scopes.ts';

// Whatever is not named here is for tokens with `admin`: a new act is closed to the others until somebody opens it.
const SCOPE_OF_ACT: Readonly<Record<string, Scope | null>> = {
  acceptKnock: 'knocks:decide',
  rejectKnock: 'knocks:decide',
  decideKnocks: 'knocks:decide',
  claimKnock: 'knocks:decide',
  releaseKnock: 'knocks:decide',
  markKnockSeen: 'knocks:decide',
  noteKnock: 'knocks:decide',
  tagKnock: 'knocks:decide',
  untagKnock: 'knocks:decide',
  revealReason: 'reasons:read',
  revealEvent: 'reasons:read',
  // Of itself: mayManageToken() sees to that.
  rotateServiceToken: null,
};

/** The scope that a token needs for a mutation; null: none. */
export function scopeOfAct(operation: string): Scope | null {
  return Object.hasOwn(SCOPE_OF_ACT, operation) ? SCOPE_OF_ACT[operation]! : 'admin';
}

/**
 * Whether the viewer may do an act of this name at all. Where the input names no room (`roomId` null) its scopes count in some
 * room, and the act itself has to ask room-access.ts about each room it finds.
 */
export function mayAct(viewer: Viewer, operation: string, roomId: string | null): Permission {
  if (!isBounded(viewer)) return { allowed: true };
  const { scopes, roomIds } = viewer.grant;
  const scope = scopeOfAct(operation);
  if (scope === null) return { allowed: true };
  if (scope === 'admin' || !scopes.includes(scope)) {
    return { allowed: false, why: `This token cannot do that: it needs the scope ${scope}.` };
  }
  const inRoom = roomIds === null || roomId === null || roomIds.includes(roomId);
  return inRoom ? { allowed: true } : { allowed: false, why: 'This token is not for this room.' };
}

/**
 * Whether the viewer may make, rotate or end a service token, or see them all. Persons who are admins may; a token with
 * `admin` may end and see, but not make others, which would outlive it; any may rotate itself.
 */
export function mayManageToken(
  viewer: Viewer,
  act: 'create' | 'rotate' | 'revoke' | 'see',
  isItself: boolean,
): Permission {
  if (isItself && (act === 'rotate' || act === 'see')) return { allowed: true };
  if (!viewer.admin) return { allowed: false, why: 'Only an admin of this server has to do with service tokens.' };
  const byToken = viewer.grant !== null && (act === 'create' || act === 'rotate');
  return byToken ? { allowed: false, why: 'No token makes tokens, or secrets of others.' } : { allowed: true };
}
