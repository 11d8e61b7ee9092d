/** What acts on a knock come to. */
import { expect, it } from 'vitest';
import { foldTriage, type TriageAct, type TriageOperation } from '../../../src/log/triage-queries.ts';

let position = 0;
const act = (operation: TriageOperation, actor: string, text: string | null = null): TriageAct => ({
  ...{ operation, actor, text, position: (position += 1) },
  at: new Date(position * 1_000),
});

it('the last claim holds until somebody gives it up', () => {
  const claims = [act('claimKnock', 'ann'), act('claimKnock', 'bob')];
  expect(foldTriage(claims).claim).toEqual({ userId: 'bob', at: claims[1]!.at });
  expect(foldTriage([...claims, act('releaseKnock', 'ann')]).claim).toBeNull();
});

it('who has seen a knock has seen it once, at first', () => {
  const seen = [act('markKnockSeen', 'bob'), act('markKnockSeen', 'ann'), act('markKnockSeen', 'bob')];
  expect(foldTriage(seen).seen.map(({ userId, at }) => [userId, at])).toEqual([
    ['bob', seen[0]!.at],
    ['ann', seen[1]!.at],
  ]);
});

it('tags are put on and taken off, and erased words are neither notes nor tags', () => {
  const spam = act('tagKnock', 'ann', 'spam');
  const acts = [
    ...[spam, act('tagKnock', 'bob', 'later'), act('untagKnock', 'bob', String(spam.position))],
    ...[act('noteKnock', 'ann', 'a note'), act('noteKnock', 'ann'), act('tagKnock', 'ann')],
  ];
  const triage = foldTriage(acts);
  expect([...triage.tags.keys()]).toEqual(['later']);
  expect(triage.notes.map(({ text }) => text)).toEqual(['a note']);
  expect(triage.acts).toBe(acts.length);
});
