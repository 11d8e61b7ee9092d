/** Display names: who reads and sets them, and which member events carry them (PROTOCOL §1.2, §1.3). */
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

const nameOf = (client: Client) => `/profile/${encodeURIComponent(client.userId)}/displayname`;
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
    const text = `select operation, target, outcome from actions where actor = $1 and operation = 'setDisplayName' order by position`;
    expect(await story.rows(text, [kim.userId])).toEqual([
      { operation: 'setDisplayName', target: lee.userId, outcome: 'M_FORBIDDEN' },
      { operation: 'setDisplayName', target: lee.userId, outcome: 'M_FORBIDDEN' },
      { operation: 'setDisplayName', target: kim.userId, outcome: 'ok' },
    ]);
  });

  it('takes text of a reasonable length, and no other field', async () => {
    for (const wrong of [1, true, [], {}]) expectRefusal(await setName(kim, wrong), 400, 'M_INVALID_PARAM');
    expectRefusal(await setName(kim, 'x'.repeat(1025)), 400, 'M_PROFILE_TOO_LARGE');
    expectRefusal(await kim.call('PUT', nameOf(kim), {}), 400, 'M_MISSING_PARAM');
    expectRefusal(await kim.call('PUT', nameOf(kim), { avatar_url: 'mxc://a/b' }), 400, 'M_MISSING_PARAM');
    const mood = { 'io.vestibule.mood': 'fine' };
    expectRefusal(await kim.call('PUT', `/profile/${kim.userId}/io.vestibule.mood`, mood), 400, 'M_INVALID_PARAM');
    expect(await setName(kim, '')).toMatchObject({ status: 200 });
    expectRefusal(await request(story.url, 'GET', nameOf(kim)), 404, 'M_NOT_FOUND');
  });
});

describe('a display name', () => {
  it('goes with joins, invites and knocks, and with nothing a moderator says about somebody', async () => {
    const [owner, guest] = await story.people('owner', 'guest');
    await setName(owner, 'The Owner');
    await setName(guest, 'A Guest');
    const room = await knockRoom(owner);
    const member = (client: Client) => owner.ok('GET', `/rooms/${room}/state/m.room.member/${client.userId}`);
    expect(await member(owner)).toEqual({ membership: 'join', displayname: 'The Owner' });
    await guest.ok('POST', `/knock/${room}`, { reason: 'please' });
    expect(await member(guest)).toEqual({ membership: 'knock', displayname: 'A Guest', reason: 'please' });
    await owner.ok('POST', `/rooms/${room}/invite`, { user_id: guest.userId });
    expect(await member(guest)).toEqual({ membership: 'invite', displayname: 'A Guest' });
    await guest.ok('POST', `/join/${room}`, {});
    expect(await member(guest)).toEqual({ membership: 'join', displayname: 'A Guest' });
    await owner.ok('POST', `/rooms/${room}/kick`, { user_id: guest.userId, reason: 'noise' });
    expect(await member(guest)).toEqual({ membership: 'leave', reason: 'noise' });
    await owner.ok('POST', `/rooms/${room}/ban`, { user_id: guest.userId });
    expect(await member(guest)).toEqual({ membership: 'ban' });
  });
});
