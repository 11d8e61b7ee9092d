/**
 * A door of its own for polls: by the thousand they wait, and are woken and come again at once. It knows a plain request for
 * what came after a token, and answers it as the endpoint does; whatever else there is, and every refusal, it leaves to it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createEnding, endNow, type Ending } from '../../../log/follow.ts';
import { authenticateClient } from '../../authenticate-client.ts';
import { CORS_HEADERS } from '../../errors.ts';
import type { HttpParts } from '../../parts.ts';
import { noteAnswer } from '../../request-times.ts';
import type { Listener } from '../../server.ts';
import { syncText } from './answer.ts';
import { filterIn } from './filter-in.ts';
import { runSync } from './run-sync.ts';

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

/** A listener for requests that hands on what is not for it. */
export function createPollDoor(parts: HttpParts, handOn: Listener): Listener {
  const open = new Set<Ending>();
  parts.shutdown.addEventListener('abort', () => open.forEach(endNow), { once: true });

  const answer = async (poll: PlainPoll, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const started = parts.now();
    const ending = createEnding();
    if (parts.shutdown.aborted || response.destroyed) endNow(ending);
    open.add(ending);
    response.on('close', () => endNow(ending));
    try {
      const { headers, socket } = request;
      const caller = await authenticateClient(parts, headers.authorization, socket.remoteAddress ?? '');
      const { userId, deviceId } = caller!;
      const filter = await filterIn(parts.db, userId, poll.filter);
      const news = await runSync(parts, { ...poll, userId, deviceId, filter, fullState: false }, ending);
      if (!response.destroyed) send(response, syncText(news), parts.shutdown.aborted);
    } finally {
      open.delete(ending);
    }
    const milliseconds = Math.max(0, parts.now() - started);
    noteAnswer(parts, { method: 'GET', route: poll.route, status: 200, milliseconds });
  };

  return (request, response) => {
    const { method, url = '', headers } = request;
    const poll = method === 'GET' ? readPlainPoll(url) : null;
    if (poll === null || headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined)
      handOn(request, response);
    else answer(poll, request, response).catch(() => handOn(request, response));
  };
}

const HEADERS = Object.entries({ ...CORS_HEADERS, 'content-type': 'application/json; charset=utf-8' }).flat();
const PARTING = ['connection', 'close'];

function send(response: ServerResponse, text: string, parting: boolean): void {
  const length = String(Buffer.byteLength(text));
  response.writeHead(200, [...HEADERS, 'content-length', length, ...(parting ? PARTING : [])]);
  response.end(text);
}
