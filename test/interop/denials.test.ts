/** What Synapse loses between servers: two of this server tell each other of it, and tell for a Synapse that does not. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { knockRoom, type Client } from '../support/client.ts';
import {
  expectSoon,
  memberSeen,
  openInterop,
  standsIn,
  type InteropWorld,
  type Vestibule,
} from '../support/interop-world.ts';

const python = inject('synapsePython');

let world: InteropWorld;
let there: Vestibule;
let owner: Client;
/** On the other one of this server. */
let knocker: Client;
/** A moderator at a Synapse. */
let resident: Client;

beforeAll(async () => {
  if (python === null) return;
  world = await openInterop(python, 1, 1);
  there = world.others[0]!;
  [owner, knocker, resident] = await Promise.all([
    world.person('owner'),
    there.person('knocker'),
    world.synapses[0]!.person('resident'),
  ]);
});

afterAll(async () => {
  if (python !== null) await world.close();
});

const enc = encodeURIComponent;
const knockOn = (roomId: string, reason: string) =>
  knocker.ok('POST', `/knock/${enc(roomId)}?via=${world.name}`, { reason });

interface Told {
  readonly status: string;
  readonly by: string | null;
}

/** The newest knock of the room, as somebody is told of it. */
async function newest(client: Client, roomId: string): Promise<Told> {
  const answer = await client.graphql(
    'query ($room: String!) { knocks(where: { roomId: $room }, first: 1) { edges { node { status decidedBy { userId } } } } }',
    { room: roomId },
  );
  expect(answer.errors).toBeUndefined();
  const node = answer.data.knocks.edges[0]?.node;
  return { status: node?.status ?? 'none', by: node?.decidedBy?.userId ?? null };
}

describe.skipIf(python === null).each(['10', '12'])(
  'a room of version %s, and a knocker on another server',
  (version) => {
    const room = (options: object = {}): Promise<string> => knockRoom(owner, { room_version: version, ...options });

    it('who is rejected hears of it, and by whom', async () => {
      const roomId = await room();
      await knockOn(roomId, 'let me in');
      expect(await newest(knocker, roomId)).toEqual({ status: 'PENDING', by: null });
      await owner.ok('POST', `/rooms/${enc(roomId)}/kick`, { user_id: knocker.userId, reason: 'not today' });
      await expectSoon(() => newest(knocker, roomId), { status: 'REJECTED', by: owner.userId });
      expect(await standsIn(knocker, roomId)).toBe('leave');
      await knockOn(roomId, 'and today?');
      expect(await newest(owner, roomId)).toEqual({ status: 'PENDING', by: null });
      expect(await newest(knocker, roomId)).toEqual({ status: 'PENDING', by: null });
    });

    it('who is banned hears of it, and of the end of the ban', async () => {
      const roomId = await room();
      await knockOn(roomId, 'let me in');
      await owner.ok('POST', `/rooms/${enc(roomId)}/ban`, { user_id: knocker.userId });
      await expectSoon(() => newest(knocker, roomId), { status: 'BANNED', by: owner.userId });
      await owner.ok('POST', `/rooms/${enc(roomId)}/unban`, { user_id: knocker.userId });
      await knockOn(roomId, 'once more');
      expect(await newest(owner, roomId)).toEqual({ status: 'PENDING', by: null });
    });

    it('who takes a knock back is asked for no longer', async () => {
      const roomId = await room();
      await knockOn(roomId, 'never mind');
      await knocker.ok('POST', `/rooms/${enc(roomId)}/leave`, {});
      expect(await newest(owner, roomId)).toEqual({ status: 'RETRACTED', by: knocker.userId });
      expect(await memberSeen(owner, roomId, knocker.userId)).toMatchObject({ membership: 'leave' });
    });

    it('who is rejected by a moderator at a Synapse, which tells nobody, hears of it from here', async () => {
      const users = { ...(version === '12' ? {} : { [owner.userId]: 100 }), [resident.userId]: 50 };
      const roomId = await room({ power_level_content_override: { users } });
      await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: resident.userId });
      await expectSoon(() => standsIn(resident, roomId), 'invite');
      await resident.ok('POST', `/join/${enc(roomId)}?via=${world.name}`, {});
      await knockOn(roomId, 'let me in');
      await expectSoon(
        () => memberSeen(resident, roomId, knocker.userId),
        expect.objectContaining({ membership: 'knock' }),
      );
      await resident.ok('POST', `/rooms/${enc(roomId)}/kick`, { user_id: knocker.userId });
      await expectSoon(() => newest(owner, roomId), { status: 'REJECTED', by: resident.userId });
      await expectSoon(() => newest(knocker, roomId), { status: 'REJECTED', by: resident.userId });
      expect(await standsIn(knocker, roomId)).toBe('leave');
    });

    it('who is accepted joins, and both servers tell the same of it', async () => {
      const roomId = await room();
      await knockOn(roomId, 'let me in');
      await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
      expect(await newest(knocker, roomId)).toEqual({ status: 'ACCEPTED', by: owner.userId });
      await knocker.ok('POST', `/join/${enc(roomId)}?via=${world.name}`, {});
      expect(await memberSeen(owner, roomId, knocker.userId)).toMatchObject({ membership: 'join' });
      expect(await newest(owner, roomId)).toEqual(await newest(knocker, roomId));
      const ids = async (client: Client): Promise<readonly string[]> =>
        ((await client.ok('GET', `/rooms/${enc(roomId)}/state`)) as { event_id: string }[])
          .map((event) => event.event_id)
          .toSorted();
      expect(await ids(knocker)).toEqual(await ids(owner));
    });
  },
);
