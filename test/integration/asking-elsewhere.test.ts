/** What clients learn here of users, aliases, directories and rooms of other servers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, request, type Answer, type Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { expectRefusal } from '../support/story.ts';

const FEDERATION = '/_matrix/federation/v1';
const enc = encodeURIComponent;

let story: FederatedStory;
let other: OtherServer;
let gone: OtherServer;
let kim: Client;

beforeAll(async () => {
  story = await openFederatedStory();
  other = await story.otherServer();
  gone = await story.otherServer();
  await gone.close();
  [kim] = await story.people('kim');
});

afterAll(() => story.close());

const get = (path: string): Promise<Answer> => request(story.url, 'GET', path);

/** What was asked last, its query read. */
function lastAsked(server: OtherServer): URLSearchParams {
  return new URL(server.asked.at(-1)!.target, 'https://other.test').searchParams;
}

describe('the profile of a user elsewhere', () => {
  it('is what their server tells', async () => {
    other.on(`${FEDERATION}/query/profile`, () => ({ displayname: 'Lee', avatar_url: 5, 'm.tz': 'Europe/Berlin' }));
    const user = `@lee:${other.name}`;
    expect((await get(`/profile/${enc(user)}`)).body).toEqual({ displayname: 'Lee', 'm.tz': 'Europe/Berlin' });
    expect(Object.fromEntries(lastAsked(other))).toEqual({ user_id: user });
    expect((await get(`/profile/${enc(user)}/displayname`)).body).toEqual({ displayname: 'Lee' });
    expect(Object.fromEntries(lastAsked(other))).toEqual({ user_id: user, field: 'displayname' });
    expectRefusal(await get(`/profile/${enc(user)}/avatar_url`), 404, 'M_NOT_FOUND');
  });

  it('is not found where there is none, and where nobody answers', async () => {
    other.on(`${FEDERATION}/query/profile`, (_asked, response) => {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"errcode":"M_NOT_FOUND","error":"No."}');
      return undefined;
    });
    for (const user of [`@lee:${other.name}`, `@lee:${gone.name}`]) {
      expectRefusal(await get(`/profile/${enc(user)}`), 404, 'M_NOT_FOUND');
      expectRefusal(await get(`/profile/${enc(user)}/displayname`), 404, 'M_NOT_FOUND');
    }
  });
});

describe('an alias of another server', () => {
  it('leads where that server says', async () => {
    other.on(`${FEDERATION}/query/directory`, () => ({ room_id: '!there:x', servers: [other.name, 'x', 'no name'] }));
    const alias = `#door:${other.name}`;
    expect((await get(`/directory/room/${enc(alias)}`)).body).toEqual({
      room_id: '!there:x',
      servers: [other.name, 'x'],
    });
    expect(lastAsked(other).get('room_alias')).toBe(alias);
  });

  it('is not found where it does not exist, and cannot be followed where nobody answers', async () => {
    other.on(`${FEDERATION}/query/directory`, (_asked, response) => {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"errcode":"M_NOT_FOUND","error":"No."}');
      return undefined;
    });
    expectRefusal(await get(`/directory/room/${enc(`#door:${other.name}`)}`), 404, 'M_NOT_FOUND');
    expectRefusal(await get(`/directory/room/${enc(`#door:${gone.name}`)}`), 502, 'M_UNKNOWN');
    other.on(`${FEDERATION}/query/directory`, () => ({ room_id: 'nonsense', servers: [] }));
    expectRefusal(await get(`/directory/room/${enc(`#door:${other.name}`)}`), 502, 'M_UNKNOWN');
  });

  it('is followed by whoever knocks: through the servers that are said to be there', async () => {
    other.on(`${FEDERATION}/query/directory`, () => ({ room_id: '!there:nowhere', servers: [other.name] }));
    const seen = other.asked.length;
    const refused = await kim.call('POST', `/knock/${enc(`#door:${other.name}`)}`, {});
    expect(refused.status).toBe(502);
    const asked = other.asked.slice(seen).map(({ target }) => target.split('?')[0]);
    expect(asked).toContain(`${FEDERATION}/make_knock/${enc('!there:nowhere').replace('!', '%21')}/${enc(kim.userId)}`);
    expectRefusal(await kim.call('POST', `/knock/${enc(`#door:${other.name}`)}?via=a%20b`, {}), 400, 'M_INVALID_PARAM');
  });
});

describe('the directory of another server', () => {
  const room = {
    room_id: '!listed:there',
    num_joined_members: 3,
    world_readable: false,
    guest_can_join: false,
    join_rule: 'knock',
    name: 'Listed',
  };

  it('is told page by page, with that server’s tokens, and searched there', async () => {
    other.on(`${FEDERATION}/publicRooms`, () => ({
      chunk: [room, { room_id: 5 }],
      next_batch: 'next',
      total_room_count_estimate: 7,
    }));
    const page = await get(`/publicRooms?server=${enc(other.name)}&limit=2&since=before`);
    expect(page.body).toEqual({ chunk: [room], next_batch: 'next', total_room_count_estimate: 7 });
    expect(Object.fromEntries(lastAsked(other))).toEqual({ limit: '2', since: 'before' });
    const filter = { generic_search_term: 'listed' };
    const found = await kim.ok('POST', `/publicRooms?server=${enc(other.name)}`, { filter, limit: 5000 });
    expect(found.chunk).toEqual([room]);
    expect(JSON.parse(other.asked.at(-1)!.body)).toEqual({ filter, limit: 100 });
  });

  it('is not to be had where nobody answers', async () => {
    expectRefusal(await get(`/publicRooms?server=${enc(gone.name)}`), 502, 'M_UNKNOWN');
    expectRefusal(await kim.call('POST', `/publicRooms?server=${enc(gone.name)}`, {}), 502, 'M_UNKNOWN');
    expectRefusal(await get('/publicRooms?server=a%20b'), 400, 'M_INVALID_PARAM');
  });
});

describe('the summary of a room elsewhere', () => {
  const summary = (roomId: string, more: object = {}): object => ({
    room: {
      room_id: roomId,
      num_joined_members: 3,
      world_readable: false,
      guest_can_join: false,
      join_rule: 'knock',
      name: 'Knock here',
      room_version: '12',
      children_state: [],
      ...more,
    },
    children: [],
    inaccessible_children: [],
  });
  const shown = (roomId: string, more: object = {}): void =>
    other.on(`${FEDERATION}/hierarchy/${enc(roomId).replace('!', '%21')}`, () => summary(roomId, more));
  const ask = (roomId: string, via: readonly string[], client: Client = kim): Promise<Answer> =>
    client.call(
      'GET',
      `/_matrix/client/v1/room_summary/${enc(roomId)}?${via.map((server) => `via=${enc(server)}`).join('&')}`,
    );

  it('is what one of its servers shows, whichever answers first', async () => {
    const roomId = '!knock:nowhere.invalid';
    shown(roomId);
    const told = await ask(roomId, [gone.name, other.name]);
    expect(told.body).toEqual({
      room_id: roomId,
      num_joined_members: 3,
      world_readable: false,
      guest_can_join: false,
      join_rule: 'knock',
      name: 'Knock here',
      room_version: '12',
      membership: 'leave',
    });
    const anybody = await get(`/_matrix/client/v1/room_summary/${enc(roomId)}?via=${enc(other.name)}`);
    expect(anybody.body).not.toHaveProperty('membership');
  });

  it('is hidden from those who could not enter: what their server is shown is not for all of its users', async () => {
    const invited = '!invite:nowhere.invalid';
    shown(invited, { join_rule: 'invite' });
    expectRefusal(await ask(invited, [other.name]), 404, 'M_NOT_FOUND');
    const lobby = await knockRoom(kim);
    const restricted = '!restricted:nowhere.invalid';
    shown(restricted, { join_rule: 'restricted', allowed_room_ids: [lobby] });
    expect((await ask(restricted, [other.name])).body).toMatchObject({ allowed_room_ids: [lobby] });
    const [lee] = await story.people('lee');
    expectRefusal(await ask(restricted, [other.name], lee), 404, 'M_NOT_FOUND');
  });

  it('is not found where nobody tells', async () => {
    expectRefusal(await ask('!unknown', [other.name]), 400, 'M_INVALID_PARAM');
    expectRefusal(await ask('!unknown:nowhere.invalid', [other.name, gone.name]), 404, 'M_NOT_FOUND');
    expectRefusal(await ask('!unknown:nowhere.invalid', []), 404, 'M_NOT_FOUND');
    expectRefusal(await ask(`#door:${gone.name}`, []), 404, 'M_NOT_FOUND');
  });
});
