/** GET /rooms/{roomId}/messages: a room's timeline, page by page, backwards or forwards. */
import { Type } from 'typebox';
import { ignoredUsersOf } from '../../accounts/ignored-users.ts';
import { roomPositionNow } from '../../log/read.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { ClientEvents } from './answers.ts';
import { asClientEvent } from './client-event.ts';
import { openEventBook } from './event-book.ts';
import { eventLimit, parseEventFilter, withoutIgnored } from './history/event-filter.ts';
import { readHistory } from './history/pages.ts';
import { BEGINNING, earlier, pointIn } from './history/request.ts';
import { sendersState } from './history/room-state-told.ts';
import { endOfHistory, readerOf } from './history/standpoint.ts';
import { replacedBy, tellRows } from './history/tell.ts';
import { timelineToken } from './pagination-token.ts';
import { roomIdIn } from './room-request.ts';

/**
 * Members page up to now, former members up to their departure. A page may be empty and still have an `end`: then the
 * events looked at were not for the caller to see, or not wanted by the filter.
 */
export const getRoomEvents = endpoint({
  summary: "Tells a page of a room's timeline.",
  method: 'GET',
  path: '/_matrix/client/v3/rooms/:roomId/messages',
  auth: 'user',
  query: { dir: 'needed', from: 'one', to: 'one', limit: 'integer', filter: 'one' },
  errors: ['M_FORBIDDEN'],
  answer: Type.Object({
    start: Type.String(),
    end: Type.Optional(Type.String()),
    chunk: ClientEvents,
    state: Type.Optional(ClientEvents),
  }),
  async handle({ db, now }, { params, query, caller }) {
    const roomId = roomIdIn(params.roomId);
    const dir = directionIn(query.dir);
    const limit = eventLimit(query.limit);
    const asked = parseEventFilter(query.filter);
    const filter = withoutIgnored(asked, await ignoredUsersOf(db, caller.userId));
    const newest = await roomPositionNow(db, roomId);
    const standpoint = await readerOf(db, roomId, caller.userId);
    const end = endOfHistory(standpoint, newest);
    const from = query.from === undefined ? null : await pointIn(db, roomId, 'from', query.from);
    const to = query.to === undefined ? null : await pointIn(db, roomId, 'to', query.to);
    const start = from ?? (dir === 'f' ? BEGINNING : end);
    const stretch =
      dir === 'f'
        ? { from: start, upTo: earlier(to ?? end, end) }
        : { from: to ?? BEGINNING, upTo: earlier(start, end) };
    const deps = { db, book: openEventBook(db, caller) };
    const { rows, next } = await readHistory(deps, standpoint, filter, { dir, ...stretch, limit });
    const options = { now: now(), withRoomId: true };
    const told = await tellRows(deps, rows, await replacedBy(deps, rows), options);
    return {
      start: query.from ?? timelineToken(start),
      ...(next === null ? {} : { end: timelineToken(next) }),
      chunk: told.map(asClientEvent),
      ...(filter.lazyLoadMembers ? { state: await sendersState(deps, rows, options) } : {}),
    };
  },
});

function directionIn(value: string): 'b' | 'f' {
  if (value === 'b' || value === 'f') return value;
  throw new MatrixError('M_INVALID_PARAM', 'dir is b or f.');
}
