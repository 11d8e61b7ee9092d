/** Creating rooms: presets, the order of the first events, what may be asked for and what is refused (PROTOCOL §1.4). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { ALL_VERSIONS } from '../support/rooms.ts';
import { expectRefusal, kindsOf, openStory, SERVER_NAME, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;
let lee: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim, lee] = await story.people('owner', 'kim', 'lee');
});

afterAll(() => story.close());

async function create(options: object = {}): Promise<string> {
  return (await owner.ok('POST', '/createRoom', options)).room_id;
}

const contentOf = (room: string, type: string, key = '') => owner.ok('GET', `/rooms/${room}/state/${type}/${key}`);

/** Type and state key of the room's events, in the order of the log. */
async function orderOf(room: string): Promise<readonly string[]> {
  const text = 'select type, state_key from events where room_id = $1 order by position';
  const rows = await story.rows<{ type: string; state_key: string | null }>(text, [room]);
  return rows.map(({ type, state_key }) => (state_key ? `${type} ${state_key}` : type));
}

const PRESETS = [
  ['private_chat', { join_rule: 'invite', guest: 'can_join', invite: 0 }],
  ['trusted_private_chat', { join_rule: 'invite', guest: 'can_join', invite: 0 }],
  ['public_chat', { join_rule: 'public', guest: 'forbidden', invite: 50 }],
] as const;

describe.each(ALL_VERSIONS)('a room of version %s', (room_version) => {
  it.each(PRESETS)('with the preset %s begins as the table says', async (preset, { join_rule, guest, invite }) => {
    const room = await create({ room_version, preset });
    expect(await contentOf(room, 'm.room.join_rules')).toEqual({ join_rule });
    expect(await contentOf(room, 'm.room.history_visibility')).toEqual({ history_visibility: 'shared' });
    expect(await contentOf(room, 'm.room.guest_access')).toEqual({ guest_access: guest });
    const { events, users, ...levels } = await contentOf(room, 'm.room.power_levels');
    expect(users).toEqual(room_version === '12' ? {} : { [owner.userId]: 100 });
    expect(levels).toEqual({
      ...{ users_default: 0, events_default: 0, state_default: 50 },
      ...{ ban: 50, kick: 50, redact: 50, invite },
    });
    expect(events).toEqual({
      ...{ 'm.room.name': 50, 'm.room.avatar': 50, 'm.room.canonical_alias': 50, 'm.room.power_levels': 100 },
      ...{ 'm.room.history_visibility': 100, 'm.room.server_acl': 100, 'm.room.encryption': 100 },
      'm.room.tombstone': room_version === '12' ? 150 : 100,
    });
  });

  it('says its version, and who created it where the version wants that in the content', async () => {
    const creation_content = { type: 'm.space', 'm.federate': false, creator: kim.userId, room_version: '1' };
    const room = await create({ room_version, creation_content });
    const event = await owner.ok('GET', `/rooms/${room}/state/m.room.create?format=event`);
    const { 'io.vestibule.nonce': nonce, ...content } = event.content;
    const creator = Number(room_version) < 11 ? { creator: owner.userId } : {};
    expect(content).toEqual({ type: 'm.space', 'm.federate': false, room_version, ...creator });
    expect(typeof nonce).toBe(room_version === '12' ? 'string' : 'undefined');
    expect(event).toMatchObject({ room_id: room, sender: owner.userId, state_key: '' });
    if (room_version === '12') expect(room).toBe(`!${event.event_id.slice(1)}`);
    else expect(room).toMatch(/^![A-Za-z0-9]{18}:localhost:8448$/);
  });

  it('has its first events in order, all in one batch', async () => {
    const state = (type: string, content: object, state_key = '') => ({ type, state_key, content });
    const room = await create({
      room_version,
      preset: 'private_chat',
      name: 'The door',
      topic: 'Who comes in',
      room_alias_name: `door-${room_version}`,
      invite: [kim.userId, lee.userId, kim.userId],
      is_direct: true,
      initial_state: [
        state('io.vestibule.a', { a: 1 }),
        state('m.room.join_rules', { join_rule: 'knock' }),
        { type: 'io.vestibule.b', content: {} },
        state('io.vestibule.a', { a: 2 }, 'key'),
      ],
    });
    expect(await orderOf(room)).toEqual([
      ...['m.room.create', `m.room.member ${owner.userId}`, 'm.room.power_levels'],
      ...['m.room.canonical_alias', 'm.room.history_visibility', 'm.room.guest_access'],
      ...['io.vestibule.a', 'm.room.join_rules', 'io.vestibule.b', 'io.vestibule.a key'],
      ...['m.room.name', 'm.room.topic', `m.room.member ${kim.userId}`, `m.room.member ${lee.userId}`],
    ]);
    expect(await contentOf(room, 'm.room.member', kim.userId)).toEqual({ membership: 'invite', is_direct: true });
    expect((await contentOf(room, 'm.room.power_levels')).invite, 'people knock: not everybody lets in').toBe(50);
    const name = `#door-${room_version}:${SERVER_NAME}`;
    expect(await contentOf(room, 'm.room.canonical_alias')).toEqual({ alias: name });
    expect((await owner.ok('GET', `/directory/room/${encodeURIComponent(name)}`)).room_id).toBe(room);
    const topic = { topic: 'Who comes in', 'm.topic': { 'm.text': [{ body: 'Who comes in' }] } };
    expect(await contentOf(room, 'm.room.topic')).toEqual(topic);
    expect(await kindsOf(story, room, owner.userId)).toEqual(['JOINED']);
    expect(await kindsOf(story, room, kim.userId)).toEqual(['INVITE_SENT']);
    const stamps = await story.rows('select distinct decided_at from verdicts where room_id = $1', [room]);
    expect(stamps).toHaveLength(1);
  });

  it('with overridden levels keeps the others, one key at a time', async () => {
    const power_level_content_override = { invite: 10, events: { 'm.room.topic': 7 }, 'io.vestibule.level': 3 };
    const room = await create({ room_version, power_level_content_override });
    const levels = await contentOf(room, 'm.room.power_levels');
    expect(levels).toMatchObject({ ...power_level_content_override, ban: 50, state_default: 50 });
    expect(levels.events).toEqual({ 'm.room.topic': 7 });
  });

  it('among trusted people gives them the power of its creator', async () => {
    const invite = [kim.userId, lee.userId];
    const room = await create({ room_version, preset: 'trusted_private_chat', invite });
    await kim.ok('POST', `/join/${room}`, {});
    const { users } = await contentOf(room, 'm.room.power_levels');
    const { additional_creators } = await contentOf(room, 'm.room.create');
    if (room_version === '12')
      expect({ users, additional_creators }).toEqual({ users: {}, additional_creators: invite });
    else expect(users).toEqual({ [owner.userId]: 100, [kim.userId]: 100, [lee.userId]: 100 });
    expect(additional_creators === undefined).toBe(room_version !== '12');
    await kim.ok('PUT', `/rooms/${room}/state/m.room.tombstone`, { body: 'over', replacement_room: '!x:y' });
  });
});

describe('the defaults', () => {
  it('are a private room of version 12; a public one by its visibility', async () => {
    const [plain, open] = [await create(), await create({ visibility: 'public' })];
    expect(await contentOf(plain, 'm.room.create')).toMatchObject({ room_version: '12' });
    expect(await contentOf(plain, 'm.room.join_rules')).toEqual({ join_rule: 'invite' });
    expect(await contentOf(open, 'm.room.join_rules')).toEqual({ join_rule: 'public' });
    const named = await create({ visibility: 'public', preset: 'private_chat' });
    expect(await contentOf(named, 'm.room.join_rules')).toEqual({ join_rule: 'invite' });
  });

  it('two rooms made at once are two', async () => {
    const made = await Promise.all(
      ALL_VERSIONS.flatMap((room_version) => [1, 2, 3].map(() => create({ room_version }))),
    );
    expect(new Set(made).size).toBe(made.length);
    for (const room of made) expect(room.startsWith('!')).toBe(true);
  });
});

describe('a room that cannot be', () => {
  const initial = (type: string, content: object, state_key = '') => ({
    initial_state: [{ type, state_key, content }],
  });
  const REFUSED: [what: string, body: object, status: number, errcode: string][] = [
    ['an unknown version', { room_version: '6' }, 400, 'M_UNSUPPORTED_ROOM_VERSION'],
    ['a version that nobody specified', { room_version: 'org.example' }, 400, 'M_UNSUPPORTED_ROOM_VERSION'],
    ['a version that is a number', { room_version: 12 }, 400, 'M_BAD_JSON'],
    ['a second create event', initial('m.room.create', {}), 400, 'M_INVALID_ROOM_STATE'],
    ['members', initial('m.room.member', { membership: 'join' }, '@kim:x'), 400, 'M_INVALID_ROOM_STATE'],
    ['an alias', initial('m.room.canonical_alias', { alias: `#a:${SERVER_NAME}` }), 400, 'M_BAD_ALIAS'],
    ['an alias that is none', initial('m.room.canonical_alias', { alias: 'a' }), 400, 'M_INVALID_PARAM'],
    ["another user's state", initial('io.vestibule.a', {}, '@kim:localhost:8448'), 400, 'M_INVALID_ROOM_STATE'],
    ['levels that are text', { power_level_content_override: { ban: '50' } }, 400, 'M_INVALID_PARAM'],
    ['levels of nobody', { power_level_content_override: { users: { kim: 1 } } }, 400, 'M_INVALID_PARAM'],
    [
      'levels among the state that are text',
      initial('m.room.power_levels', { users_default: '1' }),
      400,
      'M_INVALID_PARAM',
    ],
    [
      'levels that lock the creator out',
      { room_version: '11', name: 'x', power_level_content_override: { users: {} } },
      400,
      'M_INVALID_ROOM_STATE',
    ],
    ['guests that are no users', { invite: ['kim'] }, 400, 'M_INVALID_PARAM'],
    ['its creator as a guest', { invite: ['@owner:localhost:8448'] }, 403, 'M_FORBIDDEN'],
    [
      'guests whom nobody may invite',
      { room_version: '11', invite: ['@kim:localhost:8448'], power_level_content_override: { invite: 101 } },
      403,
      'M_FORBIDDEN',
    ],
    [
      'guests of other servers, and not open to them',
      { creation_content: { 'm.federate': false }, invite: ['@kim:elsewhere.example'] },
      403,
      'M_FORBIDDEN',
    ],
    ['an alias with a domain', { room_alias_name: `door:${SERVER_NAME}` }, 400, 'M_INVALID_PARAM'],
    ['an alias with its #', { room_alias_name: '#door' }, 400, 'M_INVALID_PARAM'],
    ['an alias with a blank', { room_alias_name: 'the door' }, 400, 'M_INVALID_PARAM'],
    ['an empty alias', { room_alias_name: '' }, 400, 'M_INVALID_PARAM'],
    ['an alias that is too long', { room_alias_name: 'x'.repeat(255) }, 400, 'M_INVALID_PARAM'],
    [
      'a name that nobody gave it',
      { room_alias_name: 'given', ...initial('m.room.canonical_alias', { alt_aliases: [`#x:${SERVER_NAME}`] }) },
      400,
      'M_BAD_ALIAS',
    ],
    ['guests by e-mail', { invite_3pid: [{ medium: 'email', address: 'a@b.c' }] }, 400, 'M_INVALID_PARAM'],
    ['a state event that is too large', initial('io.vestibule.a', { text: 'x'.repeat(65_000) }), 413, 'M_TOO_LARGE'],
    ['a type that is too long', initial('x'.repeat(256), {}), 413, 'M_TOO_LARGE'],
    ['a type with a NUL', initial('a\u0000b', {}), 400, 'M_BAD_JSON'],
  ];

  it.each(REFUSED)(
    '%s: is refused, and nothing of it is stored but the refusal',
    async (_what, body, status, errcode) => {
      const before = await story.counts();
      expectRefusal(await owner.call('POST', '/createRoom', body), status, errcode);
      const after = await story.counts();
      const schema = errcode === 'M_BAD_JSON' && !JSON.stringify(body).includes('\\u0000');
      expect(after).toEqual({ ...before, actions: before.actions + (schema ? 0 : 1) });
      expect(await story.rows('select 1 from rooms where joined = 0')).toEqual([]);
    },
  );

  it('leaves an alias to the room that has it', async () => {
    const made = await create({ room_alias_name: 'taken' });
    const before = await story.counts();
    const again = { room_alias_name: 'taken', name: 'Another one' };
    expectRefusal(await owner.call('POST', '/createRoom', again), 400, 'M_ROOM_IN_USE');
    expect((await story.counts()).events).toBe(before.events);
    const path = `/directory/room/${encodeURIComponent(`#taken:${SERVER_NAME}`)}`;
    expect((await owner.ok('GET', path)).room_id).toBe(made);
    expect(await create({ name: 'without one' })).not.toBe(made);
  });

  it('does not keep its alias either', async () => {
    const body = {
      room_alias_name: 'stillborn',
      initial_state: [{ type: 'io.vestibule.a', state_key: '@kim:localhost:8448', content: {} }],
    };
    expectRefusal(await owner.call('POST', '/createRoom', body), 400, 'M_INVALID_ROOM_STATE');
    await create({
      room_alias_name: 'stillborn',
      initial_state: [{ type: 'm.room.canonical_alias', content: { alias: `#stillborn:${SERVER_NAME}` } }],
    });
  });

  it('is not one that a hundred people were invited to: they are, at once', async () => {
    const invite = Array.from({ length: 100 }, (_, n) => `@guest${n}:${SERVER_NAME}`);
    const room = await create({ preset: 'trusted_private_chat', invite });
    expect((await owner.ok('GET', `/rooms/${room}/members?membership=invite`)).chunk).toHaveLength(100);
    const more = [...invite, `@one-more:${SERVER_NAME}`];
    expectRefusal(await owner.call('POST', '/createRoom', { invite: more }), 400, 'M_BAD_JSON');
  });

  it('needs somebody to make it', async () => {
    const { url } = story;
    const answer = await fetch(`${url}/_matrix/client/v3/createRoom`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(401);
  });
});
