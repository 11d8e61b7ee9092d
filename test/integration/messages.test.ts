/** A room's timeline page by page: order, tokens, bounds, filters, and who sees what of it (PROTOCOL §1.3, §1.6, §8). */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, publicRoom, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';
import { pageThrough } from '../support/timeline-pages.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Date.now() % 2 ** 31);

let story: Story;
let owner: Client;
let kim: Client;
let lee: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim, lee] = await story.people('owner', 'kim', 'lee');
});

afterAll(() => story.close());

type News = Answer['body'];

const openRoom = (options: object = {}, ...members: readonly Client[]): Promise<string> =>
  publicRoom(owner, members, options);

const note = (room: string, n: number, key = '') =>
  owner.ok('PUT', `/rooms/${room}/state/io.vestibule.note/${key}`, { n });
const visible = (room: string, history_visibility: string) =>
  owner.ok('PUT', `/rooms/${room}/state/m.room.history_visibility`, { history_visibility });
const messages = (client: Client, room: string, query: string): Promise<News> =>
  client.ok('GET', `/rooms/${room}/messages?${query}`);
const numbers = (events: readonly News[]): readonly number[] => events.flatMap(({ content }) => content.n ?? []);
const filterOf = (filter: object): string => `&filter=${encodeURIComponent(JSON.stringify(filter))}`;
const NOTES = filterOf({ types: ['io.vestibule.*'] });

describe('a page of a room’s timeline', () => {
  it('runs backwards from the end or forwards from the beginning, and says where to go on, until there is nothing more', async () => {
    const room = await openRoom({}, kim);
    for (let n = 1; n <= 12; n += 1) await note(room, n);
    const back = await messages(kim, room, 'dir=b');
    expect(numbers(back.chunk)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    const more = await messages(kim, room, `dir=b&from=${back.end}&limit=100`);
    expect(more.start).toBe(back.end);
    expect(numbers(more.chunk)).toEqual([2, 1]);
    expect(more.chunk.at(-1).type).toBe('m.room.create');
    expect(more).not.toHaveProperty('end');
    const forth = await messages(kim, room, 'dir=f&limit=100');
    expect(forth.chunk.map(({ event_id }: News) => event_id)).toEqual(
      [...back.chunk, ...more.chunk].map(({ event_id }: News) => event_id).toReversed(),
    );
    expect(forth).not.toHaveProperty('end');
    const first = await messages(kim, room, 'dir=f&limit=2');
    expect(first.chunk[0].type).toBe('m.room.create');
    const again = await messages(kim, room, `dir=b&from=${first.end}&limit=100`);
    expect(
      again.chunk.map(({ event_id }: News) => event_id),
      'back from where a page forwards ended',
    ).toEqual(first.chunk.map(({ event_id }: News) => event_id).toReversed());
  });

  it('takes the tokens of syncs: backwards from prev_batch, and over a gap from since to prev_batch', async () => {
    const room = await openRoom({}, kim);
    await note(room, 1);
    const { next_batch: since } = await kim.ok('GET', '/sync');
    for (let n = 2; n <= 6; n += 1) await note(room, n);
    const limited = filterOf({ room: { timeline: { limit: 2 } } });
    const { timeline } = (await kim.ok('GET', `/sync?since=${since}${limited}`)).rooms.join[room];
    expect(numbers(timeline.events)).toEqual([5, 6]);
    const back = await messages(kim, room, `dir=b&from=${timeline.prev_batch}&limit=2`);
    expect(numbers(back.chunk)).toEqual([4, 3]);
    const gap = await messages(kim, room, `dir=f&from=${since}&to=${timeline.prev_batch}`);
    expect(numbers(gap.chunk)).toEqual([2, 3, 4]);
    expect(gap).not.toHaveProperty('end');
    const gapBack = await messages(kim, room, `dir=b&from=${timeline.prev_batch}&to=${since}&limit=2`);
    expect(numbers(gapBack.chunk)).toEqual([4, 3]);
    const rest = await messages(kim, room, `dir=b&from=${gapBack.end}&to=${since}&limit=2`);
    expect(numbers(rest.chunk)).toEqual([2]);
    expect(rest).not.toHaveProperty('end');
  });

  it('is never longer than a hundred events', async () => {
    const room = await openRoom({}, kim);
    for (let n = 1; n <= 110; n += 1) await note(room, n);
    const { chunk, end } = await messages(kim, room, 'dir=b&limit=100000');
    expect(chunk).toHaveLength(100);
    expect(end).toBeTypeOf('string');
    expect((await messages(kim, room, 'dir=b&limit=0')).chunk).toEqual([]);
  });

  it('is not given for what is no direction, token, limit or filter', async () => {
    const room = await openRoom({}, kim);
    const wrong = ['dir=x', 'dir=', 'dir=b&from=x', 'dir=b&to=', 'dir=b&limit=-1', 'dir=b&limit=x', 'dir=b&from=t1_2'];
    const filters = ['5', '[]', '{', '{"types":1}', '{"types":[1]}', '{"contains_url":1}', '{"senders":{}}'];
    for (const query of [...wrong, ...filters.map((filter) => `dir=b&filter=${encodeURIComponent(filter)}`)])
      expectRefusal(await kim.call('GET', `/rooms/${room}/messages?${query}`), 400, 'M_INVALID_PARAM', query);
    expectRefusal(await kim.call('GET', `/rooms/${room}/messages`), 400, 'M_MISSING_PARAM');
    expectRefusal(await kim.call('GET', '/rooms/x/messages?dir=b'), 400, 'M_INVALID_PARAM');
  });

  it('38: shows each event whole: the create event of version 12 with its room, state with what it took the place of', async () => {
    const room = await openRoom({ room_version: '12' }, kim);
    const { event_id } = await note(room, 1);
    await note(room, 2);
    const { chunk } = await messages(kim, room, 'dir=b&limit=100');
    for (const event of chunk) expect(event).toMatchObject({ room_id: room, event_id: expect.stringMatching(/^\$/) });
    expect(chunk.at(-1)).toMatchObject({ type: 'm.room.create', room_id: room });
    expect(chunk[0].unsigned).toMatchObject({ replaces_state: event_id, prev_content: { n: 1 }, membership: 'join' });
    expect(chunk[1].unsigned).not.toHaveProperty('replaces_state');
    expect(chunk.at(-1).unsigned.membership, 'before one came').toBe('leave');
  });
});

describe('a filter', () => {
  it('picks by type with wildcards, by sender and by url, and goes on over what it passes by', async () => {
    const room = await openRoom({ power_level_content_override: { state_default: 0 } }, kim);
    for (const [type, content] of [
      ['io.vestibule.a', { url: 'mxc://localhost/x' }],
      ['io.vestibule.ab', {}],
      ['io.vestibule.abc', { url: 1 }],
    ] as const) {
      await kim.ok('PUT', `/rooms/${room}/state/${type}`, content);
      await owner.ok('PUT', `/rooms/${room}/state/${type}/other`, {});
    }
    const picked = async (filter: object) =>
      (await messages(kim, room, `dir=f&limit=100${filterOf(filter)}`)).chunk.map(
        ({ type, sender }: News) => `${type.split('.').at(-1)} ${sender === kim.userId ? 'kim' : 'owner'}`,
      );
    const types = ['io.vestibule.*'];
    expect(await picked({ types, senders: [kim.userId] })).toEqual(['a kim', 'ab kim', 'abc kim']);
    expect(await picked({ types, not_senders: [kim.userId] })).toEqual(['a owner', 'ab owner', 'abc owner']);
    expect(await picked({ types, contains_url: true })).toEqual(['a kim', 'abc kim']);
    expect(await picked({ types, contains_url: false, senders: [kim.userId] })).toEqual(['ab kim']);
    expect(await picked({ types: ['io.*.a*c', 'nothing'], not_senders: [owner.userId] })).toEqual(['abc kim']);
    expect(await picked({ types, not_types: ['*.ab*'] })).toEqual(['a kim', 'a owner']);
    expect(await picked({ types: [] })).toEqual([]);
    expect(await picked({ types, rooms: ['!other:here'] })).toEqual([]);
    expect(await picked({ types, not_rooms: [room] })).toEqual([]);
    const first = await messages(kim, room, `dir=b&limit=1${filterOf({ types: ['io.vestibule.a'] })}`);
    expect(first.chunk[0].state_key).toBe('other');
    const second = await messages(
      kim,
      room,
      `dir=b&limit=1&from=${first.end}${filterOf({ types: ['io.vestibule.a'] })}`,
    );
    expect(second.chunk[0].state_key).toBe('');
    expect(second).not.toHaveProperty('end');
  });

  it('that loads members lazily brings those who spoke', async () => {
    const room = await openRoom({}, kim, lee);
    await note(room, 1);
    const { chunk, state } = await messages(kim, room, `dir=b&limit=1${filterOf({ lazy_load_members: true })}`);
    expect(numbers(chunk)).toEqual([1]);
    expect(state.map(({ type, state_key, room_id }: News) => [type, state_key, room_id])).toEqual([
      ['m.room.member', owner.userId, room],
    ]);
    expect(await messages(kim, room, 'dir=b&limit=1')).not.toHaveProperty('state');
  });
});

describe('the history that one sees', () => {
  it('is decided at each event, by the visibility then and by one’s own way through the room', async () => {
    for (const [visibility, notes] of [
      ['shared', [1, 2, 3, 4]],
      ['invited', [2, 3]],
      ['joined', [3]],
      ['world_readable', [1, 2, 3, 4]],
      ['unheard of', [1, 2, 3, 4]],
    ] as const) {
      const room = await openRoom();
      await visible(room, visibility);
      await note(room, 1, 'before');
      await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
      await note(room, 2, 'invited');
      await kim.ok('POST', `/join/${room}`, {});
      await note(room, 3, 'joined');
      await kim.ok('POST', `/rooms/${room}/leave`, {});
      await note(room, 4, 'gone');
      await kim.ok('POST', `/join/${room}`, {});
      const { chunk } = await messages(kim, room, `dir=f&limit=100${NOTES}`);
      expect(numbers(chunk), visibility).toEqual(notes);
      const own = filterOf({ types: ['m.room.member'], senders: [kim.userId] });
      const { chunk: way } = await messages(kim, room, `dir=f&limit=100${own}`);
      expect(way.map(({ content, unsigned }: News) => [content.membership, unsigned.membership])).toEqual([
        ['join', 'join'],
        ['leave', 'leave'],
        ['join', 'join'],
      ]);
    }
  });

  it('29: is frozen at one’s departure, however one went: nothing forwards from there, no later joiner', async () => {
    for (const go of ['leave', 'kick', 'ban'] as const) {
      const room = await openRoom({}, kim);
      await note(room, 1);
      const { next_batch: stayed } = await kim.ok('GET', '/sync');
      if (go === 'leave') await kim.ok('POST', `/rooms/${room}/leave`, {});
      else await owner.ok('POST', `/rooms/${room}/${go}`, { user_id: kim.userId });
      const { next_batch: went } = await kim.ok('GET', '/sync');
      await note(room, 2);
      await lee.ok('POST', `/join/${room}`, {});
      const { next_batch: later } = await kim.ok('GET', '/sync');
      const { chunk } = await messages(kim, room, 'dir=b&limit=100');
      expect(chunk[0], go).toMatchObject({
        state_key: kim.userId,
        unsigned: { membership: go === 'ban' ? 'ban' : 'leave' },
      });
      expect(numbers(chunk), go).toEqual([1]);
      expect(JSON.stringify(chunk), go).not.toContain(lee.userId);
      expect((await messages(kim, room, `dir=b&from=${later}&limit=100`)).chunk.length, go).toBe(chunk.length);
      for (const from of [went, later]) {
        const forward = await messages(kim, room, `dir=f&from=${from}`);
        expect(forward, go).toEqual({ start: from, chunk: [] });
      }
      const rest = await messages(kim, room, `dir=f&from=${stayed}`);
      expect(
        rest.chunk.map(({ state_key }: News) => state_key),
        go,
      ).toEqual([kim.userId]);
    }
  });

  it('of an earlier stay remains while one knocks or is invited again', async () => {
    const room = await openRoom({}, kim);
    await note(room, 1);
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    await note(room, 2);
    await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
    expect(numbers((await messages(kim, room, `dir=f&limit=100${NOTES}`)).chunk)).toEqual([1]);
  });

  it('is nothing for those who were never in, and for a room that does not exist', async () => {
    const [invited, knocker, banned] = await story.people('invited', 'knocker', 'banned');
    const room = await knockRoom(owner);
    await owner.ok('POST', `/rooms/${room}/invite`, { user_id: invited.userId });
    await owner.ok('POST', `/rooms/${room}/ban`, { user_id: banned.userId });
    await knocker.ok('POST', `/knock/${room}`, {});
    for (const client of [invited, knocker, banned, kim])
      expectRefusal(await client.call('GET', `/rooms/${room}/messages?dir=b`), 403, 'M_FORBIDDEN');
    expectRefusal(await kim.call('GET', `/rooms/!${'x'.repeat(43)}/messages?dir=b`), 403, 'M_FORBIDDEN');
  });

  it('of a world-readable room is anybody’s, from when it became so', async () => {
    const room = await openRoom();
    await note(room, 1);
    await visible(room, 'world_readable');
    await note(room, 2);
    const { chunk } = await messages(kim, room, 'dir=f&limit=100');
    expect(chunk.map(({ type, content }: News) => [type, content.n])).toEqual([
      ['m.room.history_visibility', undefined],
      ['io.vestibule.note', 2],
    ]);
    expect(chunk[1].unsigned, 'what is not theirs to see is named, not shown').toMatchObject({
      membership: 'leave',
      replaces_state: expect.any(String),
    });
    expect(chunk[1].unsigned).not.toHaveProperty('prev_content');
    await visible(room, 'joined');
    expectRefusal(await kim.call('GET', `/rooms/${room}/messages?dir=b`), 403, 'M_FORBIDDEN');
  });

  it('that begins after a long one of others is reached by pages of which each looks at a bounded part', async () => {
    const room = await openRoom();
    await visible(room, 'joined');
    for (let n = 0; n < 1_100; n += 100)
      await Promise.all(Array.from({ length: 100 }, (_, i) => note(room, n + i, `key${n + i}`)));
    await visible(room, 'world_readable');
    await kim.ok('POST', `/join/${room}`, {});
    for (const dir of ['b', 'f']) {
      const pages = await pageThrough(kim, room, `dir=${dir}&limit=100${NOTES}`);
      expect(pages.map((page) => page.length)).toEqual([0, 0]);
      const { chunk } = await messages(kim, room, `dir=${dir}&limit=2`);
      expect(chunk[0].type).toBe(dir === 'b' ? 'm.room.member' : 'm.room.create');
    }
    const rare = await pageThrough(owner, room, `dir=f&limit=2${filterOf({ types: ['m.room.history_visibility'] })}`);
    expect(rare.map((page) => page.length)).toEqual([2, 1]);
  });
});

// What happens to the room, as the owner and Kim make it: Kim's way in and out, what may be seen, what is said.
const STEPS = [
  'note',
  'note',
  'note',
  'join',
  'leave',
  'invite',
  'shared',
  'invited',
  'joined',
  'world_readable',
] as const;
type StepName = (typeof STEPS)[number];

interface Told {
  readonly n: number;
  readonly visibility: string;
  readonly membership: string;
  /** How often Kim had joined. */
  readonly joins: number;
}

interface History {
  readonly room: string;
  readonly notes: readonly Told[];
  readonly joins: number;
  /** The step at which Kim last went out; null: she is in. */
  readonly departedAt: number | null;
  /** Of syncs between the steps. */
  readonly tokens: readonly string[];
}

async function play(steps: readonly StepName[]): Promise<History> {
  const room = await openRoom();
  const notes: Told[] = [];
  const tokens: string[] = [];
  let [membership, visibility, joins] = ['leave', 'shared', 0];
  let departedAt: number | null = null;
  for (const [n, step] of ['join' as const, 'leave' as const, ...steps].entries()) {
    if (step === 'note') {
      await note(room, n, `${n % 3}`);
      notes.push({ n, visibility, membership, joins });
    } else if (step === 'join') {
      await kim.ok('POST', `/join/${room}`, {});
      joins += Number(membership !== 'join');
      membership = 'join';
      departedAt = null;
    } else if (step === 'leave') {
      await kim.ok('POST', `/rooms/${room}/leave`, {});
      if (membership === 'join') departedAt = n;
      membership = 'leave';
    } else if (step === 'invite') {
      if (membership === 'join') continue;
      await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
      membership = 'invite';
    } else {
      await visible(room, step);
      visibility = step;
    }
    if (n % 2 === 0) tokens.push((await owner.ok('GET', '/sync')).next_batch);
  }
  return { room, notes, joins, departedAt, tokens };
}

/** PROTOCOL §1.6. */
function seenByKim({ n, visibility, membership, joins }: Told, { joins: all, departedAt }: History): boolean {
  if (departedAt !== null && n > departedAt) return false;
  if (visibility === 'world_readable' || membership === 'join') return true;
  return visibility === 'invited' ? membership === 'invite' : visibility === 'shared' && all > joins;
}

describe(`random histories (FAST_CHECK_SEED=${SEED})`, () => {
  it('29: back from any token and forward from it again, each visible event comes once, in order, and no other', async () => {
    const steps = fc.array(fc.constantFrom(...STEPS), { minLength: 5, maxLength: 30 });
    const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 7 }), async (taken, limit) => {
      const history = await play(taken);
      const { room, tokens } = history;
      for (const client of [owner, kim]) {
        const forth = await pageThrough(client, room, `dir=f&limit=${limit}`);
        const whole = forth.flat().map(({ event_id }) => event_id);
        expect(new Set(whole).size).toBe(whole.length);
        const told = history.notes.filter((one) => client === owner || seenByKim(one, history));
        expect(numbers(forth.flat())).toEqual(told.map(({ n }) => n));
        // The first, the last, and one between: each of them costs the whole history twice.
        for (const token of new Set([tokens[0], tokens[tokens.length >> 1], tokens.at(-1)])) {
          const back = await pageThrough(client, room, `dir=b&limit=${limit}`, token);
          const on = await pageThrough(client, room, `dir=f&limit=${limit}`, token);
          expect([...back.flat().toReversed(), ...on.flat()].map(({ event_id }) => event_id)).toEqual(whole);
        }
      }
    });
    await fc.assert(property, { numRuns: 8, seed: SEED, endOnFailure: true });
  });
});
