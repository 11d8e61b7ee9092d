/** What is remembered of tokens, and when it is not. */
import { expect, it } from 'vitest';
import { ownerOf, tokenMemory, type TokenKind } from '../../src/accounts/token-memory.ts';
import type { Db } from '../../src/database/database.ts';

const anna = { userId: '@anna:one.example' };

/** A memory of its own, and look-ups that count: the database is what they are looked up in. */
function scene() {
  const db = {} as Db;
  let reads = 0;
  const kind = (name: TokenKind<typeof anna>['name'], read = async () => anna): TokenKind<typeof anna> => ({
    name,
    mayKeep: () => true,
    read: () => {
      reads += 1;
      return read();
    },
  });
  return { db, kind, memory: tokenMemory(db), reads: () => reads };
}

it('a token is looked up each time until ends of tokens are heard of, and once from then on', async () => {
  const { db, kind, memory, reads } = scene();
  for (let n = 0; n < 3; n += 1) expect(await ownerOf(db, 'secret', kind('access'))).toBe(anna);
  expect(reads()).toBe(3);
  memory.hears();
  for (let n = 0; n < 3; n += 1) expect(await ownerOf(db, 'secret', kind('access'))).toBe(anna);
  expect(reads()).toBe(4);
});

it('what was looked up before ends were heard of is not remembered', async () => {
  const { db, kind, memory, reads } = scene();
  let answer: () => void = () => undefined;
  const slow = kind('access', () => new Promise((resolve) => (answer = () => resolve(anna))));
  const asked = ownerOf(db, 'secret', slow);
  memory.hears();
  answer();
  await asked;
  await ownerOf(db, 'secret', kind('access'));
  expect(reads()).toBe(2);
});

it('a user whose token ended is looked up again, others are not', async () => {
  const { db, kind, memory, reads } = scene();
  memory.hears();
  const bert = { userId: '@bert:one.example' };
  await ownerOf(db, 'of anna', kind('access'));
  await ownerOf(
    db,
    'of bert',
    kind('access', async () => bert),
  );
  memory.forget(anna.userId);
  expect(await ownerOf(db, 'of bert', kind('access'))).toBe(bert);
  expect(reads()).toBe(2);
  await ownerOf(db, 'of anna', kind('access'));
  expect(reads()).toBe(3);
});

it('who was read before a token of theirs ended, and told after it, is not remembered', async () => {
  const { db, kind, memory, reads } = scene();
  memory.hears();
  let answer: () => void = () => undefined;
  const slow = kind('access', () => new Promise((resolve) => (answer = () => resolve(anna))));
  const asked = ownerOf(db, 'secret', slow);
  memory.forget(anna.userId);
  answer();
  await asked;
  await ownerOf(db, 'secret', kind('access'));
  expect(reads()).toBe(2);
});

it('a time in which nothing was heard empties it', async () => {
  const { db, kind, memory, reads } = scene();
  memory.hears();
  await ownerOf(db, 'secret', kind('access'));
  memory.isDeaf();
  await ownerOf(db, 'secret', kind('access'));
  memory.hears();
  await ownerOf(db, 'secret', kind('access'));
  expect(reads()).toBe(3);
});

it('a secret of one kind is not taken for one of another', async () => {
  const { db, kind, memory, reads } = scene();
  memory.hears();
  await ownerOf(db, 'secret', kind('service'));
  await ownerOf(db, 'secret', kind('access'));
  expect(reads()).toBe(2);
});

it('when the tokens of everybody ended, everybody is looked up again', async () => {
  const { db, kind, memory, reads } = scene();
  memory.hears();
  await ownerOf(db, 'secret', kind('access'));
  memory.forget(null);
  await ownerOf(db, 'secret', kind('access'));
  await ownerOf(db, 'secret', kind('access'));
  expect(reads()).toBe(2);
});
