/** Events as other servers are told of them, in JSON, so many at a time. */
import type { Db } from '../database/database.ts';
import { readEvents } from './read.ts';

const AT_ONCE = 500;

/** The events of a room at these positions, with commas between them, in pieces. Without their words where these are gone. */
export async function* pduTexts(db: Db, roomId: string, positions: readonly number[]): AsyncGenerator<string> {
  let before = '';
  for (let from = 0; from < positions.length; from += AT_ONCE) {
    const part = positions.slice(from, from + AT_ONCE).map((position) => ({ roomId, position }));
    const events = await readEvents(db, part);
    if (events.length === 0) continue;
    yield before + events.map(({ pdu }) => JSON.stringify(pdu)).join(',');
    before = ',';
  }
}
