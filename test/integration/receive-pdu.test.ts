/** What becomes of an event that another server sends: every result that the protocol has for it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decideOutside } from '../../src/commands/elsewhere/out-of-band.ts';
import { sendMessage } from '../../src/commands/send-message.ts';
import { eventById } from '../../src/log/read.ts';
import { jsonObject, type JsonValue } from '../../src/matrix/json.ts';
import { foreignRoom, HOST, type SentEvent } from '../support/foreign-room.ts';
import { actor, userId } from '../support/history.ts';
import { idsAfter, kim, openWorld, THERE, type World } from '../support/receiving.ts';
import { server, user } from '../support/rooms.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world.close());

describe('an event from elsewhere', () => {
  it('is accepted, and told once', async () => {
    const room = await world.joinedRoom();
    const ears = world.earsFor(room);
    const event = room.message(kim, 'hello');
    expect(await ears.hear(event)).toMatchObject({ is: 'accepted', isNew: true, eventId: event.eventId });
    expect(await ears.hear(event)).toMatchObject({ is: 'accepted', isNew: false });
    expect(await world.verdictsOf(room, event)).toEqual(['accepted']);
    const name = room.send({ type: 'm.room.name', sender: HOST, stateKey: '', content: { name: 'A name' } });
    expect(await ears.hear(name)).toMatchObject({ is: 'accepted' });
    expect(await world.currentState(room)).toEqual(idsAfter(name));
    expect(ears.asked).toEqual([]);
    expect(await world.findings()).toEqual([]);
  });

  it('is no concern of a server that nobody of is in the room', async () => {
    const room = foreignRoom('12');
    expect(await world.earsFor(room).hear(room.newest())).toMatchObject({ is: 'failed', why: 'unknown_room' });
  });

  it('48: is kept in redacted form where its content does not match its hash, and dropped with a bad signature', async () => {
    const room = await world.joinedRoom();
    const ears = world.earsFor(room);
    const event = room.message(kim, 'as it was signed');
    const altered = jsonObject({ ...event.pdu, content: jsonObject({ msgtype: 'm.text', body: 'altered' }) });
    expect(await ears.hear(altered)).toMatchObject({ is: 'accepted', eventId: event.eventId });
    expect((await world.stored(room, event))?.content).toEqual({});
    const other = room.message(kim, 'forged');
    const forged = jsonObject({ ...other.pdu, depth: other.pdu.depth + 1 });
    expect(await ears.hear(forged)).toMatchObject({ is: 'dropped' });
    expect(await world.findings()).toEqual([]);
  });

  it('50: is refused from a server that the room does not let in, until it does', async () => {
    const room = await world.joinedRoom();
    const ears = world.earsFor(room);
    const acl = (content: Record<string, JsonValue>): SentEvent =>
      room.send({ type: 'm.room.server_acl', sender: HOST, stateKey: '', content });
    expect(await ears.hear(acl({ allow: ['*'], deny: ['ELSE*'] }))).toMatchObject({ is: 'accepted' });
    const event = room.message(kim, 'told by another server');
    expect(await ears.hear(event, 'elsewhere')).toMatchObject({ is: 'failed', why: 'forbidden' });
    expect(await world.stored(room, event)).toBeNull();
    expect(await ears.hear(event, 'there')).toMatchObject({ is: 'accepted' });
    expect(await ears.hear(acl({ allow: ['*'] }))).toMatchObject({ is: 'accepted' });
    expect(await ears.hear(room.message(kim, 'again'), 'elsewhere')).toMatchObject({ is: 'accepted' });
  });

  it('is dropped when it is no event of the room version', async () => {
    const room = await world.joinedRoom();
    const ears = world.earsFor(room);
    const good = room.message(kim, 'well formed').pdu;
    const many = Array.from({ length: 21 }, (_, n) => `$${n}`);
    const bad: readonly { readonly [key: string]: JsonValue }[] = [
      { type: 7 },
      { type: 'a\0b' },
      { type: 'x'.repeat(256) },
      { sender: 'kim' },
      { state_key: 'é'.repeat(256) },
      { depth: -1 },
      { origin_server_ts: 0.5 },
      { prev_events: many },
      { auth_events: many.slice(0, 11) },
      { auth_events: [`$${room.roomId.slice(1)}`] },
      { content: { big: 'x'.repeat(70_000) } },
      { hashes: {} },
      { signatures: {} },
    ];
    for (const fields of bad) {
      expect([fields, await ears.hear(jsonObject({ ...good, ...fields }))]).toMatchObject([fields, { is: 'dropped' }]);
    }
    expect(await ears.hear(null)).toMatchObject({ is: 'dropped' });
    expect(await ears.hear(jsonObject({}))).toMatchObject({ is: 'dropped' });
    expect(ears.asked).toEqual([]);
  });

  it('is kept, rejected, with a name of too many bytes, but not with one of too many characters', async () => {
    const room = await world.joinedRoom();
    const ears = world.earsFor(room);
    const long = room.send({ type: 'é'.repeat(200), sender: kim, content: {} });
    expect(await ears.hear(long)).toMatchObject({ is: 'rejected', rule: 'format.size' });
    expect(await ears.hear(room.message(kim, 'after it'))).toMatchObject({ is: 'accepted' });
    expect(await world.findings()).toEqual([]);
  });

  it('may have been sent in any year, from any depth', async () => {
    const room = await world.joinedRoom();
    const ears = world.earsFor(room);
    for (const fields of [
      { depth: Number.MAX_SAFE_INTEGER },
      { depth: 0 },
      { origin_server_ts: 253_402_300_799_999 },
      { origin_server_ts: -1 },
    ]) {
      const event = room.message(kim, 'when and where', { fields });
      expect([fields, await ears.hear(event)]).toMatchObject([fields, { is: 'accepted' }]);
    }
    expect(await world.findings()).toEqual([]);
  });

  it('is rejected where its own auth events refuse it, and where the state before it does', async () => {
    const room = await world.joinedRoom();
    const ears = world.earsFor(room);
    const stranger = user('stranger', 'there');
    const uncited = room.message(stranger, 'I am not here', { forced: true });
    expect(await ears.hear(uncited)).toMatchObject({ is: 'rejected', rule: 'sender.not_joined' });
    expect(await world.evidenceOf(room, uncited)).toBe('sender.not_joined');
    const left = room.member(kim, kim, 'leave');
    const before = [...left.before.values()].filter(({ pdu }) => pdu.type !== 'm.room.create');
    const cites = before.filter(({ pdu }) => pdu.type === 'm.room.power_levels' || pdu.state_key === kim);
    const late = room.message(kim, 'by what I was', {
      forced: true,
      fields: { auth_events: cites.map(({ eventId }) => eventId) },
    });
    expect(await ears.hear(left)).toMatchObject({ is: 'accepted' });
    expect(await ears.hear(late)).toMatchObject({ is: 'rejected', rule: 'sender.not_joined' });
    expect(await world.evidenceOf(room, late)).toBeNull();
    const next = room.message(HOST, 'the room goes on behind it');
    expect(await ears.hear(next)).toMatchObject({ is: 'accepted' });
    expect(await ears.hear(late)).toMatchObject({ is: 'rejected', isNew: false });
    expect(await world.findings()).toEqual([]);
  });

  it('53: is soft-failed when it cites a past in which its sender was not yet banned, and is handled when others cite it', async () => {
    const room = await world.joinedRoom();
    const ears = world.earsFor(room);
    const past = room.message(kim, 'while I was here');
    const ban = room.member(HOST, kim, 'ban');
    await ears.hear(past);
    await ears.hear(ban);
    const evasion = room.message(kim, 'I was never banned', { after: [past] });
    expect(await ears.hear(evasion)).toMatchObject({ is: 'soft_failed', rule: 'sender.not_joined' });
    const rename = room.member(kim, kim, 'join', { after: [past], content: { displayname: 'not banned' } });
    expect(await ears.hear(rename)).toMatchObject({ is: 'soft_failed' });
    expect(await world.currentState(room)).toEqual(idsAfter(ban));
    expect(await world.extremities(room)).toEqual([ban.eventId]);
    const { db } = world.test.database;
    const ours = await sendMessage(world.log.deps, actor('ada'), {
      roomId: room.roomId,
      type: 'm.room.message',
      content: jsonObject({ body: 'what do we cite?' }),
      request: { deviceId: 'DEVICE', transactionId: room.roomId },
    });
    const own = await eventById(db, ours.eventId, room.roomId);
    expect(own?.pdu.prev_events).toEqual([ban.eventId]);
    const merge = room.message(HOST, 'I have seen both', { after: [evasion, ban] });
    expect(await ears.hear(merge)).toMatchObject({ is: 'accepted' });
    expect((await world.currentState(room)).get(`m.room.member\0${kim}`)).toBe(ban.eventId);
    expect(await world.verdictsOf(room, evasion)).toEqual(['soft_failed']);
    expect(await world.findings()).toEqual([]);
  });

  it('gets a second verdict, on evidence of its own, when it was known outside of the room before', async () => {
    const room = await world.joinedRoom();
    const bea = userId('bea');
    const event = room.member(HOST, bea, 'invite');
    const { deps, writer } = world.log;
    await writer.lanes.run(room.roomId, async (lane) => {
      await lane!.countServers();
      // A server that nobody of is in the room.
      const outside = { db: deps.db, serverName: server('nowhere'), now: Date.now };
      const { roomId, version } = room;
      const { eventId, pdu } = event;
      const told = { through: THERE, cause: 'federation', onBehalfOf: null, stripped: [] } as const;
      const invite = { roomId, version, userId: bea, eventId, pdu, ...told };
      return decideOutside(outside, lane, invite, () => ({ actions: [] }));
    });
    expect(await world.verdictsOf(room, event)).toEqual(['out_of_band']);
    expect(await world.earsFor(room).hear(event)).toMatchObject({ is: 'accepted', isNew: true });
    expect(await world.verdictsOf(room, event)).toEqual(['out_of_band', 'accepted']);
    expect(await world.extremities(room)).toEqual([event.eventId]);
    // Whoever comes into the room takes it over, and such rows go with that.
    await world.test.owner.pool.query('delete from out_of_band where room_id = $1', [room.roomId]);
    expect(await world.findings()).toEqual([]);
  });
});
