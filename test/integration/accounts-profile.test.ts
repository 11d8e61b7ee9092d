/** Profiles: who reads and sets them, what they hold, and which member events carry name and picture (PROTOCOL §1.2, §1.3). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, request, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';

let story: Story;
let kim: Client;
let lee: Client;

beforeAll(async () => {
  story = await openStory();
  [kim, lee] = await story.people('kim', 'lee');
});

afterAll(() => story.close());

const fieldOf = (client: Client, key: string) =>
  `/profile/${encodeURIComponent(client.userId)}/${encodeURIComponent(key)}`;
const nameOf = (client: Client) => fieldOf(client, 'displayname');
const setName = (client: Client, displayname: unknown) => client.call('PUT', nameOf(client), { displayname });

describe('a profile', () => {
  it('is empty at first, then says what its owner says, to anybody', async () => {
    expect(await request(story.url, 'GET', `/profile/${lee.userId}`)).toMatchObject({ status: 200, body: {} });
    expectRefusal(await request(story.url, 'GET', nameOf(lee)), 404, 'M_NOT_FOUND');
    expect(await setName(lee, 'Lee \u{1f30a}')).toMatchObject({ status: 200, body: {} });
    expect((await request(story.url, 'GET', `/profile/${lee.userId}`)).body).toEqual({ displayname: 'Lee \u{1f30a}' });
    expect((await request(story.url, 'GET', nameOf(lee))).body).toEqual({ displayname: 'Lee \u{1f30a}' });
    await lee.ok('DELETE', nameOf(lee));
    expectRefusal(await request(story.url, 'GET', nameOf(lee)), 404, 'M_NOT_FOUND');
  });

  it('of nobody here is not found, and of no user id at all is no question', async () => {
    for (const id of ['@nobody:localhost:8448', '@kim:elsewhere.example'])
      for (const path of [`/profile/${id}`, `/profile/${id}/displayname`])
        expectRefusal(await request(story.url, 'GET', path), 404, 'M_NOT_FOUND', path);
    expectRefusal(await request(story.url, 'GET', '/profile/kim'), 400, 'M_INVALID_PARAM');
    expectRefusal(await request(story.url, 'GET', `/profile/${kim.userId}/io.vestibule.mood`), 404, 'M_NOT_FOUND');
  });

  it('is set by its owner only, and every try is an act in the log', async () => {
    expectRefusal(await kim.call('PUT', nameOf(lee), { displayname: 'not Lee' }), 403, 'M_FORBIDDEN');
    expectRefusal(await kim.call('DELETE', nameOf(lee)), 403, 'M_FORBIDDEN');
    expectRefusal(await request(story.url, 'PUT', nameOf(lee), { body: { displayname: 'x' } }), 401, 'M_MISSING_TOKEN');
    await setName(kim, 'Kim');
    await kim.ok('DELETE', nameOf(kim));
    const text = `select operation, target, outcome from actions where actor = $1 order by position`;
    expect(await story.rows(text, [kim.userId])).toEqual([
      { operation: 'setProfileField', target: lee.userId, outcome: 'M_FORBIDDEN' },
      { operation: 'deleteProfileField', target: lee.userId, outcome: 'M_FORBIDDEN' },
      { operation: 'setProfileField', target: kim.userId, outcome: 'ok' },
      { operation: 'deleteProfileField', target: kim.userId, outcome: 'ok' },
    ]);
  });

  it('holds a name, a picture, a time zone and whatever has a namespaced key', async () => {
    const [pia] = await story.people('pia');
    const mood = { text: 'fine \u0000', since: [2 ** 53 - 1, null, true] };
    const fields = {
      avatar_url: 'mxc://example.org:8448/a_B-9',
      displayname: 'Pia',
      'io.vestibule.mood': mood,
      'm.tz': 'Europe/Lisbon',
      'org.example.nothing': null,
    };
    for (const [key, value] of Object.entries(fields)) await pia.ok('PUT', fieldOf(pia, key), { [key]: value });
    expect((await request(story.url, 'GET', `/profile/${pia.userId}`)).body).toEqual(fields);
    for (const [key, value] of Object.entries(fields))
      expect((await request(story.url, 'GET', fieldOf(pia, key))).body, key).toEqual({ [key]: value });
    await pia.ok('PUT', fieldOf(pia, 'io.vestibule.mood'), { 'io.vestibule.mood': 1 });
    expect((await request(story.url, 'GET', fieldOf(pia, 'io.vestibule.mood'))).body).toEqual({
      'io.vestibule.mood': 1,
    });
    for (const key of Object.keys(fields)) await pia.ok('DELETE', fieldOf(pia, key));
    for (const key of Object.keys(fields)) await pia.ok('DELETE', fieldOf(pia, key));
    expect((await request(story.url, 'GET', `/profile/${pia.userId}`)).body).toEqual({});
    expectRefusal(await request(story.url, 'GET', fieldOf(pia, 'm.tz')), 404, 'M_NOT_FOUND');
  });

  it('takes text of a reasonable length for what clients show', async () => {
    for (const key of ['displayname', 'avatar_url', 'm.tz'])
      for (const wrong of [1, true, null, [], {}, 'a\u0000b'])
        expectRefusal(await kim.call('PUT', fieldOf(kim, key), { [key]: wrong }), 400, 'M_INVALID_PARAM', key);
    expectRefusal(await setName(kim, 'x'.repeat(1025)), 400, 'M_PROFILE_TOO_LARGE');
    expect(await setName(kim, 'x'.repeat(1024))).toMatchObject({ status: 200 });
    expectRefusal(await kim.call('PUT', nameOf(kim), {}), 400, 'M_MISSING_PARAM');
    expectRefusal(await kim.call('PUT', nameOf(kim), { avatar_url: 'mxc://a/b' }), 400, 'M_MISSING_PARAM');
    expect(await setName(kim, '')).toMatchObject({ status: 200 });
    expectRefusal(await request(story.url, 'GET', nameOf(kim)), 404, 'M_NOT_FOUND');
  });

  it('takes pictures by their mxc URI alone, and none at all', async () => {
    const set = (avatar_url: string) => kim.call('PUT', fieldOf(kim, 'avatar_url'), { avatar_url });
    for (const wrong of [
      'http://a/b',
      'mxc://',
      'mxc://a',
      'mxc://a/',
      'mxc:///b',
      'mxc://a/b/c',
      'mxc://a b/c',
      ' mxc://a/b',
    ])
      expectRefusal(await set(wrong), 400, 'M_INVALID_PARAM', wrong);
    expect(await set('mxc://a/b')).toMatchObject({ status: 200 });
    expect(await set('')).toMatchObject({ status: 200 });
    expectRefusal(await request(story.url, 'GET', fieldOf(kim, 'avatar_url')), 404, 'M_NOT_FOUND');
  });

  it('names its fields as the specification has it', async () => {
    for (const key of ['mood', 'M.tz', '.a', 'a.', 'a..b', '1.a', 'a.ä', 'a b.c', '__proto__'])
      for (const method of ['PUT', 'DELETE'])
        expectRefusal(await kim.call(method, fieldOf(kim, key), { [key]: 1 }), 400, 'M_INVALID_PARAM', key);
    const long = `a.${'b'.repeat(253)}`;
    expect((await kim.call('PUT', fieldOf(kim, long), { [long]: 1 })).status).toBe(200);
    for (const method of ['PUT', 'DELETE'])
      expectRefusal(await kim.call(method, fieldOf(kim, `${long}b`), { [`${long}b`]: 1 }), 400, 'M_KEY_TOO_LARGE');
    await kim.ok('DELETE', fieldOf(kim, long));
  });

  it('stays under 64 KiB, however many set its fields at once', async () => {
    const [max] = await story.people('max');
    const set = (n: number, size: number) => max.call('PUT', fieldOf(max, `a.${n}`), { [`a.${n}`]: 'x'.repeat(size) });
    const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((n) => set(n, 10_000)));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(2);
    for (const answer of refused) expectRefusal(answer, 400, 'M_PROFILE_TOO_LARGE');
    const { body } = await request(story.url, 'GET', `/profile/${max.userId}`);
    const left = 64 * 1024 - JSON.stringify(body).length - ',"a.9":""'.length;
    expectRefusal(await set(9, left), 400, 'M_PROFILE_TOO_LARGE');
    expect((await set(9, left - 1)).status).toBe(200);
    expectRefusal(await setName(max, 'M'), 400, 'M_PROFILE_TOO_LARGE');
    await max.ok('DELETE', fieldOf(max, 'a.9'));
    expect((await setName(max, 'M')).status).toBe(200);
  });
});

describe('a name and a picture', () => {
  it('go with joins, invites and knocks, and with nothing a moderator says about somebody', async () => {
    const [owner, guest] = await story.people('owner', 'guest');
    await setName(owner, 'The Owner');
    await setName(guest, 'A Guest');
    const avatar_url = 'mxc://example.org/guest';
    await guest.ok('PUT', fieldOf(guest, 'avatar_url'), { avatar_url });
    const room = await knockRoom(owner);
    const member = (client: Client) => owner.ok('GET', `/rooms/${room}/state/m.room.member/${client.userId}`);
    expect(await member(owner)).toEqual({ membership: 'join', displayname: 'The Owner' });
    await guest.ok('POST', `/knock/${room}`, { reason: 'please' });
    expect(await member(guest)).toEqual({ membership: 'knock', displayname: 'A Guest', avatar_url, reason: 'please' });
    await owner.ok('POST', `/rooms/${room}/invite`, { user_id: guest.userId });
    expect(await member(guest)).toEqual({ membership: 'invite', displayname: 'A Guest', avatar_url });
    await guest.ok('POST', `/join/${room}`, {});
    expect(await member(guest)).toEqual({ membership: 'join', displayname: 'A Guest', avatar_url });
    await owner.ok('POST', `/rooms/${room}/kick`, { user_id: guest.userId, reason: 'noise' });
    expect(await member(guest)).toEqual({ membership: 'leave', reason: 'noise' });
    await owner.ok('POST', `/rooms/${room}/ban`, { user_id: guest.userId });
    expect(await member(guest)).toEqual({ membership: 'ban' });
  });
});
