/** Creating a room: all of its first events, judged one on the other and stored as one unit. */
import { MatrixError } from '../matrix/errors.ts';
import { eventIdOf, roomIdOfCreate } from '../matrix/hashes.ts';
import type { RoomId, UserId } from '../matrix/identifiers.ts';
import { serverOf } from '../matrix/identifiers.ts';
import { isRejection } from '../matrix/rejection.ts';
import type { RoomVersion } from '../matrix/room-versions.ts';
import type { JudgedPdu } from '../log/judged-pdu.ts';
import { actionOf, recordingRefusal, type Actor, type CommandDeps } from './act.ts';
import { planRoom, type CreateRoomInput, type RoomPlan } from './room-plan.ts';
import { unreachable } from './invite.ts';
import { judge } from './judge.ts';
import { memberDraft, profileFields } from './member-draft.ts';
import { propose, type EventDraft } from './propose.ts';
import { advance, newRoomHead, pendingState, type RoomHead } from './room-head.ts';

/**
 * Makes a room (client-server API, createRoom): create, the creator's join, power levels, the preset's join rule, history
 * visibility and guest access, initial state, name, topic, invites; every event authorized, all stored or none.
 * Throws M_UNSUPPORTED_ROOM_VERSION, M_BAD_JSON, M_INVALID_PARAM for the request; M_INVALID_ROOM_STATE when the rules
 * refuse one of its events; M_LIMIT_EXCEEDED; M_UNKNOWN (502) for invites to other servers.
 */
export async function createRoom(
  deps: CommandDeps,
  actor: Actor,
  input: CreateRoomInput,
): Promise<{ readonly roomId: RoomId }> {
  const act = { operation: 'createRoom', roomId: null };
  await deps.limits?.consume(act.operation, actor.userId, null);
  return recordingRefusal(deps, actor, act, async () => {
    return deps.lanes.start(async () => {
      const plan = planRoom(input, {
        creator: actor.userId,
        defaultVersion: deps.defaultRoomVersion,
        nonce: deps.randomId(16),
      });
      const { head, judged } = startRoom(deps, plan, actor.userId);
      await fillRoom(deps, actor, plan, { head, judged });
      const { roomId } = head;
      const actions = [actionOf(actor, { operation: 'createRoom', roomId }, 'ok', judged[0]!.slot)];
      return { head, judged, actions, answer: { roomId } };
    });
  });
}

interface NewRoom {
  readonly head: RoomHead;
  readonly judged: JudgedPdu[];
}

/** The create event. Since version 12 the room is named by it, so the head comes after it. */
function startRoom(deps: CommandDeps, { version, create }: RoomPlan, sender: UserId): NewRoom {
  const draft: EventDraft = { type: 'm.room.create', stateKey: '', sender, content: create };
  const named = newRoomHead(newRoomId(deps, version), version);
  const proposed = propose(draft, named, pendingState(named), deps.identity, deps.now());
  if (isRejection(proposed)) throw new MatrixError('M_INVALID_ROOM_STATE', proposed.message);
  const head = version.roomIdIsCreateHash
    ? newRoomHead(roomIdOfCreate(eventIdOf(proposed.pdu, version)), version)
    : named;
  const judged = judge(head, proposed, pendingState(head), null);
  advance(head, judged);
  return { head, judged: [judged] };
}

// Up to version 11 an opaque random name at our domain; replaced by the create event's hash since version 12.
function newRoomId(deps: CommandDeps, version: RoomVersion): RoomId {
  const name = version.roomIdIsCreateHash ? '' : `${deps.randomId(18)}:${deps.identity.serverName}`;
  return `!${name}` as RoomId;
}

async function fillRoom(deps: CommandDeps, actor: Actor, plan: RoomPlan, room: NewRoom): Promise<void> {
  const { serverName } = deps.identity;
  const sender = actor.userId;
  const profile = await profileFields(deps.db, sender, serverName);
  const join = memberDraft({ sender, target: sender, membership: 'join', profile });
  for (const draft of [join, ...plan.state.map((state) => ({ ...state, sender }))]) {
    send(deps, actor, room, draft, (message) => new MatrixError('M_INVALID_ROOM_STATE', message));
  }
  for (const target of plan.invites) {
    if (target === sender) throw new MatrixError('M_FORBIDDEN', 'You cannot invite yourself.');
    if (serverOf(target) !== serverName) throw unreachable(target);
    const direct = plan.isDirect ? { is_direct: true } : {};
    const invited = { ...(await profileFields(deps.db, target, serverName)), ...direct };
    const draft = memberDraft({ sender, target, membership: 'invite', profile: invited });
    send(deps, actor, room, draft, (message) => new MatrixError('M_FORBIDDEN', message));
  }
}

function send(
  deps: CommandDeps,
  actor: Actor,
  { head, judged }: NewRoom,
  draft: EventDraft,
  refusal: (message: string) => MatrixError,
): void {
  const state = pendingState(head);
  const proposed = propose(draft, head, state, deps.identity, deps.now());
  if (isRejection(proposed)) throw refusal(proposed.message);
  const next = judge(head, proposed, state, actor.onBehalfOf);
  advance(head, next);
  judged.push(next);
}
