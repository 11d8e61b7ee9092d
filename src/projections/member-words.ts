/** What the membership log is searched by: the reasons and names that member events carry. */
import { binaryArray } from '../database/binary-array.ts';
import type { TxClient } from '../database/tx.ts';
import { wordsOf } from '../log/word-search.ts';
import type { Erased, Fact, FactTransition, Projection } from './projection.ts';

export const memberWords: Projection = {
  name: 'member-words',
  tables: ['member_words'],
  async apply(tx, facts) {
    await insert(tx, wordRows(facts));
  },
  async erase(tx, erased) {
    await Promise.all([eraseUsers(tx, erased), eraseEvents(tx, erased)]);
  },
};

interface WordRow {
  readonly roomId: string;
  readonly event: number;
  readonly userId: string;
  readonly own: boolean;
  readonly reason: string | null;
  readonly names: string | null;
}

/** The words of each event once, however many transitions it brought about. */
function wordRows(facts: readonly Fact[]): readonly WordRow[] {
  const rows = new Map<string, WordRow>();
  for (const { roomId, transitions } of facts) {
    for (const transition of transitions) {
      const { event, userId } = transition;
      const [reason, names] = [wordsOf(transition.reason), wordsOf(transition.displayName)];
      if (event === null || (reason === null && names === null)) continue;
      const name = `${event} ${roomId}`;
      const own = saidAtDoor(transition) || rows.get(name)?.own === true;
      rows.set(name, { roomId, event, userId, own, reason, names });
    }
  }
  return [...rows.values()];
}

/** What somebody wrote who is not in the room: why they knock, and why they take it back. */
export function saidAtDoor({
  from,
  to,
  actor,
  userId,
}: Pick<FactTransition, 'from' | 'to'> & { readonly actor: string | null; readonly userId: string }): boolean {
  return to === 'knock' || (from === 'knock' && to === 'leave' && actor === userId);
}

async function insert(tx: TxClient, rows: readonly WordRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: 'insert-member-words',
    text: `insert into member_words as m (room_id, event, user_id, own, reason, names)
           select v.room_id, v.event, v.user_id, v.own, to_tsvector('pg_catalog.simple', v.reason), to_tsvector('pg_catalog.simple', v.names)
             from unnest($1::text[], $2::int8[], $3::text[], $4::bool[], $5::text[], $6::text[]) as v (room_id, event, user_id, own, reason, names)
           on conflict (room_id, event) do update set own = m.own or excluded.own`,
    values: [
      binaryArray('text', rows, (r) => r.roomId),
      binaryArray('int8', rows, (r) => r.event),
      binaryArray('text', rows, (r) => r.userId),
      binaryArray('bool', rows, (r) => r.own),
      binaryArray('text', rows, (r) => r.reason),
      binaryArray('text', rows, (r) => r.names),
    ],
  });
}

async function eraseUsers(tx: TxClient, erased: readonly Erased[]): Promise<void> {
  const userIds = erased.flatMap((one) => (one.kind === 'user' ? [one.userId] : []));
  if (userIds.length === 0) return;
  await tx.query({
    name: 'erase-member-words-of-users',
    text: 'delete from member_words where user_id = any($1::text[])',
    values: [userIds],
  });
}

async function eraseEvents(tx: TxClient, erased: readonly Erased[]): Promise<void> {
  const events = erased.filter((one) => one.kind === 'event');
  if (events.length === 0) return;
  await tx.query({
    name: 'erase-member-words-of-events',
    text: `delete from member_words m using unnest($1::text[], $2::int8[]) as v (room_id, event)
            where m.room_id = v.room_id and m.event = v.event`,
    values: [events.map((one) => one.roomId), events.map((one) => one.event)],
  });
}
