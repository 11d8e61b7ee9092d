/** What all membership acts share: the draft of a member event, and who stands where before it. */
import { standingIn, type Standing as ViewerStanding } from '../access/scopes.ts';
import { profileOf } from '../accounts/profiles.ts';
import type { Db } from '../database/database.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import { MatrixError } from '../matrix/errors.ts';
import { serverOf, type RoomId, type ServerName, type UserId } from '../matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../matrix/json.ts';
import { membershipOf, type Membership } from '../matrix/pdu.ts';
import { powerLevels, type PowerLevels } from '../matrix/room-state.ts';
import type { Actor, CommandDeps, RoomDecision } from './act.ts';
import { notHere } from './elsewhere/elsewhere.ts';
import type { EventDraft } from './judge/propose.ts';
import type { StateEntry } from './lanes/room-head.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

/** A moderator's act on somebody. */
export interface MemberInput {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly reason?: string | undefined;
  /** The whole content, where the caller wrote the member event as state. */
  readonly content?: JsonObject | undefined;
}

/** One's own act. */
export interface SelfInput {
  readonly roomId: RoomId;
  readonly reason?: string | undefined;
  /** Servers that may know the room. */
  readonly via?: readonly string[] | undefined;
  readonly content?: JsonObject | undefined;
}

interface Draft {
  readonly sender: UserId;
  readonly target: UserId;
  readonly membership: Membership;
  readonly reason?: string | undefined;
  readonly profile?: JsonObject | undefined;
  readonly content?: JsonObject | undefined;
  /** The member with the power to invite who vouches for a restricted join. */
  readonly authoriser?: UserId | undefined;
}

const AUTHORISER = 'join_authorised_via_users_server';

/**
 * A member event: what the caller wrote, over the profile, under the membership and the reason. Who vouched for a join
 * is never the caller's to write: it is `authoriser`, whom the server found, or nobody.
 */
export function memberDraft({ sender, target, membership, reason, profile, content, authoriser }: Draft): EventDraft {
  const whole = jsonObject({
    ...profile,
    ...content,
    ...(reason === undefined ? {} : { reason }),
    [AUTHORISER]: authoriser,
    membership,
  });
  return { type: 'm.room.member', sender, stateKey: target, content: whole };
}

/** The name and picture that member events of a local user carry; nothing of users elsewhere. */
export async function profileFields(db: Db, userId: UserId, serverName: ServerName): Promise<JsonObject> {
  if (serverOf(userId) !== serverName) return {};
  const { displayname, avatar_url } = await profileOf(db, userId);
  return { ...(displayname === null ? {} : { displayname }), ...(avatar_url === null ? {} : { avatar_url }) };
}

/**
 * The same, read ahead of the room's turn. In the turn it is read again if words were erased since: they must not come
 * back with an event that was on its way.
 */
export async function profileAhead(deps: CommandDeps, userId: UserId): Promise<() => Promise<JsonObject>> {
  const seen = deps.lanes.forgotten();
  const read = (): Promise<JsonObject> => profileFields(deps.db, userId, deps.identity.serverName);
  const profile = await read();
  return async () => (deps.lanes.forgotten() === seen ? profile : read());
}

export interface Standing {
  readonly membership: Membership | 'none';
  readonly event: StateEntry | undefined;
}

/** Where somebody stands in the room right now. */
export async function standingOf(room: LaneRoom, userId: UserId): Promise<Standing> {
  const state = await room.state([['m.room.member', userId]]);
  const event = state.get('m.room.member', userId);
  return { event, membership: (event && membershipOf(event.pdu)) ?? 'none' };
}

export interface Power {
  readonly standing: ViewerStanding;
  readonly levels: PowerLevels;
}

/** What access/ judges the actor by, right now. */
export async function powerOf(room: LaneRoom, actor: Actor): Promise<Power> {
  const { membership } = await standingOf(room, actor.userId);
  const state = await room.state([
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ]);
  const standing = standingIn(actor, room.head.roomId, membership);
  return { standing, levels: powerLevels(state, room.head.version) };
}

/** Sends nothing when the same sender already said exactly this, and still may. */
export function unlessSaid(before: StateEntry | undefined, draft: EventDraft): RoomDecision {
  const same =
    before !== undefined &&
    before.pdu.sender === draft.sender &&
    canonicalJson(before.pdu.content) === canonicalJson(draft.content);
  return { send: draft, said: same ? before.eventId : undefined };
}

/** An unknown room, or one that nobody here is in: it is asked for elsewhere. Where nobody can be asked: with servers to ask the answer is that none could be reached, without any it is not found. */
export function unknownRoom(
  { limits, elsewhere }: Pick<CommandDeps, 'limits' | 'elsewhere'>,
  actor: Actor,
  via: readonly string[] | undefined,
): () => Error {
  return () => {
    if (elsewhere !== undefined) return notHere;
    if (via === undefined || via.length === 0) return new MatrixError('M_NOT_FOUND', 'This server knows no such room.');
    limits?.take({ name: 'remoteJoin', key: actor.userId });
    return new MatrixError('M_UNKNOWN', 'No server that knows the room could be reached.', { status: 502 });
  };
}
