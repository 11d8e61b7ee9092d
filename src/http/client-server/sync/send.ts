/** The answer of a sync on its way to a client that asked at the door of polls. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CORS_HEADERS } from '../../errors.ts';
import { syncText, syncTexts } from './answer.ts';
import type { SyncNews } from './read-sync.ts';

const HEADERS = Object.entries({ ...CORS_HEADERS, 'content-type': 'application/json; charset=utf-8' }).flat();
const PARTING = [...HEADERS, 'connection', 'close'];

/** Rooms of an answer that is spelt at once; one of more gives other requests their turn meanwhile. */
const FEW = 4;

export function isLong({ rooms: { join, leave } }: SyncNews): boolean {
  return Object.keys(join).length + Object.keys(leave).length > FEW;
}

/** `parting`: the connection closes behind it. */
export function sendWhole(response: ServerResponse, news: SyncNews, parting: boolean): void {
  const text = syncText(news);
  const headers = parting ? PARTING : HEADERS;
  response.writeHead(200, [...headers, 'content-length', String(Buffer.byteLength(text))]);
  response.end(text);
}

/** Resolves when nothing more is sent: the client has it all, or is gone. */
export async function sendInPieces(response: ServerResponse, news: SyncNews, parting: boolean): Promise<void> {
  try {
    response.writeHead(200, parting ? PARTING : HEADERS);
    await pipeline(Readable.from(syncTexts(news)), response);
  } catch {
    // A client that is gone misses the rest; another fault cut it off, so that half an answer is not taken for a whole one.
  }
}
