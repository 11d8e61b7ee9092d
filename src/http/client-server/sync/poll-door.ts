/**
 * A door of its own for polls: by the thousand they wait, and are woken and come again at once. It knows a plain request for
 * what came after a token, and answers it as the endpoint does; whatever else there is, and every refusal, it leaves to it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createEnding, endNow, type Ending } from '../../../log/follow.ts';
import { authenticateClient } from '../../authenticate-client.ts';
import type { HttpParts } from '../../parts.ts';
import { noteAnswer } from '../../request-times.ts';
import type { Listener } from '../../server.ts';
import { filterIn } from './filter-in.ts';
import type { SyncNews } from './read-sync.ts';
import { findNews, openSync, recallNews, type Found, type OpenSync, type SyncAsk } from './run-sync.ts';
import { isLong, sendInPieces, sendWhole } from './send.ts';
import { readPlainPoll, type PlainPoll } from './plain-poll.ts';

/** A poll that is not answered yet; while it waits, nothing else of it is kept. */
interface OpenPoll {
  readonly route: string;
  readonly ask: SyncAsk;
  readonly sync: OpenSync;
  readonly ending: Ending;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** When it came: milliseconds since 1970. */
  readonly came: number;
}

/** A listener for requests that hands on what is not for it. */
export function createPollDoor(parts: HttpParts, handOn: Listener): Listener {
  const endings = new Set<Ending>();
  parts.shutdown.addEventListener('abort', () => endings.forEach(endNow), { once: true });

  const begin = async (plain: PlainPoll, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const came = parts.now();
    const { route, since, timeout, useStateAfter } = plain;
    const { headers, socket } = request;
    const caller = await authenticateClient(parts, headers.authorization, socket.remoteAddress ?? '', {
      patient: timeout > 0,
    });
    const { userId, deviceId } = caller!;
    const filter = await filterIn(parts.db, userId, plain.filter);
    const ask = { userId, deviceId, since, filter, fullState: false, useStateAfter, timeout };
    const ending = createEnding();
    if (parts.shutdown.aborted || response.destroyed) endNow(ending);
    else response.on('close', () => endNow(ending));
    const sync = openSync(parts, ask, ending);
    endings.add(ending);
    goOn({ route, ask, sync, ending, request, response, came });
  };

  // Who is woken by what is remembered is answered within the call that wakes: thousands a second are.
  const goOn = (poll: OpenPoll): void => {
    const { ask, sync, ending, response } = poll;
    if (response.destroyed) return leave(poll);
    try {
      const recalled = recallNews(parts, ask, sync, ending);
      if (recalled !== null) return settle(poll, recalled);
    } catch {
      return refer(poll);
    }
    findNews(parts, ask, sync, ending)
      .then((found) => settle(poll, found))
      .catch(() => refer(poll));
  };

  const settle = (poll: OpenPoll, { news, wait }: Found): void => {
    if (wait === null) {
      end(poll);
      answer(parts, poll, news);
    } else parts.follower.call(wait.interest, wait.seen, wait.timeoutMs, poll.ending, () => goOn(poll));
  };

  const end = ({ sync, ending }: OpenPoll): void => {
    sync.leave();
    endings.delete(ending);
  };

  // Nothing is read for whoever has gone.
  const leave = (poll: OpenPoll): void => {
    end(poll);
    noteSync(parts, poll);
  };

  const refer = (poll: OpenPoll): void => {
    end(poll);
    handOn(poll.request, poll.response);
  };

  return (request, response) => {
    const { method, url = '', headers } = request;
    const plain = method === 'GET' ? readPlainPoll(url) : null;
    if (plain === null || headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined)
      handOn(request, response);
    else begin(plain, request, response).catch(() => handOn(request, response));
  };
}

function answer(parts: HttpParts, poll: OpenPoll, news: SyncNews): void {
  const { response } = poll;
  if (!response.destroyed && isLong(news)) {
    void sendInPieces(response, news, parts.shutdown.aborted).then(() => noteSync(parts, poll));
    return;
  }
  if (!response.destroyed) sendWhole(response, news, parts.shutdown.aborted);
  noteSync(parts, poll);
}

function noteSync(parts: HttpParts, { route, came }: OpenPoll): void {
  noteAnswer(parts, { method: 'GET', route, status: 200, milliseconds: Math.max(0, parts.now() - came) });
}
