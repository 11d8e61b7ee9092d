/** Acts that a client may ask for again with the same transaction id: done once, answered each time alike. */
import { answerTo, requestKey, type ClientRequest } from '../log/keyed-answers.ts';
import { actInRoom, type Act, type ActResult, type Actor, type CommandDeps, type RoomDecision } from './act.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

// Requests that are being answered, by who asks and their key. One process writes, so no other can be doing the same.
const running = new Map<string, Promise<ActResult>>();

/**
 * As actInRoom(), once for each of a device's requests: `path` tells them apart, besides the transaction id. The
 * answer stands in the log's transaction with the event, so neither a repeat at the same time nor one after a crash
 * makes another event. A refusal is not remembered: the repeat is a new attempt.
 */
export async function actOnce(
  deps: CommandDeps,
  actor: Actor,
  act: Omit<Act, 'request'>,
  { request, path }: { readonly request: ClientRequest; readonly path: readonly string[] },
  decide: (room: LaneRoom) => Promise<RoomDecision>,
): Promise<ActResult> {
  const key = requestKey([request.deviceId, ...path, request.transactionId]);
  const name = `${actor.userId} ${key}`;
  for (let other = running.get(name); other !== undefined; other = running.get(name)) {
    const answer = await other.catch(() => null);
    if (answer !== null) return answer;
  }
  const answered = answer(deps, actor, { ...act, request: { ...request, key } }, decide);
  const mine = answered.finally(() => running.delete(name));
  running.set(name, mine);
  return mine;
}

async function answer(
  deps: CommandDeps,
  actor: Actor,
  act: Act & { readonly request: { readonly key: string } },
  decide: (room: LaneRoom) => Promise<RoomDecision>,
): Promise<ActResult> {
  const eventId = await answerTo(deps.db, { actor: actor.userId, key: act.request.key });
  return eventId === null ? actInRoom(deps, actor, act, decide) : { roomId: act.roomId, eventId };
}
