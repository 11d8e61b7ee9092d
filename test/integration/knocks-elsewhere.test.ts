/** Users of this server knock on rooms that live on another one, take it back, and are let in, over the wire. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UserId } from '../../src/matrix/identifiers.ts';
import type { Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { keepDoor, memberAt, membershipAt, refusing, templateFor } from '../support/room-door.ts';
import { inviteTo, roomElsewhere, sendInvite, synced, type RoomElsewhere } from '../support/room-elsewhere.ts';
import { ALL_VERSIONS } from '../support/rooms.ts';
import { callsOf } from '../support/served-room.ts';
import { episodesOf, expectRefusal, kindsOf } from '../support/story.ts';
import { verifiedClean } from '../support/verified.ts';

let story: FederatedStory;
let other: OtherServer;
let ada: Client;
let bea: Client;

beforeAll(async () => {
  story = await openFederatedStory();
  other = await story.otherServer();
  [ada, bea] = await story.people('ada', 'bea');
});

afterAll(() => story.close());

const knock = (who: Client, room: RoomElsewhere, reason = 'I mend books.', via: string = room.at.name) =>
  who.call('POST', `/knock/${room.roomId}?via=${via}`, { reason });

describe.each(ALL_VERSIONS)('a knock on a room of version %s elsewhere', (version) => {
  it('8: is stored when it is answered: the sync that follows shows it, with the state that came back', async () => {
    const room = roomElsewhere(other, version);
    keepDoor(room);
    await ada.ok('PUT', `/profile/${ada.userId}/displayname`, { displayname: 'Ada' });
    const before = await synced(ada);
    expect(await knock(ada, room)).toMatchObject({ status: 200, body: { room_id: room.roomId } });
    const sent = memberAt(room, ada.userId).pdu;
    expect(sent.content).toEqual({ membership: 'knock', displayname: 'Ada', reason: 'I mend books.' });
    for (const { rooms } of [await synced(ada, before.next_batch), await synced(ada)]) {
      const { events } = rooms.knock[room.roomId].knock_state;
      expect(events.map(({ type }: { type: string }) => type)).toEqual([
        ...['m.room.create', 'm.room.join_rules', 'm.room.name', 'm.room.member'],
      ]);
      expect(events.at(-1)).toEqual({
        ...{ type: 'm.room.member', sender: ada.userId, state_key: ada.userId, content: sent.content },
      });
      expect(rooms.invite).toEqual({});
    }
    expect(await kindsOf(story, room.roomId, ada.userId)).toEqual(['KNOCK_REQUESTED']);
    await verifiedClean(story);
  });
});

describe('a knock elsewhere', () => {
  it('3: is renewed by another handshake, and one episode stays open with the latest reason', async () => {
    const room = roomElsewhere(other);
    keepDoor(room);
    await knock(ada, room, 'first');
    await knock(ada, room, 'first');
    await knock(ada, room, 'second');
    expect(callsOf(other).filter((call) => call === 'send_knock').length).toBeGreaterThanOrEqual(3);
    const rows = await story.rows(
      'select status, reason, in_room, via from knocks where room_id = $1 and user_id = $2',
      [room.roomId, ada.userId],
    );
    expect(rows).toEqual([{ status: 'PENDING', reason: 'second', in_room: false, via: other.name }]);
  });

  it('11: is no end of a graph and gives no state: nothing of the room can be read or sent', async () => {
    const room = roomElsewhere(other);
    keepDoor(room);
    await knock(ada, room);
    for (const table of ['extremities', 'room_state', 'state_changes'])
      expect(await story.rows(`select from ${table} where room_id = $1`, [room.roomId]), table).toEqual([]);
    expectRefusal(await ada.call('GET', `/rooms/${room.roomId}/state`), 403, 'M_FORBIDDEN');
    expectRefusal(
      await ada.call('PUT', `/rooms/${room.roomId}/send/m.room.message/1`, { body: 'hello' }),
      403,
      'M_FORBIDDEN',
    );
    const ours = memberAt(room, ada.userId).eventId;
    expect((await other.ask('GET', `/v1/event/${encodeURIComponent(ours)}`)).status).toBe(404);
  });

  it('16: is accepted by an invite of anybody, and sync shows the invite alone', async () => {
    const third = await story.otherServer();
    const room = roomElsewhere(other, '11', 'knock', [third]);
    keepDoor(room);
    const kim = `@kim:${third.name}` as UserId;
    room.member(room.host, kim, 'invite');
    room.member(kim, kim, 'join');
    const users = { [room.host]: 100, [kim]: 50 };
    room.send({
      ...{ type: 'm.room.power_levels', sender: room.host, stateKey: '' },
      content: { users, invite: 50 },
    });
    const { next_batch } = await synced(ada);
    await knock(ada, room);
    expect(await sendInvite(room, inviteTo(room, ada.userId, kim), {}, third)).toMatchObject({ status: 200 });
    const { rooms } = await synced(ada, next_batch);
    expect(rooms.invite[room.roomId]).toBeDefined();
    expect(rooms.knock).toEqual({});
    expect(await kindsOf(story, room.roomId, ada.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_ACCEPTED']);
    expect(await episodesOf(story, room.roomId, ada.userId)).toEqual(['ACCEPTED']);
    await verifiedClean(story);
  });

  it('14: is not signed for a template of something else, and the next server is asked', async () => {
    const room = roomElsewhere(other);
    const second = await story.otherServer();
    keepDoor(room, second);
    const altered = [
      { room_id: roomElsewhere(other).roomId },
      { sender: bea.userId },
      { state_key: bea.userId },
      { type: 'm.room.message' },
      { content: { membership: 'join' } },
    ];
    const sent = (): number => callsOf(other).filter((call) => call === 'send_knock').length;
    const before = sent();
    for (const fields of altered) {
      other.on('/_matrix/federation/v1/make_knock/', () => {
        const made = templateFor(room, ada.userId, 'knock') as { event: object };
        return { ...made, event: { ...made.event, ...fields } };
      });
      const answer = await ada.call('POST', `/knock/${room.roomId}?via=${other.name}&via=${second.name}`, {});
      expect(answer, JSON.stringify(fields)).toMatchObject({ status: 200 });
    }
    expect(sent()).toBe(before);
    expect(callsOf(second).filter((call) => call === 'send_knock')).toHaveLength(altered.length);
  });
});

describe('a refused knock', () => {
  it('is refused as the room refuses it, with 404 where nobody can be asked, 502 where nobody answers', async () => {
    const room = roomElsewhere(other);
    const before = await story.counts();
    other.on('/_matrix/federation/v1/make_knock/', refusing(403, 'M_FORBIDDEN', 'You are banned from this room'));
    const banned = await knock(ada, room);
    expectRefusal(banned, 403, 'M_FORBIDDEN');
    expect(banned.body.error).toBe('You are banned from this room');
    other.on('/_matrix/federation/v1/make_knock/', refusing(404, 'M_NOT_FOUND'));
    expectRefusal(await knock(ada, room), 502, 'M_UNKNOWN');
    expectRefusal(await knock(ada, room, 'x', 'localhost:1'), 502, 'M_UNKNOWN');
    expectRefusal(await ada.call('POST', `/knock/${room.roomId}`, {}), 404, 'M_NOT_FOUND');
    expect(await story.counts()).toEqual({ ...before, actions: before.actions + 4 });
    expect(membershipAt(room, ada.userId)).toBeUndefined();
  });

  it('9: leaves nothing here or there when the answer to it makes no sense', async () => {
    const room = roomElsewhere(other);
    keepDoor(room);
    const take = (answer: object) => {
      keepDoor(room);
      other.on('/_matrix/federation/v1/send_knock/', (asked) => {
        room.take(JSON.parse(asked.body) as never);
        return answer;
      });
    };
    for (const answer of [{}, { knock_room_state: null }, { knock_state_events: [] }, { knock_room_state: {} }]) {
      take(answer);
      expectRefusal(await knock(ada, room), 502, 'M_UNKNOWN', JSON.stringify(answer));
      expect(membershipAt(room, ada.userId), JSON.stringify(answer)).toBe('leave');
    }
    expect((await synced(ada)).rooms.knock[room.roomId]).toBeUndefined();
    expect(await kindsOf(story, room.roomId, ada.userId)).toEqual([]);
    expect(await story.rows('select from handshakes')).toEqual([]);
  });
});

describe('taking a knock back', () => {
  it('17: reaches the room, ends in leave, and is told without the room when all its servers are down', async () => {
    const [room, dead] = [roomElsewhere(other), roomElsewhere(await story.otherServer())];
    for (const each of [room, dead]) {
      keepDoor(each);
      await knock(ada, each);
    }
    await dead.at.close();
    const { next_batch } = await synced(ada);
    for (const each of [room, dead]) {
      expect(await ada.call('POST', `/rooms/${each.roomId}/leave`, { reason: 'never mind' })).toMatchObject({
        status: 200,
        body: {},
      });
    }
    expect(membershipAt(room, ada.userId)).toBe('leave');
    expect(membershipAt(dead, ada.userId)).toBe('knock');
    const { rooms } = await synced(ada, next_batch);
    for (const each of [room, dead]) {
      const { timeline, state } = rooms.leave[each.roomId];
      expect(timeline.events).toMatchObject([
        {
          state_key: ada.userId,
          content: { membership: 'leave' },
          unsigned: {
            membership: 'leave',
            replaces_state: expect.any(String),
            prev_content: { membership: 'knock' },
          },
        },
      ]);
      expect(state.events).toEqual([]);
      expect(await kindsOf(story, each.roomId, ada.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_RETRACTED']);
      expect(await episodesOf(story, each.roomId, ada.userId)).toEqual(['RETRACTED']);
      expect(await ada.call('POST', `/rooms/${each.roomId}/leave`, {})).toMatchObject({ status: 200 });
    }
    expect(await story.rows('select room_id, undelivered from out_of_band where membership = $1', ['leave'])).toEqual(
      expect.arrayContaining([
        { room_id: room.roomId, undelivered: false },
        { room_id: dead.roomId, undelivered: true },
      ]),
    );
    await verifiedClean(story);
  });

  it('5: does not keep anybody from knocking again, which is a new episode; nor does a rejection nobody told of', async () => {
    const room = roomElsewhere(other);
    keepDoor(room);
    await knock(bea, room);
    room.member(room.host, bea.userId as UserId, 'leave');
    await knock(bea, room, 'again');
    // For this server it is the same knock, renewed: it never heard of the rejection.
    expect(await episodesOf(story, room.roomId, bea.userId)).toEqual(['PENDING']);
    await bea.ok('POST', `/rooms/${room.roomId}/leave`, {});
    await knock(bea, room, 'once more');
    expect(await episodesOf(story, room.roomId, bea.userId)).toEqual(['RETRACTED', 'PENDING']);
    await verifiedClean(story);
  });
});
