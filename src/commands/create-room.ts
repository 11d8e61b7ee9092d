/** Creating a room: all of its first events, judged one on the other and stored as one unit. */
import { aliasNamed, insertAlias } from '../directory/aliases.ts';
import { setVisibility } from '../directory/published-rooms.ts';
import { MatrixError, type Errcode } from '../matrix/errors.ts';
import type { RoomAlias, RoomId, UserId } from '../matrix/identifiers.ts';
import { serverOf } from '../matrix/identifiers.ts';
import { jsonObject } from '../matrix/json.ts';
import { isRejection } from '../matrix/rejection.ts';
import { actionOf, recordingRefusal, type Actor, type CommandDeps } from './act.ts';
import { inTurnOfAlias } from './alias-turns.ts';
import type { EventChain } from './event-chain.ts';
import { decideInvite } from './invite.ts';
import { inviteElsewhere } from './elsewhere/invite-elsewhere.ts';
import { memberDraft, profileFields } from './member-draft.ts';
import { startRoom } from './new-room.ts';
import type { EventDraft } from './judge/propose.ts';
import { drawsOfInvites } from './rate-limits.ts';
import type { NewRoom } from './lanes/room-lane.ts';
import { planRoom, type CreateRoomInput, type RoomPlan } from './room-plan.ts';

/**
 * Makes a room (client-server API, createRoom): create, the creator's join, power levels, the alias' event, the preset's
 * join rule, history visibility and guest access, initial state, name, topic, invites; its alias and its place in the
 * directory. Every event is authorized, and all of it is stored or none. Users of other servers are invited once it is stored,
 * as far as that can be: one whose server is silent is told of in `actions` alone.
 * Throws M_UNSUPPORTED_ROOM_VERSION, M_BAD_JSON, M_INVALID_PARAM, M_TOO_LARGE for the request; M_ROOM_IN_USE for an alias
 * that exists; M_INVALID_ROOM_STATE when the rules refuse one of its events; M_LIMIT_EXCEEDED. And, of a room
 * that is there by then, M_INVITE_BLOCKED, M_FORBIDDEN and M_UNSUPPORTED_ROOM_VERSION as an invitee's server refuses.
 */
export async function createRoom(
  deps: CommandDeps,
  actor: Actor,
  input: CreateRoomInput,
): Promise<{ readonly roomId: RoomId }> {
  const act = { operation: 'createRoom', roomId: null };
  deps.limits?.consume(act.operation, actor.userId, null, drawsOfInvites(actor.userId, input.invite ?? []));
  const room = await recordingRefusal(deps, actor, act, async () => {
    const start = () => deps.lanes.start(() => makeRoom(deps, actor, input));
    const { alias, invites, isDirect } = plan(deps, actor, input);
    const made = await (alias === null ? start() : inTurnOfAlias(alias, () => refuseTaken(deps, alias).then(start)));
    return { ...made, others: invites.filter((userId) => serverOf(userId) !== deps.identity.serverName), isDirect };
  });
  // That it was made stands in `actions`, whatever becomes of these.
  const refusals = await Promise.all(
    room.others.map((userId) => inviteStranger(deps, actor, room.roomId, userId, room.isDirect)),
  );
  const refusal = refusals.find((one) => one !== null);
  if (refusal !== undefined) throw refusal;
  return { roomId: room.roomId };
}

/** What the specification has createRoom say of a server that will not have its user invited (403, and 400 for the version). */
const PASSED_ON: readonly Errcode[] = ['M_INVITE_BLOCKED', 'M_FORBIDDEN', 'M_UNSUPPORTED_ROOM_VERSION'];

/** A refusal that is passed on, or null. A server that is not to be reached does not undo the room: it may be asked again. */
async function inviteStranger(
  deps: CommandDeps,
  actor: Actor,
  roomId: RoomId,
  userId: UserId,
  isDirect: boolean,
): Promise<MatrixError | null> {
  const content = isDirect ? jsonObject({ is_direct: true }) : undefined;
  try {
    await inviteElsewhere(deps, actor, { operation: 'inviteUser', roomId, target: userId }, (room, profile) =>
      decideInvite(deps, actor, room, { roomId, userId, content, profile, counts: false }),
    );
    return null;
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    return PASSED_ON.includes(error.errcode) ? error : null;
  }
}

function plan(deps: CommandDeps, actor: Actor, input: CreateRoomInput): RoomPlan {
  return planRoom(input, {
    creator: actor.userId,
    serverName: deps.identity.serverName,
    defaultVersion: deps.defaultRoomVersion,
    nonce: deps.randomId(16),
  });
}

async function refuseTaken(deps: CommandDeps, alias: RoomAlias): Promise<void> {
  if ((await aliasNamed(deps.db, alias)) !== null) throw new MatrixError('M_ROOM_IN_USE', `${alias} exists already.`);
}

async function makeRoom(
  deps: CommandDeps,
  actor: Actor,
  input: CreateRoomInput,
): Promise<NewRoom<{ readonly roomId: RoomId }>> {
  const planned = plan(deps, actor, input);
  const chain = startRoom(deps, actor, planned);
  await fillRoom(deps, actor.userId, planned, chain);
  const { head, judged } = chain;
  const { roomId } = head;
  const { alias, visibility } = planned;
  return {
    head,
    judged,
    actions: [actionOf(actor, { operation: 'createRoom', roomId }, 'ok', judged[0]!.slot)],
    async within(tx) {
      if (alias !== null) await insertAlias(tx, { alias, roomId, creator: actor.userId }, deps.now());
      if (visibility === 'public') await setVisibility(tx, roomId, visibility, deps.now());
    },
    answer: { roomId },
  };
}

async function fillRoom(deps: CommandDeps, sender: UserId, planned: RoomPlan, chain: EventChain): Promise<void> {
  const { serverName } = deps.identity;
  const [profile, ...profiles] = await Promise.all(
    [sender, ...planned.invites].map((userId) => profileFields(deps.db, userId, serverName)),
  );
  const join = memberDraft({ sender, target: sender, membership: 'join', profile });
  for (const draft of [join, ...planned.state.map((state) => ({ ...state, sender }))]) {
    await send(chain, draft, (message) => new MatrixError('M_INVALID_ROOM_STATE', message));
  }
  for (const [i, target] of planned.invites.entries()) {
    if (target === sender) throw new MatrixError('M_FORBIDDEN', 'You cannot invite yourself.');
    // Their servers have to sign, and want to hear of a room that there is.
    if (serverOf(target) !== serverName) continue;
    const direct = planned.isDirect ? { is_direct: true } : {};
    const draft = memberDraft({ sender, target, membership: 'invite', profile: { ...profiles[i], ...direct } });
    await send(chain, draft, (message) => new MatrixError('M_FORBIDDEN', message));
  }
}

async function send(chain: EventChain, draft: EventDraft, refusal: (message: string) => MatrixError): Promise<void> {
  const sent = await chain.send(draft);
  if (isRejection(sent)) throw refusal(sent.message);
}
