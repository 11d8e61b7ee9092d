/** GET /rooms/{roomId}/context/{eventId}: what was said around an event. */
import { Type } from 'typebox';
import { ignoredUsersOf } from '../../accounts/ignored-users.ts';
import { roomPositionNow } from '../../log/read.ts';
import { endpoint } from '../endpoint.ts';
import { ClientEventShape, ClientEvents } from './answers.ts';
import { asClientEvent } from './client-event.ts';
import { openEventBook } from './event-book.ts';
import { eventLimit, parseEventFilter, withoutIgnored } from './history/event-filter.ts';
import { readHistory } from './history/pages.ts';
import { BEGINNING, eventSeenBy } from './history/request.ts';
import { stateAfter } from './history/room-state-told.ts';
import { endOfHistory, isReader } from './history/standpoint.ts';
import { replacedBy, tellRows } from './history/tell.ts';
import { pointAfter, timelineToken } from './pagination-token.ts';
import { eventList } from './long-lists.ts';
import { roomIdIn } from './room-request.ts';

/** Half of `limit` before the event, half of it after; the filter does not concern the event itself. */
export const getEventContext = endpoint({
  summary: 'Tells what was said around an event.',
  method: 'GET',
  path: '/_matrix/client/v3/rooms/:roomId/context/:eventId',
  auth: 'user',
  query: { limit: 'integer', filter: 'one' },
  errors: ['M_NOT_FOUND'],
  answer: Type.Object({
    start: Type.String(),
    end: Type.String(),
    event: ClientEventShape,
    events_before: ClientEvents,
    events_after: ClientEvents,
    state: ClientEvents,
  }),
  async handle({ db, now }, { params, query, caller }) {
    const roomId = roomIdIn(params.roomId);
    const limit = eventLimit(query.limit);
    const asked = parseEventFilter(query.filter);
    const filter = withoutIgnored(asked, await ignoredUsersOf(db, caller.userId));
    const deps = { db, book: openEventBook(db, caller) };
    const newest = await roomPositionNow(db, roomId);
    const seen = await eventSeenBy(deps, roomId, params.eventId, caller.userId);
    const { standpoint, row } = seen;
    const page = (dir: 'b' | 'f', count: number) => {
      const stretch =
        dir === 'b'
          ? { from: BEGINNING, upTo: row }
          : { from: pointAfter(row), upTo: endOfHistory(standpoint, newest) };
      return readHistory(deps, standpoint, filter, { dir, ...stretch, limit: count });
    };
    const { rows: before } = await page('b', Math.floor(limit / 2));
    const { rows: after } = await page('f', Math.ceil(limit / 2));
    const rows = [...before, seen, ...after];
    const options = { now: now(), withRoomId: true };
    const found = await tellRows(deps, rows, await replacedBy(deps, rows), options);
    const told = found.map(asClientEvent);
    const last = after.at(-1) ?? seen;
    const state = (await isReader(db, standpoint)) ? await stateAfter(deps, last, rows, filter) : [];
    const around = {
      start: timelineToken((before.at(-1) ?? seen).row),
      end: timelineToken(pointAfter(last.row)),
      events_before: told.slice(0, before.length),
      event: told[before.length]!,
      events_after: told.slice(before.length + 1),
    };
    return eventList(db, roomId, state, {
      now: options.now,
      head: `${JSON.stringify(around).slice(0, -1)},"state":[`,
      tail: ']}',
      wants: filter.isOpen ? undefined : (event) => filter.wants(event) && filter.wantsContent(event.content),
    });
  },
});
