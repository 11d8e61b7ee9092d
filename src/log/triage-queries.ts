/** What moderators did about knocks besides deciding: claims, sightings, notes and tags, read from the log of acts. */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';

export type TriageOperation = 'claimKnock' | 'releaseKnock' | 'markKnockSeen' | 'noteKnock' | 'tagKnock' | 'untagKnock';

/** One act on a knock. */
export interface TriageAct {
  readonly position: number;
  readonly operation: TriageOperation;
  readonly actor: string;
  readonly at: Date;
  /** Of notes and tags; null also when they were erased. Of untagKnock the position of the act that put the tag on, and no words. */
  readonly text: string | null;
}

/** What all acts on a knock come to. */
export interface Triage {
  readonly claim: { readonly userId: string; readonly at: Date } | null;
  /** Each who saw it, once, the first first. */
  readonly seen: readonly { readonly userId: string; readonly at: Date }[];
  /** Oldest first. */
  readonly notes: readonly { readonly userId: string; readonly at: Date; readonly text: string }[];
  /** In the order in which they were put on, each with the position of the act that did. */
  readonly tags: ReadonlyMap<string, number>;
  /** How many acts there are. */
  readonly acts: number;
}

/** What acts, oldest first, come to. Pure. */
export function foldTriage(acts: readonly TriageAct[]): Triage {
  let claim: Triage['claim'] = null;
  const seen = new Map<string, { userId: string; at: Date }>();
  const notes: Triage['notes'][number][] = [];
  const tags = new Map<string, number>();
  for (const { position, operation, actor: userId, at, text } of acts) {
    if (operation === 'claimKnock') claim = { userId, at };
    else if (operation === 'releaseKnock') claim = null;
    else if (operation === 'markKnockSeen') seen.set(userId, seen.get(userId) ?? { userId, at });
    else if (text === null) continue;
    else if (operation === 'noteKnock') notes.push({ userId, at, text });
    else if (operation === 'tagKnock') tags.set(text, position);
    else for (const [tag, putOn] of tags) if (String(putOn) === text) tags.delete(tag);
  }
  return { claim, seen: [...seen.values()], notes, tags, acts: acts.length };
}

/** What was done about the knocks that these events began, in the order asked. */
export async function triageOf(db: Db, firstEvents: readonly number[]): Promise<readonly Triage[]> {
  const found = await sql<TriageAct & { event: number; words: Buffer | null }>`
    select a.event, a.position, a.operation, a.actor, a.at, c.content as words
      from actions a left join action_content c on c.position = a.position
     where a.event = any(${firstEvents}::int8[]) and a.outcome = 'ok'
       and a.operation in ('claimKnock', 'releaseKnock', 'markKnockSeen', 'noteKnock', 'tagKnock', 'untagKnock')
     order by a.position`.execute(db);
  const acts = Map.groupBy(found.rows, ({ event }) => event);
  return firstEvents.map((event) =>
    foldTriage((acts.get(event) ?? []).map(({ words, ...act }) => ({ ...act, text: words?.toString() ?? null }))),
  );
}

/** Null: whatever it is. */
export interface TriageCondition {
  readonly claimed: boolean | null;
  readonly claimedBy: string | null;
  readonly tag: string | null;
  readonly seen: { readonly by: string; readonly is: boolean } | null;
}

/** Conditions on knocks `t`. */
export function triaged({ claimed, claimedBy, tag, seen }: TriageCondition): readonly (RawBuilder<unknown> | null)[] {
  const inForce = sql`not exists (select from actions b where b.event = a.event and b.outcome = 'ok'
    and b.operation in ('claimKnock', 'releaseKnock') and b.position > a.position)`;
  const takenOff = sql`(select from actions b join action_content d on d.position = b.position
    where b.event = a.event and b.outcome = 'ok' and b.operation = 'untagKnock' and d.content = convert_to(a.position::text, 'UTF8'))`;
  return [
    claimed === null
      ? null
      : sql`${sql.raw(claimed ? '' : 'not')} exists (select from actions a
          where a.event = t.first_event and a.outcome = 'ok' and a.operation = 'claimKnock' and ${inForce})`,
    claimedBy === null
      ? null
      : sql`t.first_event in (select a.event from actions a
          where a.actor = ${claimedBy} and a.outcome = 'ok' and a.operation = 'claimKnock' and ${inForce})`,
    tag === null
      ? null
      : sql`t.first_event in (select a.event from actions a join action_content c on c.position = a.position
          where a.outcome = 'ok' and a.operation = 'tagKnock' and c.content = ${Buffer.from(tag)} and not exists ${takenOff})`,
    seen === null
      ? null
      : sql`${sql.raw(seen.is ? '' : 'not')} exists (select from actions a
          where a.event = t.first_event and a.outcome = 'ok' and a.operation = 'markKnockSeen' and a.actor = ${seen.by})`,
  ];
}
