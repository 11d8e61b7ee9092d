/** The public directory: what is listed, how it is looked through, and page by page (PROTOCOL §1.3, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, request, type Client } from '../support/client.ts';
import { runRole } from '../support/server.ts';
import { expectRefusal, openStory, SERVER_NAME, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;
let lee: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim, lee] = await story.people('owner', 'kim', 'lee');
});

afterAll(() => story.close());

const PATH = '/_matrix/client/v3/publicRooms';
const listing = (room: string) => `/directory/list/room/${room}`;

async function create(client: Client, options: object): Promise<string> {
  return (await client.ok('POST', '/createRoom', options)).room_id;
}

interface Entry {
  readonly room_id: string;
  readonly num_joined_members: number;
}

/** What a search finds: the rooms' ids, in the order of the directory. */
async function find(filter: object): Promise<readonly string[]> {
  const { chunk } = await kim.ok('POST', '/publicRooms', { limit: 100, filter });
  return chunk.map((entry: Entry) => entry.room_id);
}

describe('a room', () => {
  it('is listed when its creator says so, or later a member with the power to name it, and taken off again', async () => {
    const [listed, plain] = [
      await create(owner, { visibility: 'public' }),
      await create(owner, { preset: 'public_chat' }),
    ];
    const visibility = async (room: string) => (await request(story.url, 'GET', listing(room))).body.visibility;
    expect([await visibility(listed), await visibility(plain)]).toEqual(['public', 'private']);
    await kim.ok('POST', `/join/${plain}`, {});
    expectRefusal(await kim.call('PUT', listing(plain), { visibility: 'public' }), 403, 'M_FORBIDDEN', 'no power');
    expectRefusal(await lee.call('PUT', listing(plain), {}), 403, 'M_FORBIDDEN', 'not there');
    expectRefusal(await lee.call('PUT', listing('!none:localhost:8448'), {}), 404, 'M_NOT_FOUND');
    expectRefusal(await lee.call('GET', listing('!none:localhost:8448')), 404, 'M_NOT_FOUND');
    expectRefusal(await owner.call('PUT', listing(plain), { visibility: 'hidden' }), 400, 'M_BAD_JSON');
    await owner.ok('PUT', listing(plain), {});
    await owner.ok('PUT', listing(plain), { visibility: 'public' });
    expect(await visibility(plain)).toBe('public');
    expect(await find({})).toEqual(expect.arrayContaining([listed, plain]));
    await owner.ok('PUT', listing(plain), { visibility: 'private' });
    expect(await find({})).not.toContain(plain);
    const acts = await story.rows<{ outcome: string }>(
      "select outcome from actions where operation = 'setRoomVisibility' and room_id = $1 order by position",
      [plain],
    );
    const outcomes = ['M_FORBIDDEN', 'M_FORBIDDEN', 'ok', 'unchanged', 'ok'];
    expect(acts.map(({ outcome }) => outcome)).toEqual(outcomes);
  });

  it('20: says that people knock on it', async () => {
    const rules = { knock: '11', knock_restricted: '12', invite: '10', public: '9' };
    for (const [join_rule, room_version] of Object.entries(rules)) {
      const initial_state = [{ type: 'm.room.join_rules', content: { join_rule } }];
      const room = await knockRoom(owner, { visibility: 'public', room_version, initial_state });
      const { chunk } = await kim.ok('POST', '/publicRooms', { limit: 100 });
      expect(chunk.find((entry: Entry) => entry.room_id === room)).toMatchObject({ join_rule });
    }
  });

  it('shows what it calls itself, and nothing that it does not', async () => {
    const state = (type: string, content: object) => ({ type, content });
    const full = await create(owner, {
      ...{ visibility: 'public', name: 'Full', topic: 'Everything', room_alias_name: 'full' },
      creation_content: { type: 'm.space' },
      initial_state: [
        state('m.room.avatar', { url: 'mxc://localhost/full' }),
        state('m.room.history_visibility', { history_visibility: 'world_readable' }),
        state('m.room.guest_access', { guest_access: 'can_join' }),
      ],
    });
    const bare = await create(owner, { visibility: 'public', preset: 'private_chat' });
    const { chunk } = (await request(story.url, 'GET', `${PATH}?limit=100`)).body;
    const entry = (room: string) => chunk.find(({ room_id }: Entry) => room_id === room);
    expect(entry(full)).toEqual({
      ...{ room_id: full, num_joined_members: 1, world_readable: true, guest_can_join: true, join_rule: 'public' },
      ...{ name: 'Full', topic: 'Everything', canonical_alias: `#full:${SERVER_NAME}` },
      ...{ avatar_url: 'mxc://localhost/full', room_type: 'm.space' },
    });
    expect(entry(bare)).toEqual({
      ...{ room_id: bare, num_joined_members: 1, world_readable: false, guest_can_join: true, join_rule: 'invite' },
    });
  });

  it('that everybody left is not listed', async () => {
    const room = await create(owner, { visibility: 'public', name: 'Deserted' });
    expect(await find({ generic_search_term: 'deserted' })).toEqual([room]);
    await owner.ok('POST', `/rooms/${room}/leave`, {});
    expect(await find({ generic_search_term: 'deserted' })).toEqual([]);
  });
});

describe('a search', () => {
  it('finds words in name, topic and alias, in any case, and what looks like a pattern as it stands', async () => {
    const byName = await create(owner, { visibility: 'public', name: 'Die große ÜBERSICHT 100%' });
    const byTopic = await create(owner, { visibility: 'public', name: 'x', topic: 'an übersicht_of things' });
    const byAlias = await create(owner, { visibility: 'public', room_alias_name: 'die-übersicht' });
    const hidden = await create(owner, { name: 'Übersicht' });
    const term = (generic_search_term: string) => find({ generic_search_term });
    expect(new Set(await term('  übersicht '))).toEqual(new Set([byName, byTopic, byAlias]));
    expect(await term('UBERSICHT'.replace('U', 'U\u0308'))).toHaveLength(3);
    expect(await term('100%')).toEqual([byName]);
    expect(await term('0%\\')).toEqual([]);
    expect(await term('t_o')).toEqual([byTopic]);
    expect(await term('%')).toEqual([byName]);
    expect(await term('große übersicht')).toEqual([byName]);
    expect(await term('a\u0000b')).toEqual([]);
    expect(await term('x'.repeat(5_000))).toEqual([]);
    await owner.ok('PUT', `/rooms/${byName}/state/m.room.name`, { name: 'Renamed' });
    expect(await term('große')).toEqual([]);
    expect(await term('renamed')).toEqual([byName]);
    expect(await term('Übersicht')).not.toContain(hidden);
  });

  it('finds rooms by their type, and those without one', async () => {
    const of = (type: string | undefined, room_version: string) =>
      create(owner, { visibility: 'public', name: 'typed', creation_content: { type }, room_version });
    const [space, other, none] = [
      await of('m.space', '12'),
      await of('io.vestibule.x', '7'),
      await of(undefined, '11'),
    ];
    const typed = (room_types: unknown) => find({ room_types, generic_search_term: 'typed' });
    expect(await typed(['m.space'])).toEqual([space]);
    expect(new Set(await typed([null, 'io.vestibule.x']))).toEqual(new Set([none, other]));
    expect(new Set(await typed(undefined))).toEqual(new Set([space, other, none]));
    expect(await typed([])).toEqual([]);
    expect(await typed(['M.SPACE', 'a\u0000'])).toEqual([]);
  });

  it('finds a room of a type that is too long and too random for an index', async () => {
    const type = Array.from({ length: 1_000 }, (_, n) =>
      String.fromCharCode(0x4e00 + ((n * n * 7_919 + n * 104_729) % 20_000)),
    );
    const long = await create(owner, { visibility: 'public', creation_content: { type: type.join('') } });
    expect(await find({ room_types: [type.join('')] })).toEqual([long]);
  });

  it('is for users of this server, about this server', async () => {
    expect((await request(story.url, 'POST', PATH, { body: {} })).status).toBe(401);
    expect((await kim.ok('POST', `/publicRooms?server=${SERVER_NAME}`, {})).chunk.length).toBeGreaterThan(0);
    expectRefusal(await kim.call('POST', '/publicRooms?server=elsewhere.example', {}), 502, 'M_UNKNOWN');
    expectRefusal(await kim.call('GET', '/publicRooms?server=elsewhere.example'), 502, 'M_UNKNOWN');
    expectRefusal(await kim.call('GET', '/publicRooms?server=else%20where'), 400, 'M_INVALID_PARAM');
    const bridge = { third_party_instance_id: 'irc' };
    expectRefusal(await kim.call('POST', '/publicRooms', bridge), 400, 'M_INVALID_PARAM');
  });
});

describe('page by page', () => {
  const pages = async (
    limit: number,
    from = '',
  ): Promise<readonly { readonly chunk: readonly Entry[]; next_batch?: string; prev_batch?: string }[]> => {
    const page = await kim.ok('GET', `/publicRooms?limit=${limit}${from === '' ? '' : `&since=${from}`}`);
    return [page, ...(page.next_batch === undefined ? [] : await pages(limit, page.next_batch))];
  };

  it('the directory is the same as at once, the largest rooms first, forth and back', async () => {
    const crowded = await create(owner, { visibility: 'public', name: 'Crowded' });
    for (const guest of [kim, lee]) await guest.ok('POST', `/join/${crowded}`, {});
    const second = await create(owner, { visibility: 'public', name: 'Second' });
    await kim.ok('POST', `/join/${second}`, {});
    const { chunk, ...rest } = await kim.ok('GET', '/publicRooms?limit=0');
    expect(rest).toEqual({ total_room_count_estimate: expect.any(Number) });
    expect(rest.total_room_count_estimate).toBeGreaterThanOrEqual(chunk.length);
    expect(chunk.slice(0, 2).map(({ room_id }: Entry) => room_id)).toEqual([crowded, second]);
    const sizes = chunk.map((entry: Entry) => entry.num_joined_members);
    expect(sizes).toEqual(sizes.toSorted((a: number, b: number) => b - a));
    for (const limit of [1, 2, 3, 7]) {
      const forth = await pages(limit);
      expect(forth.flatMap((page) => page.chunk)).toEqual(chunk);
      expect(forth[0]).not.toHaveProperty('prev_batch');
      const back: Entry[] = [];
      for (let token = forth.at(-1)!.prev_batch; token !== undefined;) {
        const page = await kim.ok('GET', `/publicRooms?limit=${limit}&since=${token}`);
        back.unshift(...page.chunk);
        token = page.prev_batch;
      }
      expect([...back, ...forth.at(-1)!.chunk]).toEqual(chunk);
    }
  });

  it('a page goes on where the one before ended, whatever came in between', async () => {
    const first = await kim.ok('GET', '/publicRooms?limit=2');
    const fresh = await create(owner, { visibility: 'public', name: 'Fresh' });
    for (const guest of [kim, lee]) await guest.ok('POST', `/join/${fresh}`, {});
    const next = await kim.ok('GET', `/publicRooms?limit=2&since=${first.next_batch}`);
    const both = [...first.chunk, ...next.chunk].map((entry: Entry) => entry.room_id);
    expect(new Set(both).size).toBe(4);
  });

  it.each(['x', 's5', 'n1', 'n1_', 'n1_eA', 'q1_IXg6eQ', 'n9999999999_IXg6eQ', 'n1_IXg6eQ ', '%00'])(
    'the token %s is none',
    async (token) => {
      const answer = await kim.call('GET', `/publicRooms?since=${encodeURIComponent(token)}`);
      expectRefusal(answer, 400, 'M_INVALID_PARAM', token);
      expectRefusal(await kim.call('POST', '/publicRooms', { since: token }), 400, 'M_INVALID_PARAM', token);
    },
  );

  it.each(['-1', 'x', '1.5', ''])('a limit of %j is none', async (limit) => {
    expectRefusal(await kim.call('GET', `/publicRooms?limit=${limit}`), 400, 'M_INVALID_PARAM');
  });
});

it('what was redacted is neither found nor shown any more', async () => {
  for (const room_version of ['7', '11']) {
    const room = await create(owner, {
      ...{
        room_version,
        visibility: 'public',
        name: 'Regrettable',
        topic: 'Unfortunate',
        creation_content: { type: 'm.space' },
      },
    });
    const look = async (filter: object) => (await kim.ok('POST', '/publicRooms', { limit: 100, filter })).chunk;
    expect(await look({ generic_search_term: 'regrettable' })).toMatchObject([{ room_id: room, name: 'Regrettable' }]);
    for (const type of ['m.room.name', 'm.room.topic']) {
      const { event_id } = await owner.ok('GET', `/rooms/${room}/state/${type}?format=event`);
      await owner.ok('PUT', `/rooms/${room}/redact/${event_id}/${type}-${room_version}`, {});
    }
    for (const generic_search_term of ['regrettable', 'unfortunate'])
      expect(await look({ generic_search_term })).toEqual([]);
    const entry = (await look({ room_types: ['m.space'] })).find((one: Entry) => one.room_id === room);
    expect(entry).toMatchObject({ room_type: 'm.space' });
    for (const gone of ['name', 'topic']) expect(entry).not.toHaveProperty(gone);
  }
});

it('what is looked for is made again from the log, as it was', async () => {
  const env = { DATABASE_URL: story.databaseUrl, DATA_DIR: story.server().dataDir };
  const same = await runRole(['rebuild', 'room-search', '--compare'], env);
  expect(same, same.log).toMatchObject({ code: 0 });
  await story.rows("update room_search set words = 'wrong' where key = 'topic'");
  await story.rows("delete from room_search where key = 'type'");
  expect((await runRole(['rebuild', 'room-search', '--compare'], env)).code).toBe(1);
  const mended = await runRole(['rebuild', 'room-search'], env);
  expect(mended, mended.log).toMatchObject({ code: 0 });
  expect(await find({ generic_search_term: 'wrong' })).toEqual([]);
  expect(await find({ generic_search_term: 'übersicht_of' })).toHaveLength(1);
});
