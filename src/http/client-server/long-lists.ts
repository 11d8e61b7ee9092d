/** Answers that list as many events as a room has members: in pieces, so that none of them holds up other requests. */
import type { Db } from '../../database/database.ts';
import { eventTexts, profileTexts, type EventTexts } from '../../log/event-texts.ts';
import { readShownEvents, type ShownEvent } from '../../log/shown-events.ts';
import { stringIn } from '../../matrix/pdu.ts';
import { inPieces, type EndpointAnswer } from '../endpoint.ts';
import { clientEventText } from './client-event.ts';

const AT_ONCE = 1_000;

export interface EventListOptions {
  readonly now: number;
  readonly head: string;
  readonly tail: string;
  /** Which of the events are told; absent: all. */
  readonly wants?: ((event: ShownEvent) => boolean) | undefined;
}

/** The events at these positions of a room as clients get them, between `head` and `tail`. */
export function eventList(
  db: Db,
  roomId: string,
  positions: readonly number[],
  { now, head, tail, wants }: EventListOptions,
): EndpointAnswer {
  // What is picked by its content has to be read here.
  const read = async (some: readonly number[]): Promise<EventTexts> =>
    wants === undefined ? eventTexts(db, roomId, some, now) : { texts: [], others: some };
  const spell = (event: ShownEvent) =>
    wants?.(event) === false ? '' : clientEventText(event, { now, withRoomId: true });
  return inPieces(listed(db, roomId, positions, { head, tail, read, spell }));
}

/** The name and the picture of each member whose event stands at one of these positions, by user id. */
export function profileList(db: Db, roomId: string, positions: readonly number[]): EndpointAnswer {
  const read = (some: readonly number[]) => profileTexts(db, roomId, some);
  return inPieces(listed(db, roomId, positions, { head: '{"joined":{', tail: '}}', read, spell: profileText }));
}

function profileText({ stateKey, content }: ShownEvent): string {
  const [name, picture] = [stringIn(content, 'displayname'), stringIn(content, 'avatar_url')];
  const profile = { ...(name !== null && { display_name: name }), ...(picture !== null && { avatar_url: picture }) };
  return `${JSON.stringify(stateKey)}:${JSON.stringify(profile)}`;
}

interface List {
  readonly head: string;
  readonly tail: string;
  readonly read: (positions: readonly number[]) => Promise<EventTexts>;
  readonly spell: (event: ShownEvent) => string;
}

async function* listed(
  db: Db,
  roomId: string,
  positions: readonly number[],
  { head, tail, read, spell }: List,
): AsyncGenerator<string> {
  const piece = async (start: number): Promise<readonly string[]> => {
    if (start >= positions.length) return [];
    const { texts, others } = await read(positions.slice(start, start + AT_ONCE));
    const rest = await readShownEvents(
      db,
      others.map((position) => ({ roomId, position })),
    );
    const spelled = rest.map(spell).filter((each) => each !== '');
    return spelled.length === 0 ? texts : [...texts, spelled.join(',')];
  };
  let before = head;
  let next = piece(0);
  for (let start = AT_ONCE; start < positions.length + AT_ONCE; start += AT_ONCE) {
    const texts = await next;
    // The database makes one while the client takes the other.
    next = piece(start);
    next.catch(() => undefined);
    for (const text of texts) {
      yield before + text;
      before = ',';
    }
  }
  yield (before === ',' ? '' : before) + tail;
}
