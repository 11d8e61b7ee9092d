/** Aliases: making them, following them, taking them away, and what a room may call itself (PROTOCOL §1.3, §1.4). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, request, type Client } from '../support/client.ts';
import { expectRefusal, openStory, SERVER_NAME, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;
let lee: Client;
let admin: Client;
let room: string;

beforeAll(async () => {
  story = await openStory();
  [owner, kim, lee, admin] = await story.people('owner', 'kim', 'lee', 'admin');
  await story.rows('update users set admin = true where user_id = $1', [admin.userId]);
  room = await knockRoom(owner);
  await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
  await kim.ok('POST', `/join/${room}`, {});
});

afterAll(() => story.close());

const alias = (name: string): string => `#${name}:${SERVER_NAME}`;
const path = (name: string): string => `/directory/room/${encodeURIComponent(name)}`;
const aliasesOf = async (client: Client, of = room): Promise<readonly string[]> =>
  (await client.ok('GET', `/rooms/${of}/aliases`)).aliases;
const canonical = (of: string) => `/rooms/${of}/state/m.room.canonical_alias`;

/** What the log says of acts on an alias. */
async function actsOn(name: string): Promise<readonly object[]> {
  return story.rows('select actor, operation, outcome from actions where target = $1 order by position', [name]);
}

describe('an alias', () => {
  it('is made by a member, leads to the room for everybody, and is made once', async () => {
    const name = alias('door');
    const before = await story.counts();
    await kim.ok('PUT', path(name), { room_id: room });
    const answer = await request(story.url, 'GET', path(name));
    expect(answer).toMatchObject({ status: 200, body: { room_id: room, servers: [SERVER_NAME] } });
    for (const [client, of] of [[kim, room] as const, [owner, await knockRoom(owner)] as const])
      expectRefusal(await client.call('PUT', path(name), { room_id: of }), 409, 'M_UNKNOWN');
    expect(await actsOn(name)).toEqual([
      { actor: kim.userId, operation: 'setRoomAlias', outcome: 'ok' },
      { actor: kim.userId, operation: 'setRoomAlias', outcome: 'M_UNKNOWN' },
      { actor: owner.userId, operation: 'setRoomAlias', outcome: 'M_UNKNOWN' },
    ]);
    expect((await story.counts()).events, 'no event speaks of it').toBeLessThan(before.events + 9);
    expect((await request(story.url, 'GET', path(name))).body.room_id).toBe(room);
  });

  it('may have any characters but blanks, and is spelt exactly', async () => {
    for (const name of [alias('Tür/№5'), alias('a#b'), alias('100%'), alias('\u{1f6aa}')]) {
      await owner.ok('PUT', path(name), { room_id: room });
      expect((await owner.ok('GET', path(name))).room_id).toBe(room);
    }
    expectRefusal(await owner.call('GET', path(alias('A#B'))), 404, 'M_NOT_FOUND');
  });

  it.each([
    ['a name without a domain', '#door'],
    ['a room id', '!door:localhost:8448'],
    ['no name', `#:${SERVER_NAME}`],
    ['a blank', alias('the door')],
    ['a line break', alias('the\ndoor')],
    ['another server', '#door:elsewhere.example'],
    ['too many bytes', alias('x'.repeat(255))],
  ])('cannot be made with %s', async (_what, name) => {
    expectRefusal(await owner.call('PUT', path(name), { room_id: room }), 400, 'M_INVALID_PARAM', name);
  });

  it('is not made by those outside, nor for a room that is not there', async () => {
    const name = alias('outside');
    expectRefusal(await lee.call('PUT', path(name), { room_id: room }), 403, 'M_FORBIDDEN');
    expectRefusal(await owner.call('PUT', path(name), { room_id: '!none:localhost:8448' }), 404, 'M_NOT_FOUND');
    expectRefusal(await owner.call('PUT', path(name), { room_id: 'none' }), 400, 'M_INVALID_PARAM');
    expect((await request(story.url, 'PUT', path(name), { body: { room_id: room } })).status).toBe(401);
    expectRefusal(await owner.call('GET', path(name)), 404, 'M_NOT_FOUND');
  });

  it('is somebody’s alone, however many ask for it at once', async () => {
    const name = alias('wanted');
    const rooms = await Promise.all(Array.from({ length: 6 }, () => knockRoom(owner)));
    const puts = rooms.map((room_id) => owner.call('PUT', path(name), { room_id }));
    const makes = rooms.map(() => owner.call('POST', '/createRoom', { room_alias_name: 'wanted' }));
    const answers = await Promise.all([...puts, ...makes]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const codes = new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.errcode));
    expect(codes).toEqual(new Set(['M_ROOM_IN_USE', 'M_UNKNOWN']));
  });

  it('of another server cannot be asked for; what is none is refused', async () => {
    expectRefusal(await owner.call('GET', path('#door:elsewhere.example')), 502, 'M_UNKNOWN');
    expectRefusal(await owner.call('GET', path('door')), 400, 'M_INVALID_PARAM');
  });

  it('is one of at most a hundred of a room', async () => {
    const of = await knockRoom(owner);
    const names = Array.from({ length: 101 }, (_, n) => alias(`many-${n}`));
    const answers = await Promise.all(names.map((name) => owner.call('PUT', path(name), { room_id: of })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(answers.filter(({ body }) => body.errcode === 'M_FORBIDDEN')).toHaveLength(1);
    expect(await aliasesOf(owner, of)).toHaveLength(100);
  });
});

describe('taking an alias away', () => {
  it('is for whoever made it, for those who name the room, and for admins', async () => {
    const name = alias('gone');
    const put = () => kim.ok('PUT', path(name), { room_id: room });
    await put();
    for (const stranger of [lee, await story.people('passer-by').then(([one]) => one)])
      expectRefusal(await stranger.call('DELETE', path(name)), 403, 'M_FORBIDDEN');
    await kim.ok('DELETE', path(name));
    expectRefusal(await kim.call('GET', path(name)), 404, 'M_NOT_FOUND');
    expectRefusal(await kim.call('DELETE', path(name)), 404, 'M_NOT_FOUND');
    for (const moderator of [owner, admin]) {
      await put();
      await moderator.ok('DELETE', path(name));
    }
    await owner.ok('PUT', path(name), { room_id: room });
    expectRefusal(await kim.call('DELETE', path(name)), 403, 'M_FORBIDDEN', 'made by somebody with more power');
    expectRefusal(await owner.call('DELETE', path('#gone:elsewhere.example')), 400, 'M_INVALID_PARAM');
  });

  it('takes it out of what the room calls itself, where the actor may say so', async () => {
    const of = await knockRoom(owner);
    const [main, other] = [alias('main'), alias('other')];
    for (const name of [main, other]) await owner.ok('PUT', path(name), { room_id: of });
    await owner.ok('PUT', canonical(of), { alias: main, alt_aliases: [other], 'io.vestibule.x': 1 });
    await admin.ok('DELETE', path(other));
    expect(await owner.ok('GET', canonical(of)), 'an admin has no power in the room').toMatchObject({
      alt_aliases: [other],
    });
    await owner.ok('DELETE', path(main));
    expect(await owner.ok('GET', canonical(of))).toEqual({ alt_aliases: [other], 'io.vestibule.x': 1 });
  });
});

describe('the aliases of a room', () => {
  it('are listed for its members, and for everybody where everybody may read', async () => {
    const of = await knockRoom(owner);
    expect(await aliasesOf(owner, of)).toEqual([]);
    for (const name of ['b', 'a', 'Z']) await owner.ok('PUT', path(alias(`listed-${name}`)), { room_id: of });
    const listed = ['listed-Z', 'listed-a', 'listed-b'].map(alias);
    expect(await aliasesOf(owner, of)).toEqual(listed);
    for (const unseen of [of, '!none:localhost:8448'])
      expectRefusal(await lee.call('GET', `/rooms/${unseen}/aliases`), 403, 'M_FORBIDDEN');
    await owner.ok('POST', `/rooms/${of}/invite`, { user_id: lee.userId });
    expectRefusal(await lee.call('GET', `/rooms/${of}/aliases`), 403, 'M_FORBIDDEN');
    await owner.ok('PUT', `/rooms/${of}/state/m.room.history_visibility`, { history_visibility: 'world_readable' });
    expect(await aliasesOf(lee, of)).toEqual(listed);
  });
});

describe('by its alias', () => {
  it('a room is knocked on and joined', async () => {
    const name = alias('entrance');
    const of = await knockRoom(owner);
    await owner.ok('PUT', path(name), { room_id: of });
    const there = encodeURIComponent(name);
    expect(await lee.ok('POST', `/knock/${there}`, { reason: 'hello' })).toEqual({ room_id: of });
    await owner.ok('POST', `/rooms/${of}/invite`, { user_id: lee.userId });
    expect(await lee.ok('POST', `/join/${there}`, {})).toEqual({ room_id: of });
    for (const act of ['knock', 'join']) {
      expectRefusal(await lee.call('POST', `/${act}/${encodeURIComponent(alias('nowhere'))}`, {}), 404, 'M_NOT_FOUND');
      expectRefusal(await lee.call('POST', `/${act}/nowhere`, {}), 400, 'M_INVALID_PARAM');
    }
  });

  it('a room is found through GraphQL, by those who may see it', async () => {
    const name = alias('unnamed');
    const of = await knockRoom(owner);
    await owner.ok('PUT', path(name), { room_id: of });
    const find = async (client: Client) =>
      (await client.graphql('query ($alias: String!) { room(alias: $alias) { roomId } }', { alias: name })).data.room;
    expect(await find(owner)).toEqual({ roomId: of });
    expect(await find(admin)).toEqual({ roomId: of });
    expect(await find(kim)).toBeNull();
    await kim.ok('POST', `/knock/${of}`, {});
    expect(await find(kim)).toEqual({ roomId: of });
    await owner.ok('DELETE', path(name));
    expect(await find(owner)).toBeNull();
  });
});

describe('what a room calls itself', () => {
  it('are aliases that lead to it', async () => {
    const [of, elsewhere] = [await knockRoom(owner), await knockRoom(owner)];
    const [mine, theirs] = [alias('mine'), alias('theirs')];
    await owner.ok('PUT', path(mine), { room_id: of });
    await owner.ok('PUT', path(theirs), { room_id: elsewhere });
    const bad = [{ alias: theirs }, { alt_aliases: [mine, theirs] }, { alias: alias('nothing') }];
    for (const content of [...bad, { alias: '#a:elsewhere.example' }])
      expectRefusal(await owner.call('PUT', canonical(of), content), 400, 'M_BAD_ALIAS', JSON.stringify(content));
    for (const content of [{ alias: 'mine' }, { alt_aliases: [1] }, { alt_aliases: ['!a:b'] }, { alt_aliases: {} }])
      expectRefusal(await owner.call('PUT', canonical(of), content), 400, 'M_INVALID_PARAM', JSON.stringify(content));
    await owner.ok('PUT', canonical(of), { alias: mine, alt_aliases: [mine] });
    expect(await owner.ok('GET', canonical(of))).toEqual({ alias: mine, alt_aliases: [mine] });
  });

  it('is looked at where it changes: what it says already it may go on to say', async () => {
    const of = await knockRoom(owner);
    const [old, fresh] = [alias('old'), alias('fresh')];
    for (const name of [old, fresh]) await owner.ok('PUT', path(name), { room_id: of });
    await owner.ok('PUT', canonical(of), { alias: old });
    await admin.ok('DELETE', path(old));
    await owner.ok('PUT', canonical(of), { alias: fresh, alt_aliases: [old] });
    await owner.ok('PUT', canonical(of), { alias: fresh });
    expectRefusal(await owner.call('PUT', canonical(of), { alias: old }), 400, 'M_BAD_ALIAS');
  });

  it('may be nothing, and under another key anything', async () => {
    for (const content of [{}, { alias: '' }, { alias: null, alt_aliases: [] }])
      await owner.ok('PUT', canonical(room), content);
    expect(await owner.ok('GET', canonical(room))).toEqual({ alias: null, alt_aliases: [] });
    await owner.ok('PUT', `${canonical(room)}/key`, { alias: 5 });
    expect(await owner.ok('GET', `${canonical(room)}/key`)).toEqual({ alias: 5 });
  });
});

it('aliases outlive a restart', async () => {
  const name = alias('lasting');
  await owner.ok('PUT', path(name), { room_id: room });
  await story.restart();
  expect((await owner.ok('GET', path(name))).room_id).toBe(room);
});
