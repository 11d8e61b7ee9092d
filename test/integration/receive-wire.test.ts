/** Receiving over the wire: another server on this machine answers about a room, honestly, wrongly, slowly or not at all. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RECEIVE_LIMITS, type ReceiveLimits } from '../../src/commands/receive/receive-budget.ts';
import { createCalls } from '../../src/federation/calls.ts';
import type { Received } from '../../src/commands/receive/receive-turn.ts';
import { knock } from '../../src/commands/knock.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { startHomeserver, type FakeHomeserver } from '../support/fake-homeserver.ts';
import { openFederation, type TestFederation } from '../support/federation.ts';
import { HOST, type ForeignRoom, type SentEvent } from '../support/foreign-room.ts';
import { actor, makeKnockRoom } from '../support/history.ts';
import { idsAfter, kim, openWorld, type World } from '../support/receiving.ts';
import { user } from '../support/rooms.ts';
import { callsOf, serveRoom } from '../support/served-room.ts';

const lee = user('lee', 'elsewhere');
const FEDERATION = '/_matrix/federation/v1';

let world: World;
let authority: Authority;
let federation: TestFederation;
let remote: FakeHomeserver;

beforeAll(async () => {
  world = await openWorld();
  authority = await createAuthority();
  federation = openFederation(authority.ca);
});

beforeEach(async () => {
  remote = await startHomeserver(authority);
  return () => remote.close();
});

afterAll(async () => {
  await federation.close();
  await world.close();
});

function ears(room: ForeignRoom, limits: Partial<ReceiveLimits> = {}): (event: SentEvent) => Promise<Received> {
  const { check } = federation.signatures(world.test.database.db);
  const more = { checkSignatures: check, limits: { ...RECEIVE_LIMITS, ...limits } };
  const { hear } = world.earsFor(room, createCalls(federation.send), more);
  return (event) => hear(event, remote.name);
}

const ids = (event: SentEvent): string => encodeURIComponent(event.eventId);

describe('a server that has all of the room', () => {
  it('47: fills a gap, and is not asked for the state', async () => {
    const room = await world.joinedRoom();
    serveRoom(remote, room);
    for (let n = 0; n < 25; n += 1) room.message(kim, `message ${n}`);
    room.member(HOST, lee, 'invite');
    room.member(lee, lee, 'join');
    const last = room.message(kim, 'the last');
    expect(await ears(room)(last)).toMatchObject({ is: 'accepted' });
    expect(new Set(callsOf(remote))).toEqual(new Set(['get_missing_events']));
    expect(await world.currentState(room)).toEqual(idsAfter(last));
    expect(await world.findings()).toEqual([]);
  });

  it('tells what an event rests on, and what the state was', async () => {
    const room = await world.joinedRoom();
    serveRoom(remote, room);
    remote.on(`${FEDERATION}/get_missing_events/`, () => ({ events: [] }));
    room.member(HOST, lee, 'invite');
    room.member(lee, lee, 'join');
    room.message(lee, 'missing');
    const last = room.message(lee, 'the last');
    expect(await ears(room)(last)).toMatchObject({ is: 'accepted' });
    expect(new Set(callsOf(remote))).toEqual(new Set(['event_auth', 'get_missing_events', 'state_ids', 'event']));
    expect(await world.findings()).toEqual([]);
  });
});

it('45: a float in what lies between is discarded, and its child is not accepted', async () => {
  const room = await world.joinedRoom();
  serveRoom(remote, room);
  const before = room.message(kim, 'before');
  const bad = room.message(kim, 'bad');
  const child = room.message(kim, 'child');
  const floats = JSON.stringify(bad.pdu).replace('"msgtype"', '"number":1.5,"msgtype"');
  remote.on(`${FEDERATION}/get_missing_events/`, () => `{"events":[${JSON.stringify(before.pdu)},${floats}]}`);
  remote.on(`${FEDERATION}/event/${ids(bad)}`, () => `{"pdus":[${floats}]}`);
  expect(await ears(room)(child)).toMatchObject({ is: 'failed', why: 'missing' });
  for (const event of [bad, child]) expect(await world.stored(room, event)).toBeNull();
});

describe('a server that does not play by the rules', () => {
  it('is asked no longer than its time, while the room and all others go on', async () => {
    const room = await world.joinedRoom();
    const knockRoom = await makeKnockRoom(world.log.deps, 'patient');
    serveRoom(remote, room);
    remote.on(`${FEDERATION}/get_missing_events/`, () => undefined);
    const start = room.newest();
    room.message(kim, 'missing');
    const child = room.message(kim, 'child');
    const beside = room.message(kim, 'from another server', { after: [start] });
    const since = performance.now();
    const slow = ears(room, { eventMs: 1_500 })(child);
    const { hear } = world.earsFor(room);
    expect(await hear(beside, 'elsewhere')).toMatchObject({ is: 'accepted' });
    await knock(world.log.deps, actor('quick'), { roomId: knockRoom });
    expect(performance.now() - since).toBeLessThan(1_000);
    expect(await slow).toMatchObject({ is: 'failed', why: 'missing' });
    expect(performance.now() - since).toBeLessThan(4_000);
    expect(await world.findings()).toEqual([]);
  });

  it('is not asked again for a while when it has kept us waiting for too long', async () => {
    const room = await world.joinedRoom();
    serveRoom(remote, room);
    remote.on(`${FEDERATION}/get_missing_events/`, () => undefined);
    room.message(kim, 'missing');
    const [one, two] = [room.message(kim, 'one'), room.message(kim, 'two')];
    const hear = ears(room, { eventMs: 300, originMs: 200 });
    expect(await hear(one)).toMatchObject({ is: 'failed', why: 'missing' });
    const asked = remote.asked.length;
    expect(await hear(two)).toMatchObject({ is: 'failed', why: 'busy' });
    expect(remote.asked.length).toBe(asked);
  });

  it('is not believed when it answers with other events, with everything, or with nonsense', async () => {
    const room = await world.joinedRoom();
    const other = await world.joinedRoom();
    const missing = room.message(kim, 'missing');
    const child = room.message(kim, 'child');
    const start = await world.extremities(room);
    const answers: readonly (object | string)[] = [
      { events: [other.newest().pdu] },
      { events: [child.pdu, child.pdu] },
      { events: Array.from({ length: 21 }, () => missing.pdu) },
      { events: [{ ...missing.pdu, depth: 1 }] },
      { events: 'none' },
      '{',
      '[]',
    ];
    for (const answer of answers) {
      remote.on(`${FEDERATION}/get_missing_events/`, () => answer);
      expect([answer, await ears(room)(child)]).toMatchObject([answer, { is: 'failed', why: 'missing' }]);
    }
    expect(await world.extremities(room)).toEqual(start);
    expect(await world.findings()).toEqual([]);
  });

  it('is not followed for ever into the past, nor along endless auth events', async () => {
    const room = await world.joinedRoom();
    for (let n = 0; n < 300; n += 1) room.message(kim, `${n}`);
    const child = room.message(kim, 'child');
    serveRoom(remote, room);
    remote.on(`${FEDERATION}/state_ids/`, () => ({ pdu_ids: [], auth_chain_ids: [] }));
    const heard = await ears(room)(child);
    // What is further back than 100 events is judged by the state that is claimed to have been there; here, none.
    expect(heard.is).not.toBe('accepted');
    expect(remote.asked.length).toBeLessThan(150);

    const ladder = await world.joinedRoom();
    serveRoom(remote, ladder);
    remote.on(`${FEDERATION}/event_auth/`, () => ({ auth_chain: [] }));
    const start = ladder.newest();
    let rung = start.state.get(`m.room.member\0${kim}`)!;
    for (let n = 0; n < 120; n += 1) {
      const state = new Map([...start.state, [`m.room.member\0${kim}`, rung] as const]);
      rung = ladder.member(kim, kim, 'join', { after: [{ ...start, state }], content: { displayname: `${n}` } });
    }
    const state = new Map([...start.state, [`m.room.member\0${kim}`, rung] as const]);
    const event = ladder.message(kim, 'on top', { after: [{ ...start, state }] });
    const since = remote.asked.length;
    expect(await ears(ladder)(event)).toMatchObject({ is: 'failed', why: 'missing' });
    expect(remote.asked.length - since).toBeLessThan(60);
    expect(await world.findings()).toEqual([]);
  });
});

it('an event that follows itself, or rests on itself, cannot be made, and one that says so rests on nothing', async () => {
  const room = await world.joinedRoom();
  serveRoom(remote, room);
  const start = room.newest();
  const nowhere = `$${'x'.repeat(43)}`;
  const circle = room.message(kim, 'round', {
    fields: { auth_events: [nowhere], prev_events: [nowhere] },
    forced: true,
  });
  remote.on(`${FEDERATION}/event_auth/`, () => ({ auth_chain: [circle.pdu] }));
  remote.on(`${FEDERATION}/event/`, () => ({ pdus: [circle.pdu] }));
  expect(await ears(room)(circle)).toMatchObject({ is: 'failed', why: 'missing' });
  expect(await world.extremities(room)).toEqual([start.eventId]);
});
