/** What is stored of an event, and how it is put together again: whole, or its content alone. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { contentText, mergeEvent, splitEvent } from '../../../src/log/content.ts';
import { canonicalJson } from '../../../src/matrix/canonical-json.ts';
import { parseJsonObject } from '../../../src/matrix/json.ts';
import type { Pdu } from '../../../src/matrix/pdu.ts';
import { ROOM_VERSIONS } from '../../../src/matrix/room-versions.ts';
import { ALL_VERSIONS } from '../../support/rooms.ts';

/** Keys and strings that look like the seams between the parts. */
const words = fc.oneof(
  fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
  fc.constantFrom(
    'content',
    'depth',
    'event',
    '","content":{',
    '},"depth":1',
    '},"event":{}}',
    '\\',
    '"',
    '{',
    '\u0000',
  ),
  fc.constantFrom('membership', 'third_party_invite', 'signed', 'users', 'join_rule', 'redacts', 'room_version'),
);
const { content: contents } = fc.letrec<{ value: unknown; content: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    words,
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('content'),
  ),
  content: fc.dictionary(words, tie('value'), { maxKeys: 5 }),
}));
const types = fc.constantFrom(
  'm.room.member',
  'm.room.power_levels',
  'm.room.create',
  'm.room.redaction',
  'm.room.message',
);

it('the content of an event is cut out of what is stored as it is put together with all the rest, with its words and without', () => {
  fc.assert(
    fc.property(types, contents, fc.constantFrom(...ALL_VERSIONS), fc.boolean(), (type, content, version, withMore) => {
      const pdu = parseJsonObject(
        JSON.stringify({
          type,
          content,
          auth_events: ['$a', '$b'],
          prev_events: [],
          depth: 7,
          hashes: { sha256: 'x' },
          origin_server_ts: 1,
          room_id: '!room:here',
          sender: '@kim:here',
          signatures: { content: {}, depth: { depth: '{' } },
          state_key: '',
          ...(withMore ? { more: { content: {} } } : {}),
        }),
      ) as unknown as Pdu;
      const parts = splitEvent(pdu, ROOM_VERSIONS[version]);
      for (const said of [parts.words, null]) {
        const whole = mergeEvent(parts.proof, said).content;
        const text = contentText(parts.proof, said);
        if (text === null) expect(JSON.stringify(whole)).toContain('third_party_invite');
        else expect(canonicalJson(parseJsonObject(text))).toBe(canonicalJson(whole));
      }
    }),
    { numRuns: 500 },
  );
});
