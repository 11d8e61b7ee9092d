/**
 * A door of its own for polls: by the thousand they wait, and are woken and come again at once. It knows a plain request for
 * what came after a token, and answers it as the endpoint does; whatever else there is, and every refusal, it leaves to it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createEnding, endNow, type Ending } from '../../../log/follow.ts';
import { authenticateClient } from '../../authenticate-client.ts';
import { CORS_HEADERS } from '../../errors.ts';
import type { HttpParts } from '../../parts.ts';
import { noteAnswer } from '../../request-times.ts';
import type { Listener } from '../../server.ts';
import { syncText, syncTexts } from './answer.ts';
import { filterIn } from './filter-in.ts';
import type { SyncNews } from './read-sync.ts';
import { findNews, openSync, type Found, type OpenSync, type SyncAsk } from './run-sync.ts';

export interface PlainPoll {
  readonly route: string;
  readonly since: string;
  readonly timeout: number;
  readonly useStateAfter: boolean;
  readonly filter: string | undefined;
}

const URL = /^(\/_matrix\/client\/(?:v3|r0)\/sync)\?([\w.=&%~-]+)$/;
const PARAMETERS: Readonly<Record<string, RegExp>> = {
  since: /^s[0-9]{1,15}_[0-9]{1,15}$/,
  timeout: /^[0-9]{1,15}$/,
  use_state_after: /^(?:true|false)$/,
  full_state: /^false$/,
  set_presence: /^[a-z]+$/,
  filter: /^[^\0]+$/,
};

/** What a URL asks for, when there is nothing doubtful about it; null for any other. */
export function readPlainPoll(url: string): PlainPoll | null {
  const match = URL.exec(url);
  if (match === null) return null;
  const given = new Map<string, string>();
  for (const pair of match[2]!.split('&')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const text = decoded(pair.slice(at + 1));
    if (text === null || given.has(name) || !Object.hasOwn(PARAMETERS, name) || !PARAMETERS[name]!.test(text))
      return null;
    given.set(name, text);
  }
  const since = given.get('since');
  if (since === undefined) return null;
  const useStateAfter = given.get('use_state_after') === 'true';
  const timeout = Number(given.get('timeout') ?? 0);
  return { route: match[1]!, since, timeout, useStateAfter, filter: given.get('filter') };
}

function decoded(text: string): string | null {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

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
    await goOn({ route, ask, sync, ending, request, response, came });
  };

  const goOn = async (poll: OpenPoll): Promise<void> => {
    const { ask, sync, ending } = poll;
    let found: Found;
    try {
      found = await findNews(parts, ask, sync, ending);
    } catch {
      end(poll);
      handOn(poll.request, poll.response);
      return;
    }
    const { news, wait } = found;
    if (wait === null) await answer(poll, news);
    else parts.follower.call(wait.interest, wait.seen, wait.timeoutMs, ending, () => void goOn(poll));
  };

  const end = ({ sync, ending }: OpenPoll): void => {
    sync.leave();
    endings.delete(ending);
  };

  const answer = async (poll: OpenPoll, news: SyncNews): Promise<void> => {
    end(poll);
    if (!poll.response.destroyed) await send(poll.response, news, parts.shutdown.aborted);
    const milliseconds = Math.max(0, parts.now() - poll.came);
    noteAnswer(parts, { method: 'GET', route: poll.route, status: 200, milliseconds });
  };

  return (request, response) => {
    const { method, url = '', headers } = request;
    const plain = method === 'GET' ? readPlainPoll(url) : null;
    if (plain === null || headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined)
      handOn(request, response);
    else begin(plain, request, response).catch(() => handOn(request, response));
  };
}

const HEADERS = Object.entries({ ...CORS_HEADERS, 'content-type': 'application/json; charset=utf-8' }).flat();
const PARTING = ['connection', 'close'];

/** Rooms of an answer that is spelt at once; one of more gives other requests their turn meanwhile. */
const FEW = 4;

async function send(response: ServerResponse, news: SyncNews, parting: boolean): Promise<void> {
  const headers = parting ? [...HEADERS, ...PARTING] : HEADERS;
  const { join, leave } = news.rooms;
  if (Object.keys(join).length + Object.keys(leave).length > FEW) {
    response.writeHead(200, headers);
    // A client that is gone misses the rest; another fault cuts it off, so that half an answer is not taken for a whole one.
    await pipeline(Readable.from(syncTexts(news)), response).catch(() => undefined);
    return;
  }
  const text = syncText(news);
  response.writeHead(200, [...headers, 'content-length', String(Buffer.byteLength(text))]);
  response.end(text);
}
