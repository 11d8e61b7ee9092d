/** Invites of users of other servers: made in the room's turn, signed by their server outside of it, then judged again. */
import { MatrixError } from '../../matrix/errors.ts';
import { serverOf, type EventId, type RoomId, type UserId } from '../../matrix/identifiers.ts';
import type { JsonObject } from '../../matrix/json.ts';
import type { SignedPdu } from '../../matrix/pdu.ts';
import { isRejection } from '../../matrix/rejection.ts';
import type { RoomVersionId } from '../../matrix/room-versions.ts';
import {
  beginHandshake,
  dropHandshake,
  endHandshake,
  isOpenHandshake,
  openHandshakes,
  type Handshake,
  type IntendedAct,
} from '../../outbox/handshakes.ts';
import { actionOf, notInRoom, recordingRefusal } from '../act.ts';
import type { Act, ActResult, Actor, CommandDeps, RoomDecision } from '../act.ts';
import { isSilence, unreachable, type BegunInvite, type InviteCarrier } from './invite-carrier.ts';
import { refuseDecided } from '../pending-knock.ts';
import { keysToPropose, propose } from '../judge/propose.ts';
import type { Decision, LaneRoom } from '../lanes/room-lane.ts';
import { shownState } from '../shown-state.ts';

/** What an invite says once its target's profile is known; asked a second time for the event that is sent. */
export type DecideInvite = (room: LaneRoom, profile: JsonObject, isFirst: boolean) => Promise<RoomDecision>;

export interface InviteElsewhere {
  readonly operation: string;
  readonly roomId: RoomId;
  readonly target: UserId;
}

interface Proposed {
  readonly eventId: EventId;
  readonly version: RoomVersionId;
  readonly pdu: SignedPdu;
  readonly shown: readonly JsonObject[];
}

/** Longer than a server is given to answer. */
const PATIENCE_MS = 120_000;

/**
 * Sends the invite to the target's server and stores it with both signatures, if the room allows it then. Nothing is stored
 * otherwise, and the room goes on meanwhile. Throws what `decide` throws, M_FORBIDDEN by the rules, before and afterwards,
 * what carry() throws, and M_UNKNOWN (502) where other servers cannot be asked.
 */
export async function inviteElsewhere(
  deps: CommandDeps,
  actor: Actor,
  act: InviteElsewhere,
  decide: DecideInvite,
): Promise<ActResult> {
  const { roomId, target } = act;
  deps.limits?.consume(act.operation, actor.userId, roomId);
  return recordingRefusal(deps, actor, act, async () => {
    // Who may not invite makes nobody ask another server for anything.
    const first = await proposed(deps, actor, act, (room) => decide(room, {}, true));
    if ('roomId' in first) return first;
    const { carrier } = deps;
    if (carrier === undefined) throw unreachable(serverOf(target));
    return carrier.inTurn(turnOf(act.roomId, target), async () => {
      for (const open of await openHandshakes(deps.db, { kind: 'invite', roomId, userId: target }))
        await finish(deps, carrier, open);
      const profile = await carrier.profileOf(target);
      const made = await proposed(deps, actor, act, (room) => decide(room, profile, false));
      return 'roomId' in made ? made : sendOff(deps, carrier, actor, act, made);
    });
  });
}

function turnOf(roomId: RoomId, target: UserId): string {
  return `${roomId} ${target}`;
}

async function proposed(
  deps: CommandDeps,
  actor: Actor,
  act: Act,
  decide: (room: LaneRoom) => Promise<RoomDecision>,
): Promise<Proposed | ActResult> {
  return deps.lanes.run(act.roomId, async (room): Promise<Decision<Proposed | ActResult>> => {
    if (room === null) throw notInRoom();
    const decision = await decide(room);
    if ('unchanged' in decision) return unchanged(actor, act, decision.unchanged);
    const { send: draft, said } = decision;
    const { head } = room;
    const state = await room.state([...keysToPropose(draft, head), ['m.room.create', '']]);
    const invite = propose(draft, head, state, deps.identity, deps.now());
    if (isRejection(invite)) throw new MatrixError('M_FORBIDDEN', invite.message);
    if (state.get('m.room.create', '')?.pdu.content['m.federate'] === false)
      throw new MatrixError('M_FORBIDDEN', 'This room is not open to other servers.');
    if (said !== undefined) return unchanged(actor, act, said);
    const shown = await shownState(room, ['m.room.member', actor.userId]);
    return {
      judged: [],
      actions: [],
      answer: { eventId: invite.eventId, version: head.version.id, pdu: invite.pdu, shown },
    };
  });
}

function unchanged(actor: Actor, act: Act, eventId: EventId | null): Decision<ActResult> {
  const actions = [actionOf(actor, act, 'unchanged', null)];
  return { judged: [], actions, answer: { roomId: act.roomId, eventId } };
}

async function sendOff(
  deps: CommandDeps,
  carrier: InviteCarrier,
  actor: Actor,
  { operation, roomId, target }: InviteElsewhere,
  { shown, ...made }: Proposed,
): Promise<ActResult> {
  const { userId, token, onBehalfOf } = actor;
  const intent = {
    ...{ kind: 'invite' as const, roomId, userId: target, ...made, candidates: [serverOf(target)] },
    act: { actor: userId, token, operation, onBehalfOf },
  };
  const id = await beginHandshake(deps.db, intent, deps.now(), PATIENCE_MS);
  try {
    const invite = { ...intent, id, answered: null };
    return await store(deps, carrier, invite, await carrier.carry(invite, shown));
  } catch (error) {
    // Told to whoever asked, who may ask again. What is not known to have failed is taken up again.
    if (error instanceof MatrixError && error.status !== 503) await dropHandshake(deps.db, id);
    throw error;
  }
}

/**
 * Goes on with an invite that was begun by a process that is gone, with the same event. Throws what M_UNKNOWN (502) is for
 * while its target's server is silent, and whatever else may pass: it waits then.
 */
export async function goOnInviting(deps: CommandDeps, handshake: Handshake): Promise<void> {
  const { carrier } = deps;
  if (carrier === undefined) throw new Error('nobody carries invites');
  await carrier.inTurn(turnOf(handshake.roomId, handshake.userId), () => finish(deps, carrier, handshake));
}

/** A day after which nobody counts on it any more. */
const GIVEN_UP_MS = 86_400_000;

/** What is refused is over: whoever began it is gone, and finds it in `actions`. */
async function finish(deps: CommandDeps, carrier: InviteCarrier, handshake: Handshake): Promise<void> {
  const { id, roomId, userId, act, begunAt } = handshake;
  // Somebody else may have been faster.
  if (!(await isOpenHandshake(deps.db, id))) return;
  const waits = (error: unknown): boolean =>
    !(error instanceof MatrixError) ||
    error.status === 503 ||
    error.errcode === 'M_LIMIT_EXCEEDED' ||
    (isSilence(error) && deps.now() - begunAt < GIVEN_UP_MS);
  try {
    await carryOn(deps, carrier, handshake);
  } catch (error) {
    if (waits(error)) throw error;
    const told = { operation: act.operation, roomId, target: userId };
    await recordingRefusal(deps, actorOf(act), told, () => Promise.reject(error)).catch(() => undefined);
    await dropHandshake(deps.db, id);
  }
}

function actorOf({ actor, token, onBehalfOf }: IntendedAct): Actor {
  return { userId: actor, token, admin: false, onBehalfOf, grant: null };
}

async function carryOn(deps: CommandDeps, carrier: InviteCarrier, invite: BegunInvite): Promise<ActResult> {
  const shown = await deps.lanes.run(invite.roomId, async (room) => {
    if (room === null) throw notInRoom();
    const answer = await shownState(room, ['m.room.member', invite.act.actor]);
    return { judged: [], actions: [], answer };
  });
  return store(deps, carrier, invite, await carrier.carry(invite, shown));
}

/** The invite comes back as a sibling of what happened meanwhile. */
function store(
  deps: CommandDeps,
  { receiver }: InviteCarrier,
  { id, roomId, userId, eventId, act }: BegunInvite,
  pdu: SignedPdu,
): Promise<ActResult> {
  return receiver.admit({
    event: { eventId, roomId, pdu },
    origin: deps.identity.serverName,
    cause: { by: 'own', onBehalfOf: act.onBehalfOf },
    async check(room) {
      // Words that were erased meanwhile do not come back with it.
      if (!(await isOpenHandshake(deps.db, id))) throw new MatrixError('M_FORBIDDEN', 'The invite was taken back.');
      if (act.operation === 'acceptKnock') await refuseDecided(deps.db, room, userId);
    },
    async accepted(_room, judged) {
      const outcome = actionOf(
        actorOf(act),
        { operation: act.operation, roomId, target: userId },
        'ok',
        judged?.slot ?? null,
      );
      return { actions: [outcome], within: (tx) => endHandshake(tx, id), answer: { roomId, eventId } };
    },
  });
}
