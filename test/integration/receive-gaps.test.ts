/** Events that rest on others, or follow others, that this server does not have. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fails, malformed } from '../../src/federation/answer.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { foreignRoom, HOST } from '../support/foreign-room.ts';
import { idsAfter, kim, openWorld, type World } from '../support/receiving.ts';
import { user } from '../support/rooms.ts';

const lee = user('lee', 'elsewhere');
const mo = user('mo', 'elsewhere');

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world.close());

const refused = () => Promise.resolve(fails({ kind: 'unreachable', code: 'ECONNREFUSED' }));

describe('an event whose auth events are not here', () => {
  it('43: is rejected when one of them was rejected, also when that is reached through others', async () => {
    const room = await world.joinedRoom();
    const start = room.newest();
    // Nobody let them in, and all the same they say so.
    const gatecrash = room.send({
      type: 'm.room.power_levels',
      sender: kim,
      stateKey: '',
      content: { users: { [kim]: 100 } },
      forced: true,
    });
    const crowned = { ...room.newest(), state: new Map([...start.state, ['m.room.power_levels\0', gatecrash]]) };
    const member = room.member(kim, kim, 'join', { after: [crowned], content: { displayname: 'king' }, forced: true });
    const after = { ...start, state: new Map([...crowned.state, [`m.room.member\0${kim}`, member]]) };
    const event = room.message(kim, 'obey', { after: [after], forced: true });
    const direct = room.message(kim, 'obey at once', { after: [{ ...start, state: crowned.state }], forced: true });
    const ears = world.earsFor(room);
    expect(await ears.hear(event)).toMatchObject({ is: 'rejected', rule: 'auth_events.rejected' });
    expect(await world.evidenceOf(room, gatecrash)).toBe('power.required');
    expect(await world.evidenceOf(room, member)).toBe('auth_events.rejected');
    expect(await ears.hear(direct)).toMatchObject({ is: 'rejected', rule: 'auth_events.rejected' });
    expect(await world.currentState(room)).toEqual(idsAfter(start));
    expect(await world.findings()).toEqual([]);
  });

  it('43: is rejected when one of them is of another room', async () => {
    const [room, other] = [await world.joinedRoom(), await world.joinedRoom()];
    const start = room.newest();
    const stolen = [...other.newest().state.values()].find(({ pdu }) => pdu.state_key === kim)!;
    const state = new Map([...start.state, [`m.room.member\0${kim}`, stolen]]);
    const event = room.message(kim, 'by what I am elsewhere', { after: [{ ...start, state }], forced: true });
    expect(await world.earsFor(room).hear(event)).toMatchObject({ is: 'rejected', rule: 'auth_events.other_room' });
    const unknown = foreignRoom('12');
    const far = [...unknown.newest().state.values()].find(({ pdu }) => pdu.state_key === HOST)!;
    const theirs = new Map([...start.state, [`m.room.member\0${HOST}`, far]]);
    const next = room.message(HOST, 'by what nobody here knows', {
      after: [{ ...start, state: theirs }],
      forced: true,
    });
    const ears = world.earsFor(room, { event: () => Promise.resolve({ ok: true, value: far.pdu }) });
    expect(await ears.hear(next)).toMatchObject({ is: 'rejected', rule: 'auth_events.other_room' });
    expect(await world.findings()).toEqual([]);
  });

  it('is judged once they are fetched: as a chain, and where that is not told one by one', async () => {
    for (const eventAuth of [undefined, refused]) {
      const room = await world.joinedRoom();
      const start = room.newest();
      const invited = room.member(HOST, lee, 'invite');
      const joined = room.member(lee, lee, 'join');
      const state = new Map([...start.state, [`m.room.member\0${lee}`, joined]]);
      const event = room.message(lee, 'let me tell you', { after: [{ ...start, state }], forced: true });
      const ears = world.earsFor(room, eventAuth === undefined ? {} : { eventAuth });
      // They were in the room on a branch that nobody here has seen.
      expect(await ears.hear(event)).toMatchObject({ is: 'rejected', rule: 'sender.not_joined' });
      expect(await world.evidenceOf(room, event)).toBeNull();
      expect(await world.evidenceOf(room, joined)).toBeNull();
      expect(await world.verdictsOf(room, invited)).toEqual([]);
    }
    expect(await world.findings()).toEqual([]);
  });

  it('is not judged while they cannot be had, and is when they can', async () => {
    const room = await world.joinedRoom();
    const start = room.newest();
    const invited = room.member(HOST, lee, 'invite');
    const joined = room.member(lee, lee, 'join');
    const event = room.message(lee, 'here I am');
    const deaf = world.earsFor(room, { event: refused, eventAuth: refused });
    expect(await deaf.hear(event)).toMatchObject({ is: 'failed', why: 'missing' });
    expect(await world.stored(room, event)).toBeNull();
    expect(await world.currentState(room)).toEqual(idsAfter(start));
    expect(await world.earsFor(room).hear(event)).toMatchObject({ is: 'accepted' });
    expect(await world.verdictsOf(room, invited)).toEqual(['accepted']);
    expect(await world.verdictsOf(room, joined)).toEqual(['accepted']);
    expect(await world.findings()).toEqual([]);
  });
});

describe('an event that follows what is not here', () => {
  it('47: is accepted with all in between, and nobody asks for the state', async () => {
    const room = await world.joinedRoom();
    const between = [room.message(kim, 'one'), room.member(HOST, lee, 'invite'), room.member(lee, lee, 'join')];
    for (let n = 0; n < 40; n += 1) between.push(room.message(lee, `message ${n}`));
    const event = room.message(lee, 'the last');
    const ears = world.earsFor(room);
    expect(await ears.hear(event)).toMatchObject({ is: 'accepted' });
    for (const each of between) expect(await world.verdictsOf(room, each)).toEqual(['accepted']);
    // What it rests on is asked for first; the rest comes as it happened.
    expect(new Set(ears.asked)).toEqual(new Set(['eventAuth', 'getMissingEvents']));
    expect(await world.currentState(room)).toEqual(idsAfter(event));
    expect(await world.extremities(room)).toEqual([event.eventId]);
    expect(await world.findings()).toEqual([]);
  });

  it('44: is not refused for ever: sent again once the gap is filled, it is accepted', async () => {
    const room = await world.joinedRoom();
    const missing = room.message(kim, 'lost on the way');
    const event = room.message(kim, 'and another');
    const deaf = world.earsFor(room, { event: refused, getMissingEvents: refused, stateIds: refused });
    expect(await deaf.hear(event)).toMatchObject({ is: 'failed', why: 'missing' });
    expect(await world.stored(room, event)).toBeNull();
    expect(await deaf.hear(missing)).toMatchObject({ is: 'accepted' });
    expect(await deaf.hear(event)).toMatchObject({ is: 'accepted' });
    expect(await world.extremities(room)).toEqual([event.eventId]);
    expect(await world.findings()).toEqual([]);
  });

  it('45: is not accepted where what lies between is no JSON that Matrix knows', async () => {
    const room = await world.joinedRoom();
    room.message(kim, 'two and a half');
    const child = room.message(kim, 'after it');
    const ears = world.earsFor(room, {
      getMissingEvents: () => Promise.resolve({ ok: true, value: [] }),
      event: () => Promise.resolve(malformed('There is no event.')),
    });
    expect(await ears.hear(child)).toMatchObject({ is: 'failed', why: 'missing' });
    expect(await world.stored(room, child)).toBeNull();
  });

  it('is judged on the state that is claimed to be after what cannot be had event by event, and on ours', async () => {
    const room = await world.joinedRoom();
    const start = room.newest();
    room.member(HOST, lee, 'invite');
    const joined = room.member(lee, lee, 'join');
    const hole = room.message(lee, 'nobody hands me out in a row');
    const event = room.message(lee, 'what I rest on is known');
    const ears = world.earsFor(room, { getMissingEvents: () => Promise.resolve({ ok: true, value: [] }) });
    expect(await ears.hear(event)).toMatchObject({ is: 'accepted' });
    expect(ears.asked).toContain('stateIds');
    expect(await world.verdictsOf(room, hole)).toEqual([]);
    const state = await world.currentState(room);
    expect(state.get(`m.room.member\0${lee}`)).toBe(joined.eventId);
    expect(state.get('m.room.join_rules\0')).toBe(start.state.get('m.room.join_rules\0')!.eventId);
    expect(await world.extremities(room)).toEqual([event.eventId, start.eventId].toSorted());
    expect(await world.findings()).toEqual([]);
  });

  it('44: is not refused for what a server claims of the state that it follows', async () => {
    const room = await world.joinedRoom();
    const start = room.newest();
    room.member(HOST, mo, 'invite');
    const joined = room.member(mo, mo, 'join');
    const hole = room.message(mo, 'I am in');
    const event = room.message(mo, 'I said that I am in');
    // The server lies about the state: they were never let in.
    const lies = [...start.state.values()].map(({ eventId }) => eventId);
    const ears = world.earsFor(room, {
      getMissingEvents: () => Promise.resolve({ ok: true, value: [] }),
      stateIds: () => Promise.resolve({ ok: true, value: { state: lies, authChain: [] } }),
    });
    expect(await ears.hear(event)).toMatchObject({ is: 'failed', why: 'missing' });
    expect(await world.verdictsOf(room, event)).toEqual([]);
    const honest = world.earsFor(room);
    expect(await honest.hear(hole)).toMatchObject({ is: 'accepted' });
    expect(await honest.hear(event)).toMatchObject({ is: 'accepted', isNew: true });
    expect(await world.verdictsOf(room, event)).toEqual(['accepted']);
    expect(await honest.hear(event)).toMatchObject({ is: 'accepted', isNew: false });
    expect((await world.currentState(room)).get(`m.room.member\0${mo}`)).toBe(joined.eventId);
    expect(await world.findings()).toEqual([]);
  });

  it('takes nothing that is sent along and leads nowhere', async () => {
    const room = await world.joinedRoom();
    const start = room.newest();
    const missing = room.message(kim, 'missing');
    const event = room.message(kim, 'after it');
    const aside = room.message(kim, 'not asked for', { after: [start] });
    const other = await world.joinedRoom();
    const ears = world.earsFor(room, {
      getMissingEvents: () =>
        Promise.resolve({ ok: true, value: [aside.pdu, other.newest().pdu, jsonObject({}), missing.pdu] }),
    });
    expect(await ears.hear(event)).toMatchObject({ is: 'accepted' });
    expect(await world.stored(room, aside)).toBeNull();
    expect(await world.currentState(room)).toEqual(idsAfter(event));
  });

  it('44: is judged anew once what was missing has come, and what follows it too: the newest verdict holds', async () => {
    const room = await world.joinedRoom();
    const start = room.newest();
    const invited = room.member(HOST, mo, 'invite');
    await world.earsFor(room).hear(invited);
    const joined = room.member(mo, mo, 'join');
    const kick = room.member(HOST, mo, 'leave', { after: [joined] });
    await world.earsFor(room).hear(joined);
    await world.earsFor(room).hear(kick);
    // On a branch from before the kick, of which only the state is told: soft-failed, and so is what follows.
    const hole = room.message(mo, 'from the branch', { after: [joined] });
    const [event, next] = [room.message(mo, 'goes on', { after: [hole] }), room.message(mo, 'and on')];
    const told = world.earsFor(room, { getMissingEvents: () => Promise.resolve({ ok: true, value: [] }) });
    expect(await told.hear(event)).toMatchObject({ is: 'soft_failed' });
    expect(await told.hear(next)).toMatchObject({ is: 'soft_failed' });
    expect(await told.hear(event)).toMatchObject({ is: 'soft_failed', isNew: false });
    const back = room.member(HOST, mo, 'invite', { after: [kick] });
    const rejoined = room.member(mo, mo, 'join', { after: [back] });
    for (const each of [back, rejoined, hole]) expect(await told.hear(each)).toMatchObject({ is: 'accepted' });
    expect(await told.hear(event)).toMatchObject({ is: 'accepted', isNew: true });
    expect(await told.hear(next)).toMatchObject({ is: 'accepted', isNew: true });
    expect(await world.verdictsOf(room, next)).toEqual(['soft_failed', 'accepted']);
    expect(await world.extremities(room)).toEqual([rejoined.eventId, next.eventId].toSorted());
    expect((await world.currentState(room)).get('m.room.create\0')).toBe(start.state.get('m.room.create\0')!.eventId);
    expect(await world.findings()).toEqual([]);
  });
});
