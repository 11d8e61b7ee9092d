/** What a server is told of the room that one of its users has just joined: the state before the join, and all that it rests on. */
import { Type } from 'typebox';
import type { Db } from '../../database/database.ts';
import { pduTexts } from '../../log/pdu-texts.ts';
import { eventById } from '../../log/read.ts';
import type { Ref } from '../../log/state-lines.ts';
import { wholeState } from '../../log/whole-state.ts';
import { authChain } from '../../matrix/auth-chain.ts';
import { hasEventAt } from '../../matrix/auth-graph.ts';
import type { EventId, RoomId } from '../../matrix/identifiers.ts';
import { refsBefore } from '../../projections/sync-queries.ts';
import { inPieces, type EndpointAnswer } from '../endpoint.ts';
import type { HttpParts } from '../parts.ts';
import { eventIn, taken, type SendRequest } from './handshake-request.ts';

export const JoinedRoom = Type.Object({
  event: Type.Object({}),
  state: Type.Array(Type.Object({})),
  auth_chain: Type.Array(Type.Object({})),
  members_omitted: Type.Literal(false),
});

interface Join {
  /** Position of the join. */
  readonly position: number;
  readonly before: Ref;
}

/** Takes the join; what it is answered with comes in pieces, as many as the room needs. Throws as taken(). */
export async function joinedRoom(
  parts: HttpParts,
  request: SendRequest,
  { head, tail }: { readonly head: string; readonly tail: string },
): Promise<EndpointAnswer> {
  const { roomId, eventId } = eventIn(request.params);
  const judged = await taken(parts, 'join', request, async (one) => one);
  // The slot has its position now.
  const join =
    judged === null || judged.before === null
      ? await storedJoin(parts.db, roomId, eventId)
      : { position: judged.slot.position, before: judged.before };
  return inPieces(told(parts, roomId, join, head, tail));
}

async function storedJoin(db: Db, roomId: RoomId, eventId: EventId): Promise<Join> {
  const stored = await eventById(db, eventId, roomId);
  if (stored === null) throw new Error('a join that was taken is not stored');
  const { position } = stored;
  const [before] = await refsBefore(db, [{ roomId, event: position }]);
  return { position, before: before! };
}

async function* told(
  { db, federation: { graphs } }: HttpParts,
  roomId: RoomId,
  { position, before }: Join,
  head: string,
  tail: string,
): AsyncGenerator<string> {
  const state = (await wholeState(db, roomId, before)).map((event) => event.position);
  const graph = await graphs.loadGraph(db, roomId);
  const chain = authChain(
    graph,
    [...state, position].filter((one) => hasEventAt(graph, one)),
  );
  yield `${head}"members_omitted":false,"event":`;
  yield* pduTexts(db, roomId, [position]);
  yield ',"state":[';
  yield* pduTexts(db, roomId, state);
  yield '],"auth_chain":[';
  yield* pduTexts(db, roomId, chain);
  yield `]${tail}`;
}
