/** What the handshakes of other servers have in common: ids in the path, and refusals as servers are told of them. */
import type { CommandDeps } from '../../commands/act.ts';
import { makeMember, type ServedMembership } from '../../commands/receive/make-member.ts';
import { takeMember, type TakeDeps } from '../../commands/receive/take-member.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseEventId, parseRoomId, parseUserId, type EventId, type RoomId } from '../../matrix/identifiers.ts';
import type { JsonObject } from '../../matrix/json.ts';
import type { ServerCaller } from '../endpoint.ts';
import type { HttpParts } from '../parts.ts';

interface MakeRequest {
  readonly params: { readonly roomId: string; readonly userId: string };
  readonly query: { readonly ver?: readonly string[] };
  readonly caller: ServerCaller;
}

/** A template for a user of the caller, with the version of its room. Throws as makeMember(), and M_INVALID_PARAM. */
export async function made(
  { commands }: HttpParts,
  membership: ServedMembership,
  { params, query, caller }: MakeRequest,
): Promise<{ readonly room_version: string; readonly event: JsonObject }> {
  const userId = parseUserId(params.userId);
  if (userId === null) throw new MatrixError('M_INVALID_PARAM', 'The path names no user.');
  const about = { roomId: roomIn(params.roomId), userId, membership, origin: caller.server };
  const { version, event } = await asServersAreTold(commands, () =>
    makeMember(commands, { ...about, versions: query.ver ?? null }),
  );
  return { room_version: version, event };
}

export interface SendRequest {
  readonly params: { readonly roomId: string; readonly eventId: string };
  readonly body: JsonObject;
  readonly caller: ServerCaller;
}

export type Answered<T> = Parameters<typeof takeMember<T>>[2];

/** Takes the member event that the caller sends. Throws as takeMember(), and M_INVALID_PARAM for the path. */
export async function taken<T>(
  { commands, federation }: HttpParts,
  membership: ServedMembership,
  { params, body, caller }: SendRequest,
  answer: Answered<T>,
): Promise<T> {
  const { receiver, checkEventSignatures } = federation;
  const deps: TakeDeps = { ...commands, receiver, checkSignatures: checkEventSignatures };
  const { roomId, eventId } = eventIn(params);
  const sent = { roomId, eventId, membership, origin: caller.server, value: body };
  return asServersAreTold(commands, () => takeMember(deps, sent, answer));
}

export function eventIn(params: SendRequest['params']): { readonly roomId: RoomId; readonly eventId: EventId } {
  const eventId = parseEventId(params.eventId);
  if (eventId === null) throw new MatrixError('M_INVALID_PARAM', 'The path names no event.');
  return { roomId: roomIn(params.roomId), eventId };
}

function roomIn(text: string): RoomId {
  const roomId = parseRoomId(text);
  if (roomId === null) throw new MatrixError('M_INVALID_PARAM', 'The path names no room.');
  return roomId;
}

/** A server that is told 429 shuts out all of us for minutes: of what is one user's or one room's it is told otherwise. */
export async function asServersAreTold<T>({ recorder }: CommandDeps, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MatrixError) || error.errcode !== 'M_LIMIT_EXCEEDED' || recorder.refusal() !== null)
      throw error;
    throw new MatrixError(error.errcode, error.message, { ...error.extra, status: 403 });
  }
}
