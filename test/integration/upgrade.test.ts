/** Upgrading rooms: what is handed on, what becomes of the old room, who may, and that it happens whole or not at all (PROTOCOL §1.4). */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { runRole } from '../support/server.ts';
import { expectRefusal, kindsOf, membershipIn, openStory, SERVER_NAME, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;
let lee: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim, lee] = await story.people('owner', 'kim', 'lee');
});

afterAll(() => story.close());

const state = (type: string, content: object, state_key = '') => ({ type, state_key, content });

async function create(options: object): Promise<string> {
  return (await owner.ok('POST', '/createRoom', options)).room_id;
}

async function upgrade(client: Client, room: string, new_version: string, more: object = {}): Promise<string> {
  return (await client.ok('POST', `/rooms/${room}/upgrade`, { new_version, ...more })).replacement_room;
}

const contentOf = (room: string, type: string, key = '', client = owner) =>
  client.ok('GET', `/rooms/${room}/state/${type}/${key}`);
const set = (room: string, type: string, content: object, client = owner) =>
  client.ok('PUT', `/rooms/${room}/state/${type}`, content);

const HANDED_ON = [
  state('m.room.join_rules', { join_rule: 'knock' }),
  state('m.room.history_visibility', { history_visibility: 'joined' }),
  state('m.room.guest_access', { guest_access: 'forbidden' }),
  state('m.room.server_acl', { allow: ['*'], deny: ['evil.example'], allow_ip_literals: false }),
  state('m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }),
  state('m.room.name', { name: 'The door' }),
  state('m.room.avatar', { url: 'mxc://localhost/door' }),
  state('m.room.topic', { topic: 'Who comes in' }),
];

/** Everything that the new room is handed, and some that it is not. */
async function furnishedRoom(room_version: string, options: object = {}): Promise<string> {
  const room = await create({
    ...{ room_version, invite: [kim.userId], initial_state: [...HANDED_ON, state('io.vestibule.own', { a: 1 })] },
    creation_content: { type: 'm.space', 'm.federate': false, 'io.vestibule.made': 'by hand' },
    ...options,
  });
  await kim.ok('POST', `/join/${room}`, {});
  await owner.ok('POST', `/rooms/${room}/ban`, { user_id: lee.userId, reason: 'shouting' });
  await owner.ok('POST', `/rooms/${room}/ban`, { user_id: '@far:elsewhere.example' });
  return room;
}

const PASSAGES = [
  ['7', '10'],
  ['9', '11'],
  ['10', '10'],
  ['11', '12'],
  ['12', '12'],
  ['12', '11'],
] as const;

describe.each(PASSAGES)('from version %s to %s', (from, to) => {
  it('a room is handed on: its state, its bans, its aliases and its listing, all in one batch', async () => {
    const name = `${from}-to-${to}`;
    const [main, other] = [`#main-${name}:${SERVER_NAME}`, `#other-${name}:${SERVER_NAME}`];
    const room = await furnishedRoom(from, { visibility: 'public', room_alias_name: `main-${name}` });
    await kim.ok('PUT', `/directory/room/${encodeURIComponent(other)}`, { room_id: room });
    const replacement = await upgrade(owner, room, to);

    const create = await owner.ok('GET', `/rooms/${replacement}/state/m.room.create?format=event`);
    const tombstone = await owner.ok('GET', `/rooms/${room}/state/m.room.tombstone?format=event`);
    const { 'io.vestibule.nonce': _nonce, ...content } = create.content;
    expect(content).toEqual({
      ...{ type: 'm.space', 'm.federate': false, room_version: to },
      ...(Number(to) < 11 ? { creator: owner.userId } : {}),
      predecessor: { room_id: room, ...(to === '12' ? {} : { event_id: tombstone.event_id }) },
    });
    expect(tombstone).toMatchObject({ sender: owner.userId, content: { replacement_room: replacement } });
    for (const { type, content: handed } of HANDED_ON) expect(await contentOf(replacement, type), type).toEqual(handed);
    expect((await owner.call('GET', `/rooms/${replacement}/state/io.vestibule.own`)).status).toBe(404);

    expect(await contentOf(replacement, 'm.room.member', lee.userId)).toEqual({
      membership: 'ban',
      reason: 'shouting',
    });
    expect(await membershipIn(owner, replacement, '@far:elsewhere.example')).toBe('ban');
    expect(await kindsOf(story, replacement, lee.userId)).toEqual(['BANNED']);
    expect(await membershipIn(owner, replacement, kim.userId), 'members are not handed on').toBeUndefined();
    expect(await membershipIn(owner, replacement, owner.userId)).toBe('join');

    for (const alias of [main, other])
      expect((await kim.ok('GET', `/directory/room/${encodeURIComponent(alias)}`)).room_id).toBe(replacement);
    expect(await contentOf(replacement, 'm.room.canonical_alias')).toEqual({ alias: main });
    expect(await contentOf(room, 'm.room.canonical_alias')).toEqual({});
    const visibility = async (of: string) => (await kim.ok('GET', `/directory/list/room/${of}`)).visibility;
    expect([await visibility(room), await visibility(replacement)]).toEqual(['private', 'public']);

    const text = `select distinct decided_at from verdicts
                   where room_id = $1 or (room_id = $2 and event >= (select position from events where event_id = $3))`;
    expect(await story.rows(text, [replacement, room, tombstone.event_id])).toHaveLength(1);
    const acts = 'select actor, target, outcome from actions where operation = $1 and room_id = $2';
    const told = await story.rows(acts, ['upgradeRoom', room]);
    expect(told).toEqual([{ actor: owner.userId, target: to, outcome: 'ok' }]);
  });

  it('the levels are handed on as far as the version can have them, and the old room is closed', async () => {
    const power_level_content_override = {
      users: { ...(from === '12' ? {} : { [owner.userId]: 100 }), [kim.userId]: 50 },
      ...{ invite: 10, kick: 60, users_default: 5 },
    };
    const room = await furnishedRoom(from, { power_level_content_override });
    const before = await contentOf(room, 'm.room.power_levels');
    const replacement = await upgrade(owner, room, to);
    const after = await contentOf(replacement, 'm.room.power_levels');
    const tombstone = to === '12' ? 150 : before.events['m.room.tombstone'];
    const highest = from === '12' && to === '11' ? { [owner.userId]: 150 } : {};
    const users = { ...before.users, ...highest };
    if (to === '12') delete users[owner.userId];
    expect(after).toEqual({ ...before, users, events: { ...before.events, 'm.room.tombstone': tombstone } });
    expect(await contentOf(room, 'm.room.power_levels')).toEqual({ ...before, events_default: 50, invite: 50 });

    const talk = (of: string, client: Client) =>
      client.call('PUT', `/rooms/${of}/send/m.room.message/${of}`, { body: 'x' });
    await owner.ok('PUT', `/rooms/${room}/state/m.room.power_levels`, {
      ...(await contentOf(room, 'm.room.power_levels')),
      users: before.users[owner.userId] === undefined ? {} : { [owner.userId]: 100 },
    });
    expectRefusal(await talk(room, kim), 403, 'M_FORBIDDEN');
    expectRefusal(
      await kim.call('POST', `/rooms/${room}/invite`, { user_id: '@x:localhost:8448' }),
      403,
      'M_FORBIDDEN',
    );
    expect((await talk(replacement, owner)).status).toBe(200);
    await kim.ok('POST', `/knock/${replacement}`, {});
    expectRefusal(await lee.call('POST', `/knock/${replacement}`, {}), 403, 'M_FORBIDDEN');
  });
});

describe('levels', () => {
  it('36: into version 12 lose the creators, also additional ones, who stand above them', async () => {
    const room = await furnishedRoom('11');
    const levels = await contentOf(room, 'm.room.power_levels');
    await set(room, 'm.room.power_levels', {
      ...levels,
      users: { ...levels.users, [kim.userId]: 100, [lee.userId]: 30 },
    });
    const replacement = await upgrade(owner, room, '12', {
      additional_creators: [kim.userId, owner.userId, kim.userId],
    });
    expect(await contentOf(replacement, 'm.room.create')).toMatchObject({ additional_creators: [kim.userId] });
    const { users, events } = await contentOf(replacement, 'm.room.power_levels');
    expect(users).toEqual({ [lee.userId]: 30 });
    expect(events['m.room.tombstone']).toBe(150);
    const further = await upgrade(owner, replacement, '12');
    expect(await contentOf(further, 'm.room.create'), 'creators are not handed on').not.toHaveProperty(
      'additional_creators',
    );
  });

  it('of a tombstone that creators set between the others are kept by the next upgrade', async () => {
    const room = await create({ room_version: '12' });
    const levels = await contentOf(room, 'm.room.power_levels');
    await set(room, 'm.room.power_levels', { ...levels, events: { ...levels.events, 'm.room.tombstone': 60 } });
    const next = await contentOf(await upgrade(owner, room, '12'), 'm.room.power_levels');
    expect(next.events['m.room.tombstone']).toBe(60);
  });

  it('do not rise for who upgrades: a moderator stays one', async () => {
    const users = { [owner.userId]: 100, [kim.userId]: 50 };
    const events = { 'm.room.tombstone': 50, 'm.room.power_levels': 100 };
    const room = await furnishedRoom('10', { power_level_content_override: { users, events } });
    const before = await contentOf(room, 'm.room.power_levels');
    const replacement = await upgrade(kim, room, '11');
    expect(await contentOf(replacement, 'm.room.power_levels', '', kim)).toEqual(before);
    expect(await contentOf(room, 'm.room.power_levels'), 'not theirs to change').toEqual(before);
    expect(await contentOf(room, 'm.room.tombstone')).toMatchObject({ replacement_room: replacement });
    expectRefusal(await kim.call('PUT', `/rooms/${replacement}/state/m.room.power_levels`, {}), 403, 'M_FORBIDDEN');
  });
});

describe('join rules', () => {
  it('that the version does not know become the nearest that lets in nobody else', async () => {
    const allow = [{ type: 'm.room_membership', room_id: '!x:localhost:8448' }];
    const cases = [
      ['knock_restricted', '9', { join_rule: 'knock' }],
      ['knock_restricted', '10', { join_rule: 'knock_restricted', allow }],
      ['restricted', '7', { join_rule: 'invite' }],
      ['restricted', '8', { join_rule: 'restricted', allow }],
    ] as const;
    for (const [join_rule, to, becomes] of cases) {
      const room = await create({
        room_version: '11',
        initial_state: [state('m.room.join_rules', { join_rule, allow })],
      });
      expect(await contentOf(await upgrade(owner, room, to), 'm.room.join_rules'), `${join_rule} ${to}`).toEqual(
        becomes,
      );
    }
  });
});

describe('an upgrade', () => {
  it('is refused to those outside, to those without the power, and to versions that are none; nothing is stored', async () => {
    const room = await furnishedRoom('11');
    const before = await story.counts();
    const ask = (client: Client, body: object, of = room) => client.call('POST', `/rooms/${of}/upgrade`, body);
    expectRefusal(await ask(kim, { new_version: '12' }), 403, 'M_FORBIDDEN', 'no power');
    expectRefusal(await ask(lee, { new_version: '12' }), 403, 'M_FORBIDDEN', 'banned');
    expectRefusal(await ask(owner, { new_version: '12' }, '!none:localhost:8448'), 403, 'M_FORBIDDEN', 'no room');
    for (const new_version of ['6', '13', 'org.example', '', '__proto__', '1\u00002', 'x'.repeat(9_000)])
      expectRefusal(await ask(owner, { new_version }), 400, 'M_UNSUPPORTED_ROOM_VERSION', new_version);
    for (const additional_creators of [['kim'], ['@invalid:dom$ain$.com'], [kim.userId, '']])
      expectRefusal(await ask(owner, { new_version: '12', additional_creators }), 400, 'M_INVALID_PARAM');
    for (const body of [{}, { new_version: 12 }, { new_version: '12', additional_creators: kim.userId }])
      expectRefusal(await ask(owner, body), 400, 'M_BAD_JSON', JSON.stringify(body));
    expect(await story.counts()).toEqual({ ...before, actions: before.actions + 13 });
    await upgrade(owner, room, '11', { additional_creators: ['whatever'] });
  });

  it('takes hundreds of bans along, those of its new creators excepted', async () => {
    const room = await create({ room_version: '11' });
    const banned = Array.from({ length: 300 }, (_, n) => `@banned${n}:elsewhere.example`);
    for (let n = 0; n < banned.length; n += 50)
      await Promise.all(banned.slice(n, n + 50).map((user_id) => owner.ok('POST', `/rooms/${room}/ban`, { user_id })));
    const replacement = await upgrade(owner, room, '12', { additional_creators: [banned[7]!] });
    const { chunk } = await owner.ok('GET', `/rooms/${replacement}/members?membership=ban`);
    const listed = chunk.map(({ state_key }: { state_key: string }) => state_key);
    expect(new Set(listed)).toEqual(new Set(banned.filter((_, n) => n !== 7)));
  });

  it('shows in the syncs of whoever asked: the tombstone there, the new room here', async () => {
    const room = await furnishedRoom('10');
    const [mine, theirs] = [(await owner.ok('GET', '/sync')).next_batch, (await kim.ok('GET', '/sync')).next_batch];
    const replacement = await upgrade(owner, room, '11');
    const { rooms } = await owner.ok('GET', `/sync?since=${mine}`);
    const types = (events: readonly { type: string }[]) => events.map(({ type }) => type);
    expect(types(rooms.join[room].timeline.events)).toEqual(['m.room.tombstone', 'm.room.power_levels']);
    expect(Object.keys(rooms.join)).toContain(replacement);
    const seen = (await kim.ok('GET', `/sync?since=${theirs}`)).rooms.join;
    expect(Object.keys(seen)).toEqual([room]);
  });

  it('leaves aliases of other servers where they are', async () => {
    const room = await create({ room_version: '11', room_alias_name: 'moves' });
    const main = `#moves:${SERVER_NAME}`;
    const there = '#stays:elsewhere.example';
    // What a room said before may be said on: only so can an alias from elsewhere stand there today.
    await story.rows('insert into room_aliases values ($1, $2, $3, now())', [there, room, owner.userId]);
    await set(room, 'm.room.canonical_alias', { alias: main, alt_aliases: [there] });
    await story.rows('delete from room_aliases where alias = $1', [there]);
    const replacement = await upgrade(owner, room, '12');
    expect(await contentOf(replacement, 'm.room.canonical_alias')).toEqual({ alias: main });
    expect(await contentOf(room, 'm.room.canonical_alias')).toEqual({ alt_aliases: [there] });
  });
});

it('a server that is killed amid upgrades leaves each of them done or not begun', async () => {
  const rooms = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      create({ room_version: '11', visibility: 'public', room_alias_name: `cut-${n}` }),
    ),
  );
  const asked = rooms.map((room, n) =>
    sleep(n * 4).then(() => owner.call('POST', `/rooms/${room}/upgrade`, { new_version: '12' }).catch(() => null)),
  );
  await Promise.race(asked);
  await story.server().kill();
  await Promise.all(asked);
  await story.restart();
  const replaced: string[] = [];
  for (const [n, room] of rooms.entries()) {
    const tombstone = await owner.call('GET', `/rooms/${room}/state/m.room.tombstone`);
    const { room_id } = await owner.ok('GET', `/directory/room/${encodeURIComponent(`#cut-${n}:${SERVER_NAME}`)}`);
    expect(room_id).toBe(tombstone.status === 200 ? tombstone.body.replacement_room : room);
    expect((await owner.ok('GET', `/directory/list/room/${room_id}`)).visibility).toBe('public');
    if (tombstone.status === 200) replaced.push(room);
  }
  expect(replaced.length).toBeGreaterThan(0);
  const { joined_rooms } = await owner.ok('GET', '/joined_rooms');
  const predecessors: string[] = [];
  for (const room of joined_rooms) {
    const content = await contentOf(room, 'm.room.create');
    if (rooms.includes(content.predecessor?.room_id)) predecessors.push(content.predecessor.room_id);
  }
  expect(new Set(predecessors)).toEqual(new Set(replaced));
  expect(predecessors).toHaveLength(replaced.length);
  const left = rooms.find((room) => !replaced.includes(room));
  if (left !== undefined) await upgrade(owner, left, '12');
});

it('the log verifies after all of it, projections included', async () => {
  const verified = await runRole(['verify'], { DATABASE_URL: story.databaseUrl, DATA_DIR: story.server().dataDir });
  expect(verified, verified.log).toMatchObject({ code: 0, out: expect.stringContaining('Clean.') });
});
