/** Pages of a room's timeline, asked for one after the other as a client does. */
import { expect } from 'vitest';
import type { Answer, Client } from './client.ts';

type Event = Answer['body'];

/** All pages of a query from a token on, each with its events; follows `end` until there is none. */
export async function pageThrough(
  client: Client,
  room: string,
  query: string,
  start?: string,
): Promise<readonly (readonly Event[])[]> {
  const pages: (readonly Event[])[] = [];
  const seen = new Set<string>();
  let from = start === undefined ? '' : `&from=${start}`;
  for (;;) {
    const page = await client.ok('GET', `/rooms/${room}/messages?${query}${from}`);
    pages.push(page.chunk);
    if (page.end === undefined) return pages;
    expect(seen.has(page.end), `the token ${page.end} was given before`).toBe(false);
    seen.add(page.end);
    from = `&from=${page.end}`;
  }
}
