/** Ids and cursors are opaque: they come back as they went out, and nothing else is taken for one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PageOfRows } from '../../../src/database/keyset.ts';
import { nodeId, parseNodeId, parsePosition } from '../../../src/graphql/node-ids.ts';
import { CURSORS, listPage, MAX_PAGE, pageInMemory, pageOf } from '../../../src/graphql/paging.ts';

const text = fc.string({ unit: 'binary', maxLength: 40 }).map((given) => given.replace(/[\0:]/g, '').toWellFormed());
const roomId = fc.oneof(
  text.map((name) => `!${name}:here.example`),
  fc
    .string({ unit: fc.constantFrom('a', 'b', 'Z', '0', '9', '-', '_'), minLength: 43, maxLength: 43 })
    .map((hash) => `!${hash}`),
);
const userId = text.map((name) => `@${name}:[::1]:8448`);
const position = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const key = fc.oneof(
  roomId.map((id) => ({ type: 'Room' as const, parts: [id], key: { type: 'Room', roomId: id } })),
  userId.map((id) => ({ type: 'User' as const, parts: [id], key: { type: 'User', userId: id } })),
  fc.tuple(roomId, userId).map(([room, user]) => ({
    type: 'Member' as const,
    parts: [room, user],
    key: { type: 'Member', roomId: room, userId: user, at: null },
  })),
  fc.tuple(roomId, userId, position).map(([room, user, at]) => ({
    type: 'Member' as const,
    parts: [room, user, at],
    key: { type: 'Member', roomId: room, userId: user, at },
  })),
  position.map((at) => ({ type: 'Knock' as const, parts: [at], key: { type: 'Knock', opened: at } })),
  position.map((at) => ({ type: 'Transition' as const, parts: [at], key: { type: 'Transition', position: at } })),
  fc.tuple(roomId, position).map(([room, at]) => ({
    type: 'Event' as const,
    parts: [room, at],
    key: { type: 'Event', roomId: room, position: at },
  })),
);

describe('an id', () => {
  it('comes back as the key it was made of', () => {
    fc.assert(
      fc.property(key, (given) => {
        expect(parseNodeId(nodeId(given.type, ...given.parts))).toEqual(given.key);
      }),
    );
  });

  it('that somebody changed, made up or wrote in another way is none', () => {
    fc.assert(
      fc.property(key, fc.nat(), fc.constantFrom('=', '+', '/', '.', ' ', 'A', '0', 'é'), (given, at, character) => {
        const id = nodeId(given.type, ...given.parts);
        const place = at % (id.length + 1);
        const changed = `${id.slice(0, place)}${character}${id.slice(place + 1)}`;
        fc.pre(changed !== id);
        let read: unknown = null;
        try {
          read = parseNodeId(changed);
        } catch (error) {
          expect(error).toMatchObject({ errcode: 'M_INVALID_PARAM' });
          return;
        }
        // What is still an id is that of something else, and spelt in the one way.
        expect(read).not.toEqual(given.key);
      }),
    );
    const made = (...parts: string[]) => Buffer.from(parts.join('\0')).toString('base64url');
    for (const id of [
      ...['', 'x', 'Um9vbQ', '__proto__', made('Room'), made('Room', 'nowhere'), made('Room', '!a:b', '!a:b')],
      ...[made('User', 'kim'), made('User', '@kim'), made('Member', '!a:b'), made('Member', '@k:b', '!a:b')],
      ...[
        made('Member', '!a:b', '@k:b', ''),
        made('Member', '!a:b', '@k:b', '-1'),
        made('Member', '!a:b', '@k:b', '1', '1'),
      ],
      ...[made('Knock', '-1'), made('Knock', '1.5'), made('Knock', '01'), made('Knock', '9007199254740993')],
      ...[made('Event', '!a:b', ''), made('Event', '!a:b', '$x'), made('constructor', 'x'), made('Knock', '1e3')],
      ...[
        `${made('Knock', '7')}==`,
        ` ${made('Knock', '7')}`,
        Buffer.from(['Room', '!a:bc'].join('\0')).toString('base64'),
      ],
    ]) {
      expect(() => parseNodeId(id), id).toThrow('This is no id.');
    }
  });

  it('holds positions as they are counted, and no other spelling of them', () => {
    fc.assert(
      fc.property(position, (at) => {
        expect(parsePosition(String(at))).toBe(at);
      }),
    );
    for (const wrong of ['', '-1', '+1', '00', '1e2', '0x1', ' 1', '1 ', '9007199254740992', 'NaN', '١']) {
      expect(parsePosition(wrong), wrong).toBeNull();
    }
  });
});

describe('a cursor', () => {
  const kinds = [CURSORS.room, CURSORS.member, CURSORS.membership, CURSORS.knock, CURSORS.transition] as const;
  const cursorOf = (kind: (typeof kinds)[number], at: string | number): string =>
    listPage(
      { rows: [at], hasNextPage: false, hasPreviousPage: false },
      kind as typeof CURSORS.room,
      (row) => row as string,
    ).cursorOf(at);
  const keyOf = (kind: (typeof kinds)[number], cursor: string) =>
    pageOf<string | number>({ after: cursor }, kind).after;

  it('comes back as the key it stands for, in its own list only', () => {
    fc.assert(
      fc.property(roomId, userId, position, (room, user, at) => {
        const keys = [room, user, room, at, at];
        kinds.forEach((kind, n) => {
          const cursor = cursorOf(kind, keys[n]!);
          expect(keyOf(kind, cursor)).toBe(keys[n]);
          expect(cursor).toMatch(/^[\w-]+$/);
          for (const other of kinds) {
            if (other !== kind) expect(() => keyOf(other, cursor)).toThrow('no cursor of this list');
          }
        });
      }),
    );
  });

  it('that nobody gave out is refused', () => {
    const made = (content: string) => Buffer.from(content).toString('base64url');
    for (const cursor of [
      '',
      'rubbish',
      made('knock'),
      made('knock:'),
      made('knock:x'),
      made('knock:01'),
      made('knock:-1'),
    ]) {
      expect(() => keyOf(CURSORS.knock, cursor), cursor).toThrow('no cursor of this list');
    }
    for (const cursor of [made('room:'), made('room:x'), made('room:!a\0:b'), `${made('room:!a:b')}=`]) {
      expect(() => keyOf(CURSORS.room, cursor), cursor).toThrow('no cursor of this list');
    }
  });
});

describe('the size of a page', () => {
  it('is 50 unless said otherwise, from 0 to 100, from one end only', () => {
    expect(pageOf({}, CURSORS.knock)).toEqual({
      limit: 50,
      after: null,
      before: null,
      fromEnd: false,
      descending: false,
    });
    expect(pageOf({ last: 0 }, CURSORS.knock)).toMatchObject({ limit: 0, fromEnd: true });
    expect(pageOf({ first: MAX_PAGE }, CURSORS.knock, true)).toMatchObject({ limit: 100, descending: true });
    for (const args of [{ first: -1 }, { last: -1 }, { first: 101 }, { last: 101 }, { first: 1, last: 1 }]) {
      expect(() => pageOf(args, CURSORS.knock), JSON.stringify(args)).toThrow();
    }
  });
});

describe('a list in memory', () => {
  it('gives each page of itself, both ways, in the order of its keys', () => {
    const keys = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 3 }), { maxLength: 30 });
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 7 }), fc.boolean(), (given, limit, fromEnd) => {
        const whole = given.toSorted((a, b) => (a < b ? -1 : 1));
        const seen: string[] = [];
        let bound: string | null = null;
        for (;;) {
          const bounds: { after: string | null; before: string | null } = fromEnd
            ? { after: null, before: bound }
            : { after: bound, before: null };
          const page: PageOfRows<string> = pageInMemory(given, (row) => row, {
            ...bounds,
            limit,
            fromEnd,
            descending: false,
          });
          if (fromEnd) seen.unshift(...page.rows);
          else seen.push(...page.rows);
          expect(fromEnd ? page.hasNextPage : page.hasPreviousPage).toBe(bound !== null);
          if (!(fromEnd ? page.hasPreviousPage : page.hasNextPage)) break;
          bound = (fromEnd ? page.rows[0] : page.rows.at(-1)) ?? null;
        }
        expect(seen).toEqual(whole);
      }),
    );
  });
});
