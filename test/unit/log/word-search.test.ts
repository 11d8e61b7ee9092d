/** How words are compared in searches: the same for what is stored and what is looked for. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { searchOf, wordsOf } from '../../../src/log/word-search.ts';

it('words are compared without case, composition and what stands between them', () => {
  expect(wordsOf('Ich REPARIERE Bücher – und mag e-mail!')).toBe('ich repariere bücher und mag e mail');
  expect(wordsOf('Bu\u0308cher')).toBe(wordsOf('B\u00fccher'));
  expect(wordsOf('Пустите, пожалуйста…')).toBe('пустите пожалуйста');
  expect([wordsOf(null), wordsOf(''), wordsOf(' – ! \u0000 ')]).toEqual([null, null, null]);
});

it('a search keeps quotes, the minus before a word and nothing else of what is no word', () => {
  expect(searchOf('"Mend Books" -spam OR e-mail')).toBe('"mend books" -spam or e mail');
  expect(searchOf('-a -"b c" d- --')).toBe('-a -"b c" d   ');
  expect(searchOf("'; drop table knocks; --").trim()).toBe('drop table knocks');
});

it('of anything it makes text that a database takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const made of [wordsOf(text) ?? '', searchOf(text)]) {
        expect(made.isWellFormed()).toBe(true);
        expect(made).not.toContain('\u0000');
      }
    }),
  );
});
