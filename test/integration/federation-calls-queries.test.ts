/** What other servers are asked of their users, aliases and rooms, and what is made of their answers, good and bad. */
import { describe, expect, it } from 'vitest';
import type { QueryCalls } from '../../src/federation/calls-queries.ts';
import { parseRoomAlias, parseRoomId, parseUserId } from '../../src/matrix/identifiers.ts';
import { answered, callsWorld, F, testCalls, type Call } from '../support/remote-calls.ts';

const roomId = parseRoomId('!a/room:there.test')!;
const userId = parseUserId('@some/one:there.test')!;
const alias = parseRoomAlias('#a room:there.test')!;
const required = { room_id: roomId, num_joined_members: 3, world_readable: false, guest_can_join: true };
const full = {
  ...required,
  join_rule: 'knock',
  name: 'A room',
  topic: 'About',
  canonical_alias: '#a:there.test',
  avatar_url: 'mxc://there.test/a',
  room_type: 'm.space',
};

const TABLE: Record<keyof QueryCalls, Call> = {
  queryProfile: {
    ask: (calls, remote) => calls.queryProfile(remote.name, { userId }),
    method: 'GET',
    target: `${F}/v1/query/profile?user_id=%40some%2Fone%3Athere.test`,
    answer: { displayname: 'Some One', avatar_url: null, 'org.example.x': { y: [1] } },
    value: { displayname: 'Some One', 'org.example.x': { y: [1] } },
    bad: [[], 'Some One', { displayname: 'Some One', 'm.x': 1.5 }],
  },
  queryDirectory: {
    ask: (calls, remote) => calls.queryDirectory(remote.name, alias),
    method: 'GET',
    target: `${F}/v1/query/directory?room_alias=%23a%20room%3Athere.test`,
    answer: { room_id: roomId, servers: ['there.test', 'other.test:8448', 5, 'no server', 'there.test', null] },
    value: { roomId, servers: ['there.test', 'other.test:8448'] },
    bad: [
      {},
      { servers: [] },
      { room_id: roomId },
      { room_id: roomId, servers: 'there.test' },
      { room_id: '#a:there.test', servers: [] },
      { room_id: [roomId], servers: [] },
    ],
  },
  publicRooms: {
    ask: (calls, remote) => calls.publicRooms(remote.name, { limit: 7, since: 'a&b' }),
    method: 'GET',
    target: `${F}/v1/publicRooms?limit=7&since=a%26b`,
    answer: { chunk: [{ ...full, more: 1 }, required], next_batch: 'n', prev_batch: 1, total_room_count_estimate: 9 },
    value: { chunk: [full, { ...required, join_rule: 'public' }], next_batch: 'n', total_room_count_estimate: 9 },
    bad: [{}, { chunk: null }, { chunk: {} }, []],
  },
  hierarchy: {
    ask: (calls, remote) => calls.hierarchy(remote.name, roomId),
    method: 'GET',
    target: `${F}/v1/hierarchy/%21a%2Froom%3Athere.test?suggested_only=false`,
    answer: {
      room: {
        ...full,
        room_version: '12',
        encryption: 'm.megolm.v1.aes-sha2',
        allowed_room_ids: ['!b:c.test', 1, 'none'],
        children_state: [],
      },
      children: [],
      inaccessible_children: [],
    },
    value: { ...full, room_version: '12', encryption: 'm.megolm.v1.aes-sha2', allowed_room_ids: ['!b:c.test'] },
    bad: [
      {},
      { room: null },
      { room: [full] },
      { room: { ...full, room_id: '!other:there.test' } },
      { room: { ...full, num_joined_members: '3' } },
      { room: { ...full, num_joined_members: -1 } },
      { room: { ...full, world_readable: undefined } },
      { room: { ...full, guest_can_join: null } },
    ],
  },
};

const world = callsWorld();
testCalls(world, TABLE);

describe('queries', () => {
  it('ask for one field of a profile', async () => {
    const ask: Call['ask'] = (calls, remote) => calls.queryProfile(remote.name, { userId, field: 'm.tz' });
    const { got, asked } = await answered(world, { ask }, { 'm.tz': 'Europe/Zurich' });
    expect(asked.target).toBe(`${F}/v1/query/profile?user_id=%40some%2Fone%3Athere.test&field=m.tz`);
    expect(got).toEqual({ ok: true, value: { 'm.tz': 'Europe/Zurich' } });
  });

  it('search a directory with POST', async () => {
    const filter = { generic_search_term: 'books', room_types: [null] };
    const ask: Call['ask'] = (calls, remote) => calls.publicRooms(remote.name, { limit: 7, filter });
    const { got, asked } = await answered(world, { ask }, { chunk: [] });
    expect(asked).toMatchObject({ method: 'POST', target: `${F}/v1/publicRooms` });
    expect(JSON.parse(asked.body)).toEqual({ limit: 7, filter });
    expect(got).toEqual({ ok: true, value: { chunk: [], total_room_count_estimate: 0 } });
  });

  it('ask for a directory without anything to say about it', async () => {
    const ask: Call['ask'] = (calls, remote) => calls.publicRooms(remote.name, {});
    expect((await answered(world, { ask }, { chunk: [] })).asked.target).toBe(`${F}/v1/publicRooms`);
  });

  it.each([
    { ...full, room_id: 'none' },
    { ...full, world_readable: 'yes' },
    { ...full, guest_can_join: 1 },
    { ...full, num_joined_members: null },
    'room',
    [full],
    null,
  ])('leave out of a directory what is no entry: %j', async (entry) => {
    const { got } = await answered(world, TABLE.publicRooms, { chunk: [entry, full] });
    expect(got).toMatchObject({ ok: true, value: { chunk: [full] } });
  });

  it('hear of at most fifty servers of an alias', async () => {
    const servers = Array.from({ length: 500 }, (_, n) => `s${n}.test`);
    const { got } = await answered(world, TABLE.queryDirectory, { room_id: roomId, servers });
    expect(got).toEqual({ ok: true, value: { roomId, servers: servers.slice(0, 50) } });
  });
});
