/** Who may see and do what in a room: pure, over the viewer's standing and the room's power levels; a refusal says why. */
import type { Membership } from '../matrix/pdu.ts';
import type { PowerLevels } from '../matrix/room-state.ts';
import { isOwn, type Scope, type Standing } from './scopes.ts';

/** Somebody else in the room, or out of it. */
export interface Target {
  readonly userId: string;
  readonly membership: Membership | 'none';
}

export type Permission = { readonly allowed: true } | { readonly allowed: false; readonly why: string };

const ALLOWED: Permission = { allowed: true };

function refused(why: string): Permission {
  return { allowed: false, why };
}

const NOT_IN_ROOM = refused('You are not in this room.');

/**
 * Keeps the door: may see the room's knocks, who was turned away, and all transitions. Matrix lets every member invite
 * by default, which must not make every member a moderator: an invite level of 0 counts as 1.
 */
export function isModerator({ userId, membership }: Standing, levels: PowerLevels): boolean {
  if (membership !== 'join') return false;
  const level = levels.user(userId);
  return level >= Math.max(levels.invite, 1) || level >= levels.kick;
}

/** Sees all knocks and transitions of the room, and who knocked; everybody else sees only what is their own. */
export function seesKnocks(standing: Standing, levels: PowerLevels): boolean {
  return standing.scopes?.includes('knocks:read') ?? (standing.admin || isModerator(standing, levels));
}

/**
 * Sees the words of others that came with knocks and decisions, as far as they are shown at all. A token sees the words of
 * everything it sees, or of nothing; a person those of all that they see.
 */
export function seesReasons({ scopes }: Standing): boolean {
  return scopes?.includes('reasons:read') ?? true;
}

/** Sees acts and their outcomes, and events that are no member events, of everybody in the room. */
export function seesAudit(standing: Standing): boolean {
  return standing.scopes?.includes('audit:read') ?? standing.admin;
}

/** Knows that the room exists: whoever has, or had, anything to do with it. */
export function seesRoom({ scopes, admin, membership }: Standing): boolean {
  if (scopes !== null) return scopes.some((scope) => scope !== 'admin');
  return admin || membership !== 'none';
}

/** Sees its name, topic, alias and join rule as they are now: members, and those on its doorstep. */
export function seesRoomNow({ scopes, admin, membership }: Standing): boolean {
  if (scopes !== null) return scopes.includes('rooms:read');
  return admin || membership === 'join' || membership === 'invite' || membership === 'knock';
}

/** Sees who has power in the room: those on its doorstep are not told. */
export function seesLevels(standing: Standing): boolean {
  const { scopes, admin, membership } = standing;
  return seesRoomNow(standing) && (scopes !== null || admin || membership === 'join');
}

const OPEN_DOORS: readonly string[] = ['public', 'knock', 'knock_restricted'];
const INSIDE_OR_AT_DOOR: readonly string[] = ['join', 'invite', 'knock'];

/**
 * Sees what the room shows of itself to those outside (room_summary): members and those on its doorstep, and everybody where
 * everybody may read, enter or knock; `vouched` is a member of a room whose members may enter.
 */
export function mayPreview(
  at: Pick<Standing, 'membership'> & {
    readonly joinRule: string;
    readonly worldReadable: boolean;
    readonly vouched: boolean;
  },
): boolean {
  return (
    at.worldReadable || at.vouched || OPEN_DOORS.includes(at.joinRule) || INSIDE_OR_AT_DOOR.includes(at.membership)
  );
}

/** The memberships of others that the viewer sees in the room; null: all of them. */
export function visibleMemberships(standing: Standing, levels: PowerLevels): readonly Membership[] | null {
  const { scopes } = standing;
  if (scopes !== null && !scopes.includes('rooms:read')) return [];
  if (seesKnocks(standing, levels)) return null;
  // Who knocked, and who was turned away, is for moderators; a `leave` would tell.
  return scopes !== null || standing.membership === 'join' ? ['join', 'invite', 'ban'] : [];
}

export function mayInvite(standing: Standing, levels: PowerLevels): Permission {
  return scoped(standing, 'admin', canInvite(standing, levels));
}

/** Kick in general, and in particular when a target is given. */
export function mayKick(standing: Standing, levels: PowerLevels, target?: Target): Permission {
  return scoped(standing, 'admin', canRemove(standing, levels, 'kick', target));
}

export function mayBan(standing: Standing, levels: PowerLevels, target?: Target): Permission {
  return scoped(standing, 'admin', canRemove(standing, levels, 'ban', target));
}

export function maySetState(standing: Standing, levels: PowerLevels, type: string): Permission {
  if (standing.membership !== 'join') return NOT_IN_ROOM;
  const power = atLeast(levels.user(standing.userId), levels.forEvent(type, true), `send ${type}`);
  return scoped(standing, 'admin', power);
}

// Without its create event a room is none, and an access list without entries shuts every server out.
const NEVER_REDACTED: readonly string[] = ['m.room.create', 'm.room.server_acl'];

/** Redacts an event: one's own without asking; that redactions may be sent at all is for the rules to say. */
export function mayRedact(
  { userId, membership }: Standing,
  levels: PowerLevels,
  event: { readonly type: string; readonly sender: string },
): Permission {
  if (membership !== 'join') return NOT_IN_ROOM;
  if (NEVER_REDACTED.includes(event.type)) return refused(`An event of type ${event.type} cannot be redacted.`);
  if (event.sender === userId) return ALLOWED;
  return atLeast(levels.user(userId), levels.redact, 'redact what others sent');
}

/** Accepts knocks in general: accepting is inviting, by somebody who sees who knocked. */
export function mayAcceptKnocks(standing: Standing, levels: PowerLevels): Permission {
  return decides(standing, levels, canInvite(standing, levels));
}

/** Rejects knocks in general: rejecting is kicking. */
export function mayRejectKnocks(standing: Standing, levels: PowerLevels): Permission {
  return decides(standing, levels, canRemove(standing, levels, 'kick'));
}

/** Bans knockers in general, as the answer to their knocks. */
export function mayBanKnockers(standing: Standing, levels: PowerLevels): Permission {
  return decides(standing, levels, canRemove(standing, levels, 'ban'));
}

export function mayAcceptKnock(standing: Standing, levels: PowerLevels, knocker: Target): Permission {
  const general = mayAcceptKnocks(standing, levels);
  return general.allowed && knocker.membership !== 'knock' ? NOT_PENDING : general;
}

export function mayRejectKnock(standing: Standing, levels: PowerLevels, knocker: Target): Permission {
  const general = mayRejectKnocks(standing, levels);
  if (!general.allowed) return general;
  return knocker.membership === 'knock' ? canRemove(standing, levels, 'kick', knocker) : NOT_PENDING;
}

/** Bans who knocked, as the answer to the knock or after it. */
export function mayBanKnocker(standing: Standing, levels: PowerLevels, knocker?: Target): Permission {
  return scoped(standing, 'knocks:decide', canRemove(standing, levels, 'ban', knocker));
}

/** Claims knocks, notes and tags them: what moderators share beside deciding. */
export function mayTriage(standing: Standing, levels: PowerLevels): Permission {
  return scoped(standing, 'knocks:decide', standing.admin || isModerator(standing, levels) ? ALLOWED : NOT_AT_DOOR);
}

const NOT_PENDING = refused('The knock is no longer pending.');
const NOT_AT_DOOR = refused('You do not decide about the knocks on this room.');

// Where every member may invite, not every member learns from a decision who knocked.
function decides(standing: Standing, levels: PowerLevels, power: Permission): Permission {
  const scopedPower = scoped(standing, 'knocks:decide', power);
  return scopedPower.allowed && !standing.admin && !isModerator(standing, levels) ? NOT_AT_DOOR : scopedPower;
}

// A token is told of its scope first: no power of its user makes up for it.
function scoped({ scopes }: Standing, scope: Scope, power: Permission): Permission {
  if (scopes === null) return power;
  if (scopes.length === 0) return refused('This token is not for this room.');
  return scope !== 'admin' && scopes.includes(scope) ? power : refused(`This token needs the scope ${scope}.`);
}

function canInvite({ userId, membership }: Standing, levels: PowerLevels): Permission {
  if (membership !== 'join') return NOT_IN_ROOM;
  return atLeast(levels.user(userId), levels.invite, 'invite');
}

const REMOVED = { kick: 'removed', ban: 'banned' } as const;

function canRemove(
  { userId, membership }: Standing,
  levels: PowerLevels,
  act: 'kick' | 'ban',
  target?: Target,
): Permission {
  if (membership !== 'join') return NOT_IN_ROOM;
  const level = levels.user(userId);
  const enough = atLeast(level, levels[act], act);
  if (!enough.allowed || target === undefined) return enough;
  if (target.userId === userId) return refused(`You cannot ${act} yourself.`);
  if (levels.user(target.userId) === Infinity) return refused(`A creator of this room cannot be ${REMOVED[act]}.`);
  // The rules ask for strictly less power, of knockers and strangers too.
  if (levels.user(target.userId) >= level) return refused('The other user has at least your power level.');
  return ALLOWED;
}

function atLeast(level: number, needed: number, act: string): Permission {
  return level >= needed ? ALLOWED : refused(`To ${act} you need power level ${needed}; you have ${level}.`);
}

/**
 * Sees an event: member events are for those who keep the door, for their sender and for whom they are about; other
 * events for their sender, and for who audits.
 */
export function seesEvent(
  standing: Standing,
  levels: PowerLevels,
  event: { readonly type: string; readonly stateKey: string | null; readonly sender: string },
): boolean {
  if (seesAudit(standing) || isOwn(standing, event.sender)) return true;
  if (event.type !== 'm.room.member') return false;
  return (event.stateKey !== null && isOwn(standing, event.stateKey)) || seesKnocks(standing, levels);
}
