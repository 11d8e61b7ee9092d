/**
 * Who asks: a person with all that they may, or a service token with the scopes it was given, in some rooms or in all.
 * Pure. A resolver asks in this order: `viewerOf(context)` is the Viewer; `sightOf(context, roomId)` gives the Standing in a
 * room; the decisions of room-access.ts take that. `isOwn(viewer, userId)` instead of comparing ids: a token has nothing of
 * its own. Whether a mutation may run at all, acts.ts says, before the resolver.
 */
import type { Membership } from '../matrix/pdu.ts';

/** From little to much. None implies another, but `admin` all of them. */
export const SCOPES = ['rooms:read', 'knocks:read', 'reasons:read', 'knocks:decide', 'audit:read', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

export function isScope(word: string): word is Scope {
  return (SCOPES as readonly string[]).includes(word);
}

/** What a service token was given. */
export interface Grant {
  readonly scopes: readonly Scope[];
  /** The rooms it is good for; null: all. */
  readonly roomIds: readonly string[] | null;
}

export interface Viewer {
  readonly userId: string;
  /** Admin of this server: sees everything kept here, but acts in a room by power alone. Of a token only with that scope. */
  readonly admin: boolean;
  /** Null: a person, or the server itself. */
  readonly grant: Grant | null;
}

/** Where a viewer stands in a room, now. */
export interface Standing {
  readonly userId: string;
  readonly admin: boolean;
  /** What a token may do here; null: no scope bounds the viewer. */
  readonly scopes: readonly Scope[] | null;
  readonly membership: Membership | 'none';
}

/** A token that was given `admin` counts as its user does, as long as that user is an admin. */
export function isBounded(viewer: Viewer): viewer is Viewer & { readonly grant: Grant } {
  return viewer.grant !== null && !viewer.admin;
}

export function standingIn(viewer: Viewer, roomId: string, membership: Membership | 'none'): Standing {
  const scopes = isBounded(viewer) ? scopesIn(viewer.grant, roomId) : null;
  return { userId: viewer.userId, admin: viewer.admin, scopes, membership };
}

function scopesIn({ scopes, roomIds }: Grant, roomId: string): readonly Scope[] {
  return roomIds === null || roomIds.includes(roomId) ? scopes : [];
}

/** The rooms where a token holds a scope, or any scope at all; null: every room. */
export function roomsGranted({ scopes, roomIds }: Grant, scope?: Scope): readonly string[] | null {
  const held = scope === undefined ? scopes.some((each) => each !== 'admin') : scopes.includes(scope);
  return held ? roomIds : [];
}

/** A token holds a scope in every room. */
export function holdsEverywhere({ scopes, roomIds }: Grant, scope: Scope): boolean {
  return roomIds === null && scopes.includes(scope);
}

/** What a person sees because it is about them. The user of a token is not shown to it for that alone. */
export function isOwn(viewer: Viewer | Standing, userId: string): boolean {
  const bounded = 'grant' in viewer ? isBounded(viewer) : viewer.scopes !== null;
  return !bounded && viewer.userId === userId;
}
