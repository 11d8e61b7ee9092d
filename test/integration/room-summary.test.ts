/** Summaries: what a room shows to whom, before they enter (PROTOCOL §1.7). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, request, type Client } from '../support/client.ts';
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

const path = (room: string): string => `/_matrix/client/v1/room_summary/${encodeURIComponent(room)}`;
const anonymous = (room: string) => request(story.url, 'GET', path(room));

async function roomWith(join_rule: string, options: object = {}, more: object = {}): Promise<string> {
  return knockRoom(owner, {
    ...options,
    initial_state: [{ type: 'm.room.join_rules', content: { join_rule, ...more } }],
  });
}

describe('a summary', () => {
  it('tells all that the room says of itself, to a member with their membership', async () => {
    const state = (type: string, content: object) => ({ type, content });
    const { room_id } = await owner.ok('POST', '/createRoom', {
      ...{ preset: 'public_chat', name: 'Full', topic: 'Everything', room_alias_name: 'full', room_version: '11' },
      creation_content: { type: 'm.space' },
      initial_state: [
        state('m.room.avatar', { url: 'mxc://localhost/full' }),
        state('m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }),
        state('m.room.history_visibility', { history_visibility: 'world_readable' }),
      ],
    });
    const shown = {
      ...{ room_id, num_joined_members: 1, guest_can_join: false, world_readable: true, join_rule: 'public' },
      ...{ name: 'Full', topic: 'Everything', avatar_url: 'mxc://localhost/full', room_type: 'm.space' },
      ...{ canonical_alias: `#full:${SERVER_NAME}`, encryption: 'm.megolm.v1.aes-sha2', room_version: '11' },
    };
    expect((await anonymous(room_id)).body).toEqual(shown);
    expect((await anonymous(`#full:${SERVER_NAME}`)).body).toEqual(shown);
    expect(await owner.ok('GET', path(room_id))).toEqual({ ...shown, membership: 'join' });
    expect(await kim.ok('GET', path(room_id))).toEqual({ ...shown, membership: 'leave' });
    await owner.ok('POST', `/rooms/${room_id}/ban`, { user_id: kim.userId });
    expect(await kim.ok('GET', path(room_id))).toEqual({ ...shown, membership: 'ban' });
  });

  it('reads the topic’s plain text where there are several', async () => {
    const room = await roomWith('public');
    const topic = async (content: object) => {
      await owner.ok('PUT', `/rooms/${room}/state/m.room.topic`, content);
      return (await anonymous(room)).body.topic;
    };
    const html = { mimetype: 'text/html', body: '<b>b</b>' };
    expect(await topic({ topic: 'a' })).toBe('a');
    expect(await topic({ topic: 'a', 'm.topic': { 'm.text': [html, { body: 'b' }] } })).toBe('b');
    expect(await topic({ topic: 'a', 'm.topic': { 'm.text': [html] } })).toBeUndefined();
    expect(await topic({ topic: 'a', 'm.topic': 5 })).toBe('a');
    expect(await topic({ topic: 5 })).toBeUndefined();
  });

  it('is served where clients asked for it before it was specified', async () => {
    const room = await roomWith('knock');
    const old = '/_matrix/client/unstable/im.nheko.summary';
    for (const spelt of [`${old}/rooms/${room}/summary`, `${old}/summary/${room}`])
      expect(await kim.ok('GET', spelt)).toMatchObject({ room_id: room, membership: 'leave' });
  });
});

describe('who sees it', () => {
  it.each([
    ['public', true],
    ['knock', true],
    ['knock_restricted', true],
    ['invite', false],
    ['private', false],
    ['restricted', false],
    ['something', false],
  ])('of a room with the join rule %s, everybody: %s', async (join_rule, seen) => {
    const room = await roomWith(join_rule);
    for (const answer of [await anonymous(room), await kim.call('GET', path(room))]) {
      if (seen) expect(answer).toMatchObject({ status: 200, body: { room_id: room, join_rule } });
      else expectRefusal(answer, 404, 'M_NOT_FOUND', join_rule);
    }
    expect(await owner.ok('GET', path(room))).toMatchObject({ membership: 'join', join_rule });
  });

  it('of a room that everybody may read, everybody', async () => {
    const room = await roomWith('invite');
    expectRefusal(await anonymous(room), 404, 'M_NOT_FOUND');
    await owner.ok('PUT', `/rooms/${room}/state/m.room.history_visibility`, { history_visibility: 'world_readable' });
    expect((await anonymous(room)).body).toMatchObject({ world_readable: true, join_rule: 'invite' });
  });

  it('of any room, who is invited or knocking; not who was turned away, or left', async () => {
    const room = await roomWith('invite');
    await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
    expect(await kim.ok('GET', path(room))).toMatchObject({ membership: 'invite', name: 'The door' });
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    expectRefusal(await kim.call('GET', path(room)), 404, 'M_NOT_FOUND');
    await owner.ok('PUT', `/rooms/${room}/state/m.room.join_rules`, { join_rule: 'knock' });
    await kim.ok('POST', `/knock/${room}`, {});
    await owner.ok('PUT', `/rooms/${room}/state/m.room.join_rules`, { join_rule: 'invite' });
    expect(await kim.ok('GET', path(room))).toMatchObject({ membership: 'knock' });
    await owner.ok('POST', `/rooms/${room}/kick`, { user_id: kim.userId });
    expectRefusal(await kim.call('GET', path(room)), 404, 'M_NOT_FOUND');
  });

  it('of a restricted room, who is in a room whose members it lets in', async () => {
    const club = await roomWith('public');
    const allow = [{ type: 'm.room_membership', room_id: club }, 'mangled', { type: 'else', room_id: 1 }];
    const room = await roomWith('restricted', {}, { allow });
    expectRefusal(await kim.call('GET', path(room)), 404, 'M_NOT_FOUND');
    await kim.ok('POST', `/join/${club}`, {});
    expect(await kim.ok('GET', path(room))).toMatchObject({ join_rule: 'restricted', allowed_room_ids: [club] });
    expectRefusal(await lee.call('GET', path(room)), 404, 'M_NOT_FOUND');
    const open = await roomWith('knock_restricted', {}, { allow });
    expect((await anonymous(open)).body).toMatchObject({ allowed_room_ids: [club] });
    expect((await anonymous(club)).body).not.toHaveProperty('allowed_room_ids');
  });

  it('nobody, where there is no such room, where everybody left, and of rooms elsewhere', async () => {
    const deserted = await roomWith('public');
    await owner.ok('POST', `/rooms/${deserted}/leave`, {});
    const names = ['!none:localhost:8448', '!there:elsewhere.example', '#no:localhost:8448', '#a:elsewhere.example'];
    for (const name of [...names, deserted]) {
      expectRefusal(await anonymous(name), 404, 'M_NOT_FOUND', name);
      expectRefusal(await owner.call('GET', `${path(name)}?via=elsewhere.example`), 404, 'M_NOT_FOUND', name);
    }
    expectRefusal(await owner.call('GET', path('nothing')), 400, 'M_INVALID_PARAM');
  });

  it('not somebody with a token that is none', async () => {
    const room = await roomWith('public');
    expectRefusal(await request(story.url, 'GET', path(room), { token: 'made-up' }), 401, 'M_UNKNOWN_TOKEN');
  });
});
