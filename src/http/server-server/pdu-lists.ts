/** Answers that list as many events as a room has members: in pieces, each made when the other server has taken the one before. */
import type { Db } from '../../database/database.ts';
import { pduTexts } from '../../log/pdu-texts.ts';
import { eventIdsAt } from '../../log/whole-state.ts';
import { inPieces, type EndpointAnswer } from '../endpoint.ts';

const IDS_AT_ONCE = 5_000;

/** Events of a room under the key of an answer, by position. */
export type Lists = Readonly<Record<string, readonly number[]>>;

/** An object of lists of events, each as other servers get it. */
export function pduLists(db: Db, roomId: string, lists: Lists): EndpointAnswer {
  return inPieces(pieces(lists, (positions) => pduTexts(db, roomId, positions)));
}

/** The same of their ids. */
export function idLists(db: Db, roomId: string, lists: Lists): EndpointAnswer {
  return inPieces(pieces(lists, (positions) => idTexts(db, roomId, positions)));
}

async function* pieces(
  lists: Lists,
  texts: (positions: readonly number[]) => AsyncIterable<string>,
): AsyncGenerator<string> {
  let before = '{';
  for (const [name, positions] of Object.entries(lists)) {
    yield `${before}${JSON.stringify(name)}:[`;
    yield* texts(positions);
    before = '],';
  }
  yield ']}';
}

async function* idTexts(db: Db, roomId: string, positions: readonly number[]): AsyncGenerator<string> {
  for (let from = 0; from < positions.length; from += IDS_AT_ONCE) {
    const ids = await eventIdsAt(db, roomId, positions.slice(from, from + IDS_AT_ONCE));
    yield (from === 0 ? '' : ',') + ids.map((id) => JSON.stringify(id)).join(',');
  }
}
