/** Sending an event that sets no state. */
import { MatrixError } from '../matrix/errors.ts';
import type { EventId, RoomId } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';
import { stringIn } from '../matrix/pdu.ts';
import type { ClientRequest } from '../log/keyed-answers.ts';
import { notInRoom, type Actor, type CommandDeps } from './act.ts';
import { actOnce } from './act-once.ts';
import { standingOf } from './member-draft.ts';
import { REDACTION, redactEvent } from './redact-event.ts';

export interface MessageInput {
  readonly roomId: RoomId;
  readonly type: string;
  readonly content: JsonObject;
  readonly request: ClientRequest;
}

/**
 * Sends an event, once for each transaction id of the device. Throws M_FORBIDDEN outside the room and by the rules,
 * M_BAD_JSON and M_TOO_LARGE as propose() does, M_LIMIT_EXCEEDED. A redaction is one however it is sent: redactEvent().
 */
export async function sendMessage(
  deps: CommandDeps,
  actor: Actor,
  { roomId, type, content, request }: MessageInput,
): Promise<{ readonly eventId: EventId }> {
  const path = ['send', roomId, type];
  if (type === REDACTION) {
    const target = stringIn(content, 'redacts');
    if (target === null) throw new MatrixError('M_BAD_JSON', 'redacts names the event to redact.');
    return redactEvent(deps, actor, { roomId, eventId: target, content, request }, path);
  }
  const act = { operation: 'sendMessage', roomId, target: type };
  const { eventId } = await actOnce(deps, actor, act, { request, path }, async (room) => {
    if ((await standingOf(room, actor.userId)).membership !== 'join') throw notInRoom();
    return { send: { type, content, sender: actor.userId } };
  });
  if (eventId === null) throw new MatrixError('M_UNKNOWN');
  return { eventId };
}
