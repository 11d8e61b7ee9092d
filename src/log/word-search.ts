/** Search in reasons and names: how words are compared, and the condition on rows whose event says them. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';

// A reason can be 60,000 bytes long; nobody looks for how it ends.
const MAX_WORDS = 4_000;
/** Characters of what is searched for. */
export const MAX_SEARCH = 200;

/**
 * The same for two texts that differ in case, in how their characters are composed or in what stands between the words: so
 * it does not depend on the database's locale what a word is. Null: there is none.
 */
export function wordsOf(text: string | null): string | null {
  const words = folded(text ?? '')
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
  return words === '' ? null : words.slice(0, MAX_WORDS).toWellFormed();
}

/** What is searched for, with its quotes, `-` before a word, and `or`. */
export function searchOf(text: string): string {
  return folded(text)
    .replaceAll(/[^\p{L}\p{M}\p{N}"-]+/gu, ' ')
    .replaceAll(/(?<![ ]|^)-+|-+(?=[ -]|$)/gu, ' ')
    .toWellFormed();
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

export interface WordSearch {
  /** Of searchOf(). */
  readonly search: string;
  /** Who reads: their own reasons are searched, and of those that others gave at the door what they revealed. */
  readonly reader: string;
  /** False: the reader has nothing of their own. */
  readonly hasOwn: boolean;
}

/**
 * Whether the event of a row `t` says all that is searched for, in its reason or in a name. What the reader does not see of
 * reasons is not looked at, so that nothing can be found out by searching.
 */
export function saysWords(
  { search, reader, hasOwn }: WordSearch,
  event: 'event' | 'position' = 'event',
): RawBuilder<SqlBool> {
  const query = sql`websearch_to_tsquery('pg_catalog.simple', ${search})`;
  const own = hasOwn ? sql`w.user_id = ${reader}` : sql`false`;
  return sql<SqlBool>`(t.room_id, ${sql.ref(`t.${event}`)}) in (
    select w.room_id, w.event from member_words w
     where w.names @@ ${query} or (w.reason @@ ${query} and (not w.own or ${own} or ${isRevealed(reader, sql.ref('w.event'))})))`;
}

/** Whether somebody revealed an event's reason to themselves. */
export function isRevealed(reader: string, event: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (select from actions a where a.event = ${event} and a.operation = 'revealReason' and a.outcome = 'ok' and a.actor = ${reader})`;
}
