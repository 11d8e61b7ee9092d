/** Redacting an event: its words go for everybody, at once; that it was, by whom and when, stays. */
import { mayRedact } from '../access/room-access.ts';
import { eventById, type StoredEvent } from '../log/read.ts';
import type { ClientRequest } from '../log/keyed-answers.ts';
import { latestVerdicts } from '../log/verdict-queries.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { EventId, RoomId } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';
import { notInRoom, type Actor, type CommandDeps } from './act.ts';
import { actOnce } from './act-once.ts';
import { powerOf } from './member-draft.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

export const REDACTION = 'm.room.redaction';

/** As its row in `actions` calls it. */
export const REDACT_OPERATION = 'redactEvent';

// Of all room versions that are spoken here.
const EVENT_ID = /^\$[\w-]{43}$/;

export interface RedactionInput {
  readonly roomId: RoomId;
  /** The event to redact. */
  readonly eventId: string;
  /** What the redaction says besides: a reason. */
  readonly content: JsonObject;
  readonly request: ClientRequest;
}

/**
 * Redacts an event, once for each transaction id of the device. One's own may be redacted by whoever may send
 * redactions, others' with the room's redact level. Throws M_FORBIDDEN otherwise, and for what a room cannot do without;
 * M_NOT_FOUND for an event that the room does not have.
 */
export async function redactEvent(
  deps: CommandDeps,
  actor: Actor,
  { roomId, eventId, content, request }: RedactionInput,
  path: readonly string[] = ['redact', roomId, eventId],
): Promise<{ readonly eventId: EventId }> {
  // What is no id is not written down: acts are kept for ever, and it may be anything that somebody typed.
  const named = EVENT_ID.test(eventId) ? eventId : null;
  const act = { operation: REDACT_OPERATION, roomId, target: named };
  const redacted = await actOnce(deps, actor, act, { request, path }, async (room) => {
    const { standing, levels } = await powerOf(room, actor);
    if (standing.membership !== 'join') throw notInRoom();
    const target = named === null ? null : await findTarget(deps, room, named);
    if (target === null) throw new MatrixError('M_NOT_FOUND', 'The room has no such event.');
    const power = mayRedact(standing, levels, target);
    if (!power.allowed) throw new MatrixError('M_FORBIDDEN', power.why);
    const draft = { type: REDACTION, sender: actor.userId, content, redacts: target.eventId };
    return { send: draft, redacts: target };
  });
  if (redacted.eventId === null) throw new MatrixError('M_UNKNOWN');
  return { eventId: redacted.eventId };
}

async function findTarget({ db }: CommandDeps, room: LaneRoom, eventId: string): Promise<StoredEvent | null> {
  const { roomId } = room.head;
  let found = await eventById(db, eventId, roomId);
  if (found === null) {
    // It may be on its way: a client redacts what it has just been told of, or guesses.
    await room.appended();
    found = await eventById(db, eventId, roomId);
  }
  if (found === null || found.withheld) return null;
  const [verdict] = await latestVerdicts(db, [found]);
  return verdict === 'accepted' ? found : null;
}
