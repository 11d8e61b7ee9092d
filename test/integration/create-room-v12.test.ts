/** Rooms of version 12: named by their create event, ruled by their creators (PROTOCOL §8, 36 to 40). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim] = await story.people('owner', 'kim');
});

afterAll(() => story.close());

/** The room's events as they would go over the wire. */
async function wireOf(room: string): Promise<readonly Record<string, unknown>[]> {
  const rows = await story.rows<{ proof: Buffer }>('select proof from events where room_id = $1 order by position', [
    room,
  ]);
  return rows.map(({ proof }) => JSON.parse(proof.toString()));
}

describe('the create event', () => {
  it('36: is cited as an auth event by none, in version 12; by all others before', async () => {
    for (const [room_version, cited] of [
      ['11', true],
      ['12', false],
    ] as const) {
      const room = await knockRoom(owner, { room_version });
      await kim.ok('POST', `/knock/${room}`, {});
      const { event_id: create } = await owner.ok('GET', `/rooms/${room}/state/m.room.create?format=event`);
      const [first, ...others] = await wireOf(room);
      expect(first!['auth_events']).toEqual([]);
      expect(others.every(({ auth_events }) => (auth_events as string[]).includes(create) === cited)).toBe(true);
      expect(others.some(({ auth_events }) => (auth_events as string[]).includes(create))).toBe(cited);
    }
  });

  it('38: names no room on the wire, and does so to clients; in a sync no event names its room', async () => {
    const room = await knockRoom(owner, { room_version: '12' });
    const [create, ...others] = await wireOf(room);
    expect(create).not.toHaveProperty('room_id');
    expect(others.every(({ room_id }) => room_id === room)).toBe(true);
    const state: { room_id: string; type: string }[] = await owner.ok('GET', `/rooms/${room}/state`);
    expect(new Set(state.map(({ room_id }) => room_id))).toEqual(new Set([room]));
    expect(state.map(({ type }) => type)).toContain('m.room.create');
    expect((await owner.ok('GET', `/rooms/${room}/members`)).chunk).toMatchObject([{ room_id: room }]);
    const { rooms } = await owner.ok('GET', '/sync');
    const { timeline, state: before } = rooms.join[room];
    expect([...timeline.events, ...before.events].filter((event: object) => 'room_id' in event)).toEqual([]);
  });

  it('38: is sent once, in every version', async () => {
    for (const room_version of ['7', '11', '12']) {
      const room = await knockRoom(owner, { room_version });
      for (const path of ['m.room.create', 'm.room.create/', 'm.room.create/other']) {
        const answer = await owner.call('PUT', `/rooms/${room}/state/${path}`, { room_version });
        expectRefusal(answer, 400, 'M_INVALID_PARAM', path);
      }
    }
  });
});

describe('power levels', () => {
  const path = (room: string) => `/rooms/${room}/state/m.room.power_levels`;

  it('36: list no creator, and a creator cannot be listed', async () => {
    const room = await knockRoom(owner, {
      room_version: '12',
      creation_content: { additional_creators: [kim.userId] },
    });
    const levels = await owner.ok('GET', path(room));
    expect(levels.users).toEqual({});
    expect(levels.events['m.room.tombstone']).toBe(150);
    for (const creator of [owner, kim]) {
      const users = { [creator.userId]: 100 };
      expectRefusal(await owner.call('PUT', path(room), { ...levels, users }), 400, 'M_INVALID_PARAM');
    }
    await owner.ok('PUT', path(room), { ...levels, users: { '@lee:localhost:8448': 2 ** 53 - 1 } });
  });

  it('41: are integers, whatever the version would take from elsewhere', async () => {
    for (const room_version of ['7', '9', '10', '11', '12']) {
      const room = await knockRoom(owner, { room_version });
      const levels = await owner.ok('GET', path(room));
      const before = await story.counts();
      for (const wrong of [
        ...[{ ban: '50' }, { ban: ' +050 ' }, { ban: null }, { ban: [50] }, { ban: true }],
        ...[{ users: { ...levels.users, [kim.userId]: '1' } }, { users: { ...levels.users, kim: 1 } }, { users: [] }],
        ...[{ events: { 'm.room.name': '1' } }, { notifications: { room: '1' } }, { events: 1 }],
      ]) {
        const what = `${room_version} ${JSON.stringify(wrong)}`;
        expectRefusal(await owner.call('PUT', path(room), { ...levels, ...wrong }), 400, 'M_INVALID_PARAM', what);
      }
      expect((await story.counts()).events).toBe(before.events);
    }
  });
});

describe('additional creators', () => {
  it('40: are those that were named and the trusted guests, each once, and not the creator again', async () => {
    const creation_content = { additional_creators: [kim.userId, '@zoe:elsewhere.example', owner.userId, kim.userId] };
    const invite = [kim.userId, '@lee:localhost:8448'];
    const { room_id } = await owner.ok('POST', '/createRoom', {
      preset: 'trusted_private_chat',
      creation_content,
      invite,
    });
    const { additional_creators } = await owner.ok('GET', `/rooms/${room_id}/state/m.room.create`);
    expect(additional_creators).toEqual([kim.userId, '@zoe:elsewhere.example', '@lee:localhost:8448']);
  });

  it.each([
    [['@invalid:dom$ain$.com']],
    [[`@${'x'.repeat(250)}:localhost`]],
    [['kim']],
    [[1]],
    [[null]],
    ['@kim:localhost'],
    [{}],
    [null],
  ])('40: %j are none, and the room is not made', async (additional_creators) => {
    const before = await story.counts();
    const answer = await owner.call('POST', '/createRoom', { creation_content: { additional_creators } });
    expectRefusal(answer, 400, 'M_INVALID_PARAM');
    expect((await story.counts()).events).toBe(before.events);
  });

  it('are content like any other before version 12', async () => {
    const creation_content = { additional_creators: 'whatever' };
    const { room_id } = await owner.ok('POST', '/createRoom', { room_version: '11', creation_content });
    expect(await owner.ok('GET', `/rooms/${room_id}/state/m.room.create`)).toMatchObject(creation_content);
  });
});
