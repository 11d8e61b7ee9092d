/** What a client knows from its syncs: each answer folded into the one before, as the specification tells clients to. */
import type { Answer, Client } from './client.ts';

interface StateEvent {
  readonly type: string;
  readonly state_key?: string;
  readonly event_id?: string;
  readonly content: Readonly<Record<string, unknown>>;
}

export type Section = 'join' | 'invite' | 'knock' | 'leave';

export interface KnownRoom {
  readonly section: Section;
  /** By type and state key the content; of invites and knocks the stripped state. */
  readonly state: ReadonlyMap<string, string>;
  readonly summary: Readonly<Record<string, unknown>>;
}

export interface Known {
  readonly since: string | null;
  readonly rooms: ReadonlyMap<string, KnownRoom>;
}

export const NOTHING_KNOWN: Known = { since: null, rooms: new Map() };
const SECTIONS: readonly Section[] = ['join', 'invite', 'knock', 'leave'];

/** Syncs once more and folds the answer in. */
export async function syncOn(client: Client, known: Known, query = ''): Promise<Known> {
  const since = known.since === null ? '' : `&since=${known.since}`;
  return fold(known, await client.ok('GET', `/sync?timeout=0${since}${query}`));
}

export function fold(known: Known, answer: Answer['body']): Known {
  const rooms = new Map(known.rooms);
  const seen = new Set<string>();
  for (const section of SECTIONS) {
    for (const [roomId, news] of Object.entries<Answer['body']>(answer.rooms[section])) {
      if (seen.has(roomId)) throw new Error(`${roomId} is in two sections`);
      seen.add(roomId);
      rooms.set(roomId, foldRoom(rooms.get(roomId), section, news));
    }
  }
  return { since: answer.next_batch, rooms };
}

function foldRoom(before: KnownRoom | undefined, section: Section, news: Answer['body']): KnownRoom {
  if (section === 'invite' || section === 'knock') {
    return { section, state: entries(news[`${section}_state`].events), summary: {} };
  }
  // A room that was not joined before is told of anew.
  const base = before?.section === 'join' ? before : null;
  // Who asked for the state after the timeline takes it from there alone.
  const told = news.state_after?.events ?? [...(news.state?.events ?? []), ...news.timeline.events];
  const state = new Map([...(base?.state ?? []), ...entries(told)]);
  const { 'm.heroes': heroes, ...counts } = { ...base?.summary, ...news.summary };
  // Who a room is called after matters where it has no name of its own, and goes stale where it has one.
  return { section, state, summary: isNamed(state) ? counts : { ...counts, 'm.heroes': heroes } };
}

function isNamed(state: ReadonlyMap<string, string>): boolean {
  const name: unknown = JSON.parse(state.get('m.room.name ') ?? '{}').name;
  return typeof name === 'string' && name !== '';
}

function entries(events: readonly StateEvent[]): ReadonlyMap<string, string> {
  const state = events.filter((event) => event.state_key !== undefined);
  return new Map(state.map(({ type, state_key, content }) => [`${type} ${state_key}`, JSON.stringify(content)]));
}

/** The room's own entry about a user: their member event's content. */
export function memberOf(room: KnownRoom | undefined, userId: string): Readonly<Record<string, unknown>> | null {
  const text = room?.state.get(`m.room.member ${userId}`);
  return text === undefined ? null : JSON.parse(text);
}
