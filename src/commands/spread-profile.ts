/** Tells a user's rooms of the name and picture they show now: a fresh join event where the last one says something else. */
import { profileOf } from '../accounts/profiles.ts';
import { readEvents } from '../log/read.ts';
import type { RoomId, UserId } from '../matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../matrix/json.ts';
import { roomsWithMember } from '../projections/members.ts';
import { actInRoom, type Actor, type CommandDeps, type RoomDecision } from './act.ts';
import { memberDraft, profileAhead, standingOf } from './member-draft.ts';
import { visitRooms, type RoomTour } from './visit-rooms.ts';

/** What says how a user came in, or why; it was true of the event that said it, and is not of a new one. */
const OF_THE_MOMENT = ['join_authorised_via_users_server', 'third_party_invite', 'reason', 'is_direct'];
const SHOWN = ['displayname', 'avatar_url'];

/**
 * Goes through the rooms where the user is joined until none shows another profile. A room whose rules refuse is passed
 * over. Rejects when the server cannot write now: what is left is to be done later.
 */
export async function spreadProfile(deps: CommandDeps, tour: RoomTour, userId: UserId): Promise<void> {
  await visitRooms(tour, {
    page: async (after, limit) => {
      const rooms = await roomsWithMember(deps.db, userId, ['join'], { after, limit });
      return {
        rooms: await showingAnother(deps, userId, rooms),
        next: rooms.length < limit ? null : rooms.at(-1)!.roomId,
      };
    },
    visit: (roomId) => updateMember(deps, userId, roomId),
  });
}

async function showingAnother(
  { db }: CommandDeps,
  userId: UserId,
  rooms: readonly { readonly roomId: RoomId; readonly position: number }[],
): Promise<readonly RoomId[]> {
  const { displayname, avatar_url } = await profileOf(db, userId);
  const events = await readEvents(db, rooms);
  const other = events.filter(
    ({ content }) => (content['displayname'] ?? null) !== displayname || (content['avatar_url'] ?? null) !== avatar_url,
  );
  return other.map(({ roomId }) => roomId);
}

async function updateMember(deps: CommandDeps, userId: UserId, roomId: RoomId): Promise<void> {
  // Nobody's token: it may be a later process that does what was asked for.
  const actor: Actor = { userId, token: null, admin: false, onBehalfOf: null, grant: null };
  const profile = await profileAhead(deps, userId);
  await actInRoom(deps, actor, { operation: 'spreadProfile', roomId, target: userId }, async (room) => {
    const { membership, event } = await standingOf(room, userId);
    if (membership !== 'join' || event === undefined) return { unchanged: null };
    return updated(event.pdu.content, await profile(), userId);
  });
}

function updated(said: JsonObject, profile: JsonObject, userId: UserId): RoomDecision {
  const kept = Object.entries(said).filter(([key]) => !OF_THE_MOMENT.includes(key) && !SHOWN.includes(key));
  const content = { ...jsonObject(Object.fromEntries(kept)), ...profile };
  return { send: memberDraft({ sender: userId, target: userId, membership: 'join', content }) };
}
