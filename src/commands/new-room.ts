/** How a room begins: its id, its create event, and the chain that its first events are sent on. */
import { MatrixError } from '../matrix/errors.ts';
import { eventIdOf, roomIdOfCreate } from '../matrix/hashes.ts';
import type { RoomId } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';
import { isRejection } from '../matrix/rejection.ts';
import type { RoomVersion } from '../matrix/room-versions.ts';
import type { Actor, CommandDeps } from './act.ts';
import { chainOnNewRoom, type EventChain } from './event-chain.ts';
import { judge } from './judge/judge.ts';
import { propose, type EventDraft } from './judge/propose.ts';
import { advance, newRoomHead, pendingState } from './lanes/room-head.ts';

/** What a room is made of before anybody is in it. */
export interface RoomStart {
  readonly version: RoomVersion;
  /** Content of the create event. */
  readonly create: JsonObject;
}

/** The id of a room to be, up to version 11: an opaque random name at our domain. Since 12 it is the create event's hash. */
export function newRoomId(deps: CommandDeps, version: RoomVersion): RoomId {
  const name = version.roomIdIsCreateHash ? '' : `${deps.randomId(18)}:${deps.identity.serverName}`;
  return `!${name}` as RoomId;
}

/** Sends the create event. `roomId` is of newRoomId(). Throws M_INVALID_ROOM_STATE when the rules refuse it. */
export function startRoom(
  deps: CommandDeps,
  actor: Actor,
  { version, create }: RoomStart,
  roomId: RoomId = newRoomId(deps, version),
): EventChain {
  const draft: EventDraft = { type: 'm.room.create', stateKey: '', sender: actor.userId, content: create };
  const named = newRoomHead(roomId, version);
  const proposed = propose(draft, named, pendingState(named), deps.identity, deps.now());
  if (isRejection(proposed)) throw new MatrixError('M_INVALID_ROOM_STATE', proposed.message);
  const head = version.roomIdIsCreateHash
    ? newRoomHead(roomIdOfCreate(eventIdOf(proposed.pdu, version)), version)
    : named;
  const judged = judge(head, proposed, pendingState(head), null);
  advance(head, judged);
  return chainOnNewRoom(deps, actor, head, judged);
}
