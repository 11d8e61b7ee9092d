/** Relay's paging over long lists: page by page, from either end, it is the list itself, also while it grows. */
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRoom } from '../../src/commands/create-room.ts';
import { rejectKnock } from '../../src/commands/decide-knock.ts';
import { knock } from '../../src/commands/knock.ts';
import { nodeId } from '../../src/graphql/node-ids.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import type { Client } from '../support/client.ts';
import { act, ask, openDesk, refusal, type Desk } from '../support/graphql.ts';
import { actor, makeKnockRoom, userId } from '../support/history.ts';

const MANY = 260;

let desk: Desk;
let keeper: Client;
let roomId: RoomId;

beforeAll(async () => {
  desk = await openDesk(async ({ deps }) => {
    roomId = await makeKnockRoom(deps, 'keeper');
    const people = Array.from({ length: MANY }, (_, n) => actor(`visitor-${n}`));
    await Promise.all(people.map((person, n) => knock(deps, person, { roomId, reason: `knock ${n}` })));
    const turnedAway = people.filter((_, n) => n % 3 === 0);
    await Promise.all(
      turnedAway.map((person) => rejectKnock(deps, actor('keeper'), { roomId, userId: person.userId })),
    );
    await Promise.all(turnedAway.map((person) => knock(deps, person, { roomId, reason: 'again' })));
    for (let n = 0; n < MANY; n += 1) await createRoom(deps, actor('keeper'), { name: `Room ${n}` });
  });
  keeper = await desk.join('keeper');
});

afterAll(() => desk.close());

/** A list of the schema, and the same list as the tables have it. */
interface Listed {
  readonly path: readonly string[];
  readonly field: string;
  readonly args?: string;
  readonly counted: boolean;
  /** It is at least so long. */
  readonly least?: number;
  readonly whole: () => Promise<readonly string[]>;
}

async function column(query: ReturnType<typeof sql<{ key: string | number }>>): Promise<readonly (string | number)[]> {
  return (await query.execute(desk.test.database.db)).rows.map(({ key }) => key);
}

const knocks = async () =>
  (await column(sql`select opened as key from knocks where room_id = ${roomId} order by opened`)).map((at) =>
    nodeId('Knock', at),
  );
const ended = async () =>
  (await column(sql`select opened as key from knocks where closed is not null order by closed`)).map((at) =>
    nodeId('Knock', at),
  );
const transitions = async () =>
  (await column(sql`select position as key from transitions where room_id = ${roomId} order by position`)).map((at) =>
    nodeId('Transition', at),
  );
const members = async () =>
  (
    await column(
      sql`select state_key as key from room_state where room_id = ${roomId} and type = 'm.room.member' order by 1`,
    )
  ).map((id) => nodeId('Member', roomId, id));
const rooms = async () =>
  (await column(sql`select room_id as key from rooms order by 1`)).map((id) => nodeId('Room', id));
const memberships = async () =>
  (await column(sql`select room_id as key from rooms order by 1`)).map((id) => nodeId('Member', id, userId('keeper')));
const reversed = (list: () => Promise<readonly string[]>) => async () => (await list()).toReversed();

const inRoom = [`room(roomId: $room)`];
const LISTS: Readonly<Record<string, Listed>> = {
  'knocks, newest first': { path: [], field: 'knocks', counted: true, whole: reversed(knocks) },
  'knocks, oldest first': {
    ...{ path: [], field: 'knocks', args: 'orderBy: { direction: ASC }', counted: true, whole: knocks },
  },
  'knocks by their end': {
    ...{ path: [], field: 'knocks', args: 'orderBy: { field: DECIDED_AT }', counted: true },
    ...{ whole: reversed(ended), least: 80 },
  },
  'knocks of a room': { path: inRoom, field: 'knocks', counted: true, whole: reversed(knocks) },
  'transitions of a room': { path: inRoom, field: 'transitions', counted: true, whole: transitions },
  'transitions of a room, newest first': {
    ...{ path: inRoom, field: 'transitions', args: 'orderBy: { direction: DESC }', counted: true },
    whole: reversed(transitions),
  },
  'transitions in one of two rooms': {
    ...{ path: [], field: 'transitions', args: 'where: { roomIds: [$room, "!other:room"] }' },
    ...{ counted: true, whole: transitions },
  },
  members: { path: inRoom, field: 'members', counted: true, whole: members },
  rooms: { path: [], field: 'rooms', counted: true, whole: rooms },
  memberships: { path: ['viewer', 'user'], field: 'memberships', counted: true, whole: memberships },
};

interface Page {
  readonly ids: readonly string[];
  readonly cursors: readonly string[];
  readonly info: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
  readonly count: number | null;
}

async function pageOf({ path, field, args = '', counted }: Listed, bounds: string): Promise<Page> {
  const selection = `list: ${field}(${args} ${bounds}) { edges { cursor node { id } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } ${counted ? 'totalCount' : ''} }`;
  const body = path.reduceRight((inner, name) => `${name} { ${inner} }`, selection);
  const declared = `${path.join()}${args}`.includes('$room') ? '($room: String!)' : '';
  let data = await ask(keeper, `query ${declared} { ${body} }`, { room: roomId });
  for (const name of path) data = data[name.split('(')[0]!];
  const { edges, nodes, pageInfo, totalCount } = data.list;
  const ids = edges.map(({ node }: { node: { id: string } }) => node.id);
  expect(nodes.map(({ id }: { id: string }) => id)).toEqual(ids);
  const cursors: string[] = edges.map(({ cursor }: { cursor: string }) => cursor);
  expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([cursors[0] ?? null, cursors.at(-1) ?? null]);
  return { ids, cursors, info: pageInfo, count: counted ? totalCount : null };
}

/** The whole list by pages of `size`, from its start or from its end. */
async function walk(list: Listed, size: number, fromEnd: boolean, between?: () => Promise<void>): Promise<string[]> {
  const all: string[] = [];
  for (let bound: string | null = null; ;) {
    const within = bound === null ? '' : `${fromEnd ? 'before' : 'after'}: "${bound}"`;
    const page: Page = await pageOf(list, `${fromEnd ? 'last' : 'first'}: ${size} ${within}`);
    if (fromEnd) all.unshift(...page.ids);
    else all.push(...page.ids);
    const { hasNextPage, hasPreviousPage, startCursor, endCursor } = page.info;
    expect(fromEnd ? hasNextPage : hasPreviousPage).toBe(bound !== null);
    if (!(fromEnd ? hasPreviousPage : hasNextPage)) return all;
    expect(page.ids).toHaveLength(size);
    bound = fromEnd ? startCursor : endCursor;
    await between?.();
  }
}

describe('paging', () => {
  it.each(Object.entries(LISTS))('through %s both ways gives the list, each entry once', async (_name, list) => {
    const whole = await list.whole();
    expect(whole.length).toBeGreaterThan(list.least ?? 250);
    for (const fromEnd of [false, true]) expect(await walk(list, 97, fromEnd)).toEqual(whole);
    if (list.counted) expect((await pageOf(list, 'first: 0')).count).toBe(whole.length);
  });

  it('with any bounds gives that part of the list, and tells what lies beyond it', async () => {
    const whole = new Map<string, { ids: readonly string[]; cursors: readonly string[] }>();
    for (const [name, list] of Object.entries(LISTS)) {
      const cursors: string[] = [];
      for (let after = ''; ;) {
        const page = await pageOf(list, `first: 100 ${after}`);
        cursors.push(...page.cursors);
        if (!page.info.hasNextPage) break;
        after = `after: "${page.info.endCursor}"`;
      }
      whole.set(name, { ids: await list.whole(), cursors });
    }
    const place = fc.option(fc.integer({ min: 0, max: MANY - 1 }), { nil: null });
    const asked = fc.record({
      name: fc.constantFrom(...Object.keys(LISTS)),
      after: place,
      before: place,
      size: fc.integer({ min: 0, max: 100 }),
      fromEnd: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(asked, async ({ name, after, before, size, fromEnd }) => {
        const { ids, cursors } = whole.get(name)!;
        fc.pre(Math.max(after ?? 0, before ?? 0) < cursors.length);
        const bounds = [
          after === null ? '' : `after: "${cursors[after]}"`,
          before === null ? '' : `before: "${cursors[before]}"`,
        ];
        const page = await pageOf(LISTS[name]!, `${fromEnd ? 'last' : 'first'}: ${size} ${bounds.join(' ')}`);
        const within = ids.slice(after === null ? 0 : after + 1, before ?? undefined);
        const start = fromEnd ? Math.max(0, within.length - size) : 0;
        const expected = within.slice(start, start + (fromEnd ? within.length : size));
        expect(page.ids).toEqual(expected);
        const more = within.length > expected.length;
        expect(page.info.hasNextPage).toBe(before !== null || (!fromEnd && more));
        expect(page.info.hasPreviousPage).toBe(after !== null || (fromEnd && more));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a list that grows while it is paged', () => {
  it('newest first, gives every entry that was there at the start exactly once', async () => {
    const list = LISTS['knocks, newest first']!;
    const before = await list.whole();
    const late = await desk.join('late');
    let turn = 0;
    const seen = await walk(list, 60, false, async () => {
      await act(late, (turn += 1) % 2 === 1 ? 'knock' : 'retractKnock', { roomId });
    });
    expect(seen).toEqual(before);
    expect((await list.whole()).length).toBeGreaterThan(before.length);
  });

  it('oldest first, ends with what came meanwhile', async () => {
    const list = LISTS['transitions of a room']!;
    const later = await desk.join('later');
    let turn = 0;
    const seen = await walk(list, 90, false, async () => {
      await act(later, (turn += 1) % 2 === 1 ? 'knock' : 'retractKnock', { roomId });
    });
    expect(turn).toBeGreaterThan(2);
    expect(seen).toEqual(await list.whole());
  });

  it('by name, neither skips nor doubles when entries come before and after the place reached', async () => {
    const list = LISTS['members']!;
    const before = await list.whole();
    const [early, last] = [await desk.join('aaron'), await desk.join('zoe')];
    let turn = 0;
    const seen = await walk(list, 70, false, async () => {
      if ((turn += 1) === 2) await act(early, 'knock', { roomId });
      if (turn === 2) await act(last, 'knock', { roomId });
    });
    expect(seen).toEqual([...before, nodeId('Member', roomId, last.userId)]);
    expect(await list.whole()).toContain(nodeId('Member', roomId, early.userId));
  });
});

describe('a page that cannot be', () => {
  it('is refused: sizes out of range, both ends at once, cursors that nobody gave out', async () => {
    const foreign = (await pageOf(LISTS['rooms']!, 'first: 1')).cursors[0]!;
    const own = (await pageOf(LISTS['knocks, newest first']!, 'first: 1')).cursors[0]!;
    const forged = Buffer.from('knock:1 or 1=1').toString('base64url');
    for (const bounds of [
      ...['first: 101', 'first: -1', 'last: 101', 'last: -1', 'first: 1, last: 1', 'first: 2147483647'],
      ...[
        `after: "${foreign}"`,
        `before: "${foreign}"`,
        `after: "${forged}"`,
        `after: "${own}="`,
        `after: "${own.slice(1)}"`,
      ],
      ...['after: ""', 'after: "1"', 'before: "\\u0000"', `after: "${own}", before: "${foreign}"`],
    ]) {
      const { extensions, message } = await refusal(keeper, `{ knocks(${bounds}) { totalCount } }`);
      expect(extensions, bounds).toEqual({ code: 'M_INVALID_PARAM' });
      expect(message).not.toMatch(/1=1|select|position/i);
    }
  });
});
