/** The acts of our users in rooms that this server is not in, each user's in a room one after the other. */
import type { Logger } from 'pino';
import { eventById } from '../../log/read.ts';
import { outOfBandOf } from '../../log/out-of-band.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { Handshake, HandshakeKind } from '../../outbox/handshakes.ts';
import { actionOf, recordingRefusal, type Actor } from '../act.ts';
import { receiveDenials, type Denials } from './denial-elsewhere.ts';
import type { ActorElsewhere, DoneElsewhere, Elsewhere, ElsewhereInput } from './elsewhere.ts';
import { createKeyedTurns } from '../keyed-turns.ts';
import { goOnKnocking, knockElsewhere } from './knock-elsewhere.ts';
import { goOnLeaving, leaveElsewhere } from './leave-elsewhere.ts';
import { candidatesFor, type OutsideParts } from './outside-parts.ts';
import { endInferred, probe, probeDue, probeOf } from './probe-elsewhere.ts';
import type { CheckSignatures } from '../receive/remotes.ts';

export interface ElsewhereDeps extends OutsideParts {
  readonly checkSignatures: CheckSignatures;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Aborts when the server is about to stop. */
  readonly signal: AbortSignal;
}

export interface ElsewhereActs extends Elsewhere {
  readonly denials: Denials;
  /** Goes on with what was begun and not ended. */
  readonly goOn: Readonly<Record<Exclude<HandshakeKind, 'invite'>, (handshake: Handshake) => Promise<void>>>;
  /** Asks about all knocks of which it is time to. Never rejects. */
  lookAtAll(): Promise<void>;
  /** Resolves when nothing is being done any more, once the signal has aborted. */
  close(): Promise<void>;
}

const EVERY_MS = 30_000;

/** Looks after knocks as long as the signal lets it. */
export function createElsewhere(deps: ElsewhereDeps): ElsewhereActs {
  const { log, signal } = deps;
  const inTurn = createKeyedTurns();
  const turnOf = <T>(userId: string, roomId: string, work: () => Promise<T>): Promise<T> =>
    inTurn(`${userId}\u0000${roomId}`, work);
  const act = <Input extends ElsewhereInput, T>(operation: string, run: Act<Input, T>) => {
    return (actor: ActorElsewhere, input: Input): Promise<T> => {
      const { roomId } = input;
      const told = { operation, roomId, target: actor.userId };
      return recordingRefusal(deps, asActor(actor), told, () =>
        turnOf(actor.userId, roomId, () => run(deps, actor, input)),
      );
    };
  };
  const onFailure = (error: unknown): void => log.error({ err: error }, 'a membership elsewhere was not looked after');
  let running: Promise<void> = Promise.resolve();
  const lookAtAll = (): Promise<void> => (running = running.then(() => probeDue(deps, signal)).catch(onFailure));
  const timer = setInterval(() => void lookAtAll(), EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  const denials = receiveDenials({ ...deps, onFailure });
  return {
    knock: act('knock', knockElsewhere),
    join: act('joinRoom', joinElsewhere),
    leave: act('leaveRoom', leaveElsewhere),
    lookAgain: (roomId, userId) => probeOf(deps, roomId, userId).catch(onFailure),
    denials,
    goOn: {
      knock: (one) => turnOf(one.userId, one.roomId, () => goOnKnocking(deps, one)),
      leave: (one) => turnOf(one.userId, one.roomId, () => goOnLeaving(deps, one)),
    },
    lookAtAll,
    async close() {
      await running;
      await denials.settled();
    },
  };
}

type Act<Input, T> = (parts: ElsewhereDeps, actor: ActorElsewhere, input: Input) => Promise<T>;

function asActor({ userId, token, onBehalfOf }: ActorElsewhere): Actor {
  return { userId, token, admin: false, onBehalfOf, grant: null };
}

/** Joins; an invite that the room's server knows nothing of any more is over. */
async function joinElsewhere(
  deps: ElsewhereDeps,
  actor: ActorElsewhere,
  { roomId, via = [], content }: ElsewhereInput,
): Promise<DoneElsewhere> {
  const { userId } = actor;
  const { servers } = await candidatesFor(deps, roomId, userId, via);
  if (servers.length > 0) deps.limits?.take({ name: 'remoteJoin', key: userId });
  try {
    const { eventId } = await deps.joiner.join({ roomId, userId, candidates: servers, content });
    const stored = await eventById(deps.db, eventId, roomId);
    const slot = stored === null ? null : { eventId, position: stored.position };
    const told = { operation: 'joinRoom', roomId, target: userId };
    const actions = [actionOf(asActor(actor), told, 'ok', slot)];
    await deps.recorder.append({ roomId: null, head: null, judged: [], actions, erasures: [] });
    return { roomId, eventId };
  } catch (error) {
    if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') await endRevoked(deps, actor, roomId);
    throw error;
  }
}

async function endRevoked(
  deps: ElsewhereDeps,
  { userId }: ActorElsewhere,
  roomId: ElsewhereInput['roomId'],
): Promise<void> {
  const known = await outOfBandOf(deps.db, roomId, userId);
  if (known?.membership === 'invite' && (await probe(deps, known)) === 'ended') await endInferred(deps, known);
}
