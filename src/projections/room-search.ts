/** What rooms are looked for by in the public directory: their names, topics, aliases and types, ready to be compared. */
import type { TxClient } from '../database/tx.ts';
import { insertRows } from '../log/insert-rows.ts';
import type { JsonObject } from '../matrix/json.ts';
import { stringIn } from '../matrix/pdu.ts';
import { roomVersion } from '../matrix/room-versions.ts';
import { topicText } from '../matrix/room-words.ts';
import type { Fact, Projection, SearchFact } from './projection.ts';

// A topic can be 65,000 bytes long; nobody looks for how it ends.
const MAX_WORDS = 1_000;
// Types stand in an index whose entries take 2,700 bytes.
const MAX_TYPE = 500;

/** The same for two texts that differ in case or in how their characters are composed. Postgres text holds no NUL. */
export function foldedWords(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll('\u0000', '').slice(0, MAX_WORDS).toWellFormed();
}

/** A room's type as it is compared: as it is, but for what Postgres does not hold and for the end of a long one. */
export function typeWords(type: string): string {
  return type.replaceAll('\u0000', '').slice(0, MAX_TYPE).toWellFormed();
}

/** The event types that say something, of the state key ''. */
export const SEARCHED_TYPES: readonly string[] = [
  'm.room.create',
  'm.room.name',
  'm.room.topic',
  'm.room.canonical_alias',
];

/** What a state event says; null when nothing that is looked for. */
export function searchFact(
  { type, stateKey }: { readonly type: string; readonly stateKey: string },
  content: JsonObject,
  version: string,
): SearchFact | null {
  if (stateKey !== '') return null;
  const said = (key: SearchFact['key'], text: string | null): SearchFact => ({
    key,
    words: text === null || text === '' ? null : foldedWords(text),
    lasts: false,
  });
  switch (type) {
    case 'm.room.name':
      return said('name', stringIn(content, 'name'));
    case 'm.room.topic':
      return said('topic', topicText(content));
    case 'm.room.canonical_alias':
      return said('alias', stringIn(content, 'alias'));
    case 'm.room.create':
      return typeFact(content, version);
    default:
      return null;
  }
}

// A room is created once: one without a type needs no row.
function typeFact(content: JsonObject, version: string): SearchFact | null {
  const roomType = stringIn(content, 'type');
  const lasts = roomVersion(version)?.keptContent['m.room.create'] === 'all';
  if (roomType === null) return null;
  return { key: 'type', words: typeWords(roomType), lasts };
}

export const roomSearch: Projection = {
  name: 'room-search',
  tables: ['room_search'],
  async apply(tx, facts) {
    const all = [...latest(facts).values()];
    await Promise.all([
      write(
        tx,
        all.filter((row) => 'words' in row),
      ),
      remove(
        tx,
        all.filter((row) => !('words' in row)),
      ),
    ]);
  },
  async erase(tx, erased) {
    const events = erased.filter((one) => one.kind === 'event');
    if (events.length === 0) return;
    await tx.query({
      name: 'scrub-room-search',
      text: `update room_search s set words = null from unnest($1::text[], $2::int8[]) as v (room_id, event)
              where s.room_id = v.room_id and s.event = v.event and not s.lasts and s.words is not null`,
      values: [events.map((one) => one.roomId), events.map((one) => one.event)],
    });
  },
};

interface SearchRow extends SearchFact {
  readonly roomId: string;
  readonly event: number;
}

/** Nothing stands there any more. */
interface SearchGap {
  readonly roomId: string;
  readonly key: SearchFact['key'];
}

const KEYS: ReadonlyMap<string, SearchFact['key']> = new Map([
  ['m.room.name', 'name'],
  ['m.room.topic', 'topic'],
  ['m.room.canonical_alias', 'alias'],
]);

function latest(facts: readonly Fact[]): Map<string, SearchRow | SearchGap> {
  const rows = new Map<string, SearchRow | SearchGap>();
  for (const { roomId, changes } of facts) {
    for (const { type, stateKey, search, event } of changes) {
      const key = search?.key ?? (stateKey === '' ? KEYS.get(type) : undefined);
      if (key === undefined) continue;
      if (event === null) rows.set(`${key} ${roomId}`, { roomId, key });
      else if (search !== null) rows.set(`${key} ${roomId}`, { ...search, roomId, event });
    }
  }
  return rows;
}

async function remove(tx: TxClient, gaps: readonly SearchGap[]): Promise<void> {
  if (gaps.length === 0) return;
  await tx.query({
    name: 'remove-room-search',
    text: `delete from room_search s using unnest($1::text[], $2::text[]) as v (room_id, key)
            where s.room_id = v.room_id and s.key = v.key`,
    values: [gaps.map((gap) => gap.roomId), gaps.map((gap) => gap.key)],
  });
}

async function write(tx: TxClient, rows: readonly SearchRow[]): Promise<void> {
  await insertRows(
    tx,
    'room_search',
    rows,
    [
      ['room_id', 'text', (r) => r.roomId],
      ['key', 'text', (r) => r.key],
      ['event', 'int8', (r) => r.event],
      ['words', 'text', (r) => r.words],
      ['lasts', 'bool', (r) => r.lasts],
    ],
    'on conflict (room_id, key) do update set event = excluded.event, words = excluded.words, lasts = excluded.lasts',
  );
}
