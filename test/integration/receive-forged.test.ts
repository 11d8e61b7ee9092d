/** What a server may not make others believe: in the name of somebody else, or in two forms of one event. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventId } from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonValue } from '../../src/matrix/json.ts';
import { HOST } from '../support/foreign-room.ts';
import { kim, openWorld, type World } from '../support/receiving.ts';
import { ALL_VERSIONS, user } from '../support/rooms.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world.close());

describe.each(ALL_VERSIONS)('in a room of version %s', (version) => {
  it('48: nobody’s signature is spared for a third-party invite that the redacted copy does not hold', async () => {
    const room = await world.joinedRoom(version);
    const guest = user('guest', 'elsewhere');
    const { pdu } = room.member(HOST, guest, 'invite');
    const signed = { mxid: guest, token: 't', signatures: {} };
    // Where redaction keeps what was signed, the copy is a third-party invite still, and has to be allowed as one.
    const kept = ['11', '12'].includes(version) ? { is: 'rejected' } : { is: 'dropped' };
    const invites: readonly (readonly [JsonValue, object])[] = [
      [true, { is: 'dropped' }],
      [[], { is: 'dropped' }],
      [{ display_name: 'g', signed }, kept],
    ];
    for (const [n, [invite, expected]] of invites.entries()) {
      const content = jsonObject({ membership: 'invite', third_party_invite: invite });
      // Of the sender's server there is no signature, and the hash is none of this content.
      const forged = jsonObject({ ...pdu, content, depth: 50 + n, signatures: {} });
      expect(await world.earsFor(room).hear(forged)).toMatchObject(expected);
    }
    expect((await world.currentState(room)).has(`m.room.member\0${guest}`)).toBe(false);
  });
});

it('a claimed state of 100,000 events that nobody has is told off, as one of a few is', async () => {
  const room = await world.joinedRoom();
  const missing = room.message(kim, 'never seen');
  const child = room.message(kim, 'after it');
  const ids = Array.from({ length: 100_000 }, (_, n) => `$${`${n}`.padStart(43, 'x')}` as EventId);
  const ears = world.earsFor(room, {
    getMissingEvents: () => Promise.resolve({ ok: true, value: [] }),
    stateIds: () => Promise.resolve({ ok: true, value: { state: ids, authChain: [] } }),
  });
  expect(child.pdu.prev_events).toEqual([missing.eventId]);
  expect(await ears.hear(child)).toMatchObject({ is: 'failed', why: 'missing' });
});

it('an event that is here in redacted form is told in that form, though it comes in full later', async () => {
  const room = await world.joinedRoom('12', 'knock');
  const ned = user('ned', 'elsewhere');
  const knock = room.member(ned, ned, 'knock', { content: { reason: 'please' } });
  const missing = room.message(kim, 'never seen');
  const child = room.message(kim, 'after it');
  const stripped = jsonObject({ ...knock.pdu, content: jsonObject({ membership: 'knock' }) });
  const ears = world.earsFor(room, {
    getMissingEvents: () => Promise.resolve({ ok: true, value: [] }),
    event: (_server, { eventId }) =>
      Promise.resolve({ ok: true, value: eventId === knock.eventId ? stripped : room.events.get(eventId)!.pdu }),
  });
  expect(child.pdu.prev_events).toEqual([missing.eventId]);
  expect(await ears.hear(child)).toMatchObject({ is: 'accepted' });
  expect(await ears.hear(knock)).toMatchObject({ is: 'accepted' });
  expect((await world.stored(room, knock))?.content).toEqual({ membership: 'knock' });
  const { rows } = await world.test.database.pool.query('select reason from knocks where user_id = $1', [ned]);
  expect(rows).toEqual([{ reason: null }]);
  expect(await world.findings()).toEqual([]);
});

it.each(['11', '12'] as const)('the beginning of a room of version %s cannot be turned against it', async (version) => {
  const room = await world.joinedRoom(version);
  const ears = world.earsFor(room);
  const create = [...room.events.values()][0]!;
  await ears.hear(create);
  const onIt = room.message(kim, 'straight after the beginning', { after: [create], forced: true });
  await ears.hear(onIt);
  expect(await world.verdictsOf(room, create)).not.toContain('rejected');
  const next = room.message(kim, 'the room goes on', { after: [[...room.events.values()].at(-2)!] });
  expect(await ears.hear(next)).toMatchObject({ is: 'accepted' });
});
