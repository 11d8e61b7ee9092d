/** What becomes of invites to rooms elsewhere: accepted, declined, revoked, and taken over by the room itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventId, UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject, parseJsonObject, type JsonObject } from '../../src/matrix/json.ts';
import type { SignedPdu } from '../../src/matrix/pdu.ts';
import { countersignEvent } from '../../src/matrix/signatures.ts';
import type { Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import type { SentEvent } from '../support/foreign-room.ts';
import { remoteMember } from '../support/remote-member.ts';
import { keepDoor, membershipAt, refusing, templateFor } from '../support/room-door.ts';
import { inviteTo, roomElsewhere, sendInvite, synced, type RoomElsewhere } from '../support/room-elsewhere.ts';
import { ALL_VERSIONS } from '../support/rooms.ts';
import { callsOf, letJoin, serveRoom } from '../support/served-room.ts';
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

const open = (room: RoomElsewhere): void => {
  serveRoom(room.at, room);
  letJoin(room.at, room);
  keepDoor(room);
};

const leave = (who: Client, room: RoomElsewhere) => who.call('POST', `/rooms/${room.roomId}/leave`, {});

const until = async (what: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come to that');
};

let transactions = 0;

/** Sends an event of the room as its server does. */
const push = async (room: RoomElsewhere, event: Pick<SentEvent, 'pdu'>, by: OtherServer = room.at): Promise<void> => {
  const content = { origin: by.name, origin_server_ts: Date.now(), pdus: [event.pdu] };
  expect(await by.ask('PUT', `/v1/send/${(transactions += 1)}`, content)).toMatchObject({ status: 200 });
};

describe.each(ALL_VERSIONS)('whoever is let into a room of version %s elsewhere', (version) => {
  it('knocks, is invited and joins; the room takes over, and all is one history', async () => {
    const room = roomElsewhere(other, version);
    open(room);
    await ada.ok('POST', `/knock/${room.roomId}?via=${other.name}`, { reason: 'please' });
    await sendInvite(room, inviteTo(room, ada.userId));
    const { next_batch } = await synced(ada);
    expect(await ada.ok('POST', `/join/${room.roomId}`, {})).toEqual({ room_id: room.roomId });
    const { rooms } = await synced(ada, next_batch);
    expect(rooms.join[room.roomId].state.events.length).toBeGreaterThan(3);
    expect(rooms.invite[room.roomId]).toBeUndefined();
    expect(await kindsOf(story, room.roomId, ada.userId)).toEqual([
      ...['KNOCK_REQUESTED', 'KNOCK_ACCEPTED', 'INVITE_ACCEPTED'],
    ]);
    expect(await episodesOf(story, room.roomId, ada.userId)).toEqual(['ACCEPTED']);
    expect(await story.rows('select from out_of_band where room_id = $1', [room.roomId])).toEqual([]);
    expect(await ada.ok('GET', '/joined_rooms')).toMatchObject({ joined_rooms: expect.arrayContaining([room.roomId]) });
    await verifiedClean(story);
  });
});

describe('an invite that is accepted', () => {
  it('is an event of the room like all others, for other servers that ask about it', async () => {
    const room = roomElsewhere(other, '12', 'invite');
    open(room);
    const invite = inviteTo(room, ada.userId);
    await sendInvite(room, invite);
    await ada.ok('POST', `/join/${room.roomId}`, {});
    const id = encodeURIComponent(invite.eventId);
    const { signatures: _signatures, ...event } = invite.pdu;
    expect(await other.ask('GET', `/v1/event/${id}`)).toMatchObject({ status: 200, json: { pdus: [event] } });
    const chain = await other.ask('GET', `/v1/event_auth/${encodeURIComponent(room.roomId)}/${id}`);
    expect(chain).toMatchObject({ status: 200 });
    expect(chain.json.auth_chain.length).toBeGreaterThan(2);
  });

  it('is taken to the server that made it first: others in the room may not have heard of it yet', async () => {
    const [room, late] = [roomElsewhere(other, '11', 'invite'), await story.otherServer()];
    open(room);
    late.on('/_matrix/federation/v1/make_join/', refusing(403, 'M_FORBIDDEN', 'You are not invited.'));
    await sendInvite(room, inviteTo(room, ada.userId));
    await ada.ok('POST', `/join/${room.roomId}?via=${late.name}`, {});
    expect(late.asked.filter(({ target }) => target.includes('/make_join/'))).toEqual([]);
  });

  it('is one of the version that the room is of, whatever was said of it before', async () => {
    const [room, liar] = [roomElsewhere(other, '11', 'invite'), await story.otherServer()];
    open(room);
    const lie = roomElsewhere(liar, '7', 'invite', []);
    const host = remoteMember(liar, 'host');
    const template = {
      ...inviteTo(lie, ada.userId).pdu,
      room_id: room.roomId,
      sender: host.userId,
      state_key: ada.userId,
    };
    const said = host.sign({ version: '7', event: template });
    const path = `/v2/invite/${encodeURIComponent(room.roomId)}/${encodeURIComponent(said.eventId)}`;
    const body = jsonObject({ room_version: '7', event: said.pdu, invite_room_state: [] });
    expect(await liar.ask('PUT', path, body)).toMatchObject({ status: 200 });
    await leave(ada, room);
    await sendInvite(room, inviteTo(room, ada.userId));
    await ada.ok('POST', `/join/${room.roomId}`, {});
    await ada.ok('PUT', `/rooms/${room.roomId}/state/m.room.member/${ada.userId}`, {
      ...{ membership: 'join', displayname: 'Ada' },
    });
    expect(await story.rows('select version from rooms where room_id = $1', [room.roomId])).toEqual([
      { version: '11' },
    ]);
    await verifiedClean(story);
  });

  it('24: at once, in a room that somebody here is in already, does not stand before the room', async () => {
    const room = roomElsewhere(other, '12', 'invite');
    open(room);
    await sendInvite(room, inviteTo(room, ada.userId));
    // Known from outside, and then the room comes.
    const early = inviteTo(room, bea.userId);
    await sendInvite(room, early);
    await ada.ok('POST', `/join/${room.roomId}`, {});
    expect((await synced(bea)).rooms.invite[room.roomId]).toBeDefined();
    expect(await kindsOf(story, room.roomId, bea.userId)).toEqual(['INVITE_SENT']);
    await bea.ok('POST', `/join/${room.roomId}`, {});
    expect(await kindsOf(story, room.roomId, bea.userId)).toEqual(['INVITE_SENT', 'INVITE_ACCEPTED']);
    // And the other way round: the room is here, and the invite comes.
    const [cleo] = await story.people('cleo');
    await sendInvite(room, inviteTo(room, cleo.userId));
    expect(await story.rows('select from out_of_band where room_id = $1', [room.roomId])).toEqual([]);
    await cleo.ok('POST', `/rooms/${room.roomId}/join`, {});
    expect(await ada.ok('GET', `/rooms/${room.roomId}/joined_members`)).toMatchObject({
      joined: { [ada.userId]: {}, [bea.userId]: {}, [cleo.userId]: {} },
    });
    await verifiedClean(story);
  });

  it('is corrected for those who were known from outside as something else than the room has them', async () => {
    const room = roomElsewhere(other);
    open(room);
    const [dan, eve, fay] = await story.people('dan', 'eve', 'fay');
    for (const who of [dan, eve, fay]) await who.ok('POST', `/knock/${room.roomId}?via=${other.name}`, {});
    room.member(room.host, dan.userId as UserId, 'leave');
    room.member(room.host, eve.userId as UserId, 'invite');
    await sendInvite(room, inviteTo(room, ada.userId));
    await ada.ok('POST', `/join/${room.roomId}`, {});
    expect(await kindsOf(story, room.roomId, dan.userId)).toEqual(['KNOCK_REQUESTED', 'MEMBERSHIP_RECONCILED']);
    expect(await episodesOf(story, room.roomId, dan.userId)).toEqual(['REJECTED']);
    expect(await episodesOf(story, room.roomId, eve.userId)).toEqual(['ACCEPTED']);
    expect(await kindsOf(story, room.roomId, fay.userId)).toEqual(['KNOCK_REQUESTED']);
    expect(await episodesOf(story, room.roomId, fay.userId)).toEqual(['PENDING']);
    expect((await synced(fay)).rooms.knock[room.roomId]).toBeDefined();
    expect((await synced(eve)).rooms.invite[room.roomId]).toBeDefined();
    // From now on an act of theirs is one in the room.
    await fay.ok('POST', `/rooms/${room.roomId}/leave`, {});
    expect(await episodesOf(story, room.roomId, fay.userId)).toEqual(['RETRACTED']);
    await verifiedClean(story);
  });

  it('ends when the room knows nothing of it any more, and stands when the room cannot be asked', async () => {
    const room = roomElsewhere(other);
    open(room);
    await sendInvite(room, inviteTo(room, ada.userId));
    other.on('/_matrix/federation/v1/make_join/', refusing(403, 'M_FORBIDDEN', 'You are not invited.'));
    // Refused for another reason: by the room's server the invite stands.
    expectRefusal(await ada.call('POST', `/join/${room.roomId}`, {}), 403, 'M_FORBIDDEN');
    expect((await synced(ada)).rooms.invite[room.roomId]).toBeDefined();
    await story.rows('update out_of_band set probed_at = null where room_id = $1', [room.roomId]);
    room.member(room.host, ada.userId as UserId, 'leave');
    const { next_batch } = await synced(ada);
    expectRefusal(await ada.call('POST', `/join/${room.roomId}`, {}), 403, 'M_FORBIDDEN');
    expect((await synced(ada, next_batch)).rooms.leave[room.roomId]).toBeDefined();
    expect(await kindsOf(story, room.roomId, ada.userId)).toEqual(['INVITE_SENT', 'INVITE_REVOKED']);
    await verifiedClean(story);
  });
});

describe('a room elsewhere that everybody here has left', () => {
  it('is knocked on, invited to and joined again from outside, and one history tells of it', async () => {
    // One that has taken whatever was sent to it: to others that failed nothing is sent for a while.
    const there = await story.otherServer();
    const room = roomElsewhere(there);
    open(room);
    const [gil] = await story.people('gil');
    await sendInvite(room, inviteTo(room, gil.userId));
    await gil.ok('POST', `/join/${room.roomId}`, {});
    there.on('/_matrix/federation/v1/send/', ({ body }) => {
      const pdus = parseJsonObject(body)['pdus'] as unknown as readonly SignedPdu[];
      for (const pdu of pdus) if (pdu.room_id === room.roomId) room.take(pdu);
      return { pdus: {} };
    });
    await gil.ok('POST', `/rooms/${room.roomId}/leave`, {});
    await until(async () => membershipAt(room, gil.userId) === 'leave');
    const { next_batch } = await synced(gil);
    // What is known of the room is not unlearnt for a template that says otherwise.
    const otherwise = { ...templateFor(room, gil.userId, 'knock'), room_version: '11' };
    there.on('/_matrix/federation/v1/make_knock/', () => otherwise);
    expectRefusal(await gil.call('POST', `/knock/${room.roomId}?via=${there.name}`, {}), 502, 'M_UNKNOWN');
    keepDoor(room);
    await gil.ok('POST', `/knock/${room.roomId}?via=${there.name}`, { reason: 'again' });
    expect((await synced(gil, next_batch)).rooms.knock[room.roomId]).toBeDefined();
    // Of the time inside they still read what they could.
    expect(await gil.call('GET', `/rooms/${room.roomId}/messages?dir=b`)).toMatchObject({ status: 200 });
    await sendInvite(room, inviteTo(room, gil.userId));
    await leave(gil, room);
    const { rooms } = await synced(gil, next_batch);
    expect(rooms.leave[room.roomId].timeline.events.at(-1)).toMatchObject({ content: { membership: 'leave' } });
    await sendInvite(room, inviteTo(room, gil.userId));
    await verifiedClean(story);
    await gil.ok('POST', `/rooms/${room.roomId}/join`, {});
    expect(await kindsOf(story, room.roomId, gil.userId)).toEqual([
      ...['INVITE_SENT', 'INVITE_ACCEPTED', 'LEFT'],
      ...['KNOCK_REQUESTED', 'KNOCK_ACCEPTED', 'INVITE_DECLINED', 'INVITE_SENT', 'INVITE_ACCEPTED'],
    ]);
    expect((await synced(gil)).rooms.join[room.roomId]).toBeDefined();
    await verifiedClean(story);
  });
});

describe('a join elsewhere', () => {
  it('32: goes on from a server that can let nobody in to the next one, as an alias names them', async () => {
    const room = roomElsewhere(other, '12', 'public');
    const unable = await story.otherServer();
    open(room);
    other.on('/_matrix/federation/v1/query/directory', () => ({
      ...{ room_id: room.roomId, servers: [unable.name, other.name] },
    }));
    unable.on('/_matrix/federation/v1/make_join/', refusing(400, 'M_UNABLE_TO_GRANT_JOIN'));
    const [hal] = await story.people('hal');
    const alias = encodeURIComponent(`#door:${other.name}`);
    expect(await hal.ok('POST', `/join/${alias}`, {})).toEqual({ room_id: room.roomId });
    expect(await kindsOf(story, room.roomId, hal.userId)).toEqual(['JOINED']);
    expect(callsOf(unable)).toContain('make_join');
    const closed = roomElsewhere(other);
    open(closed);
    const withAlias = { room_id: closed.roomId, servers: [other.name] };
    other.on('/_matrix/federation/v1/query/directory', () => withAlias);
    expect(await hal.ok('POST', `/knock/${alias}`, {})).toEqual({ room_id: closed.roomId });
  });

  it('is signed by who vouches for it, and sent to their server alone', async () => {
    const third = await story.otherServer();
    const room = roomElsewhere(other, '12', 'public', [third]);
    open(room);
    const kim = `@kim:${third.name}` as UserId;
    room.member(kim, kim, 'join');
    const rule = { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: '!a:b' }] };
    room.send({ type: 'm.room.join_rules', sender: room.host, stateKey: '', content: rule });
    room.send({
      ...{ type: 'm.room.power_levels', sender: room.host, stateKey: '' },
      content: { users: { [kim]: 50 }, invite: 50 },
    });
    const [ida] = await story.people('ida');
    other.on('/_matrix/federation/v1/make_join/', () => {
      const made = templateFor(room, ida.userId, 'join') as { event: { auth_events: string[] } };
      const vouching = room.newest().state.get(`m.room.member\0${kim}`)!.eventId;
      const content = { membership: 'join', join_authorised_via_users_server: kim };
      return { ...made, event: { ...made.event, content, auth_events: [...made.event.auth_events, vouching] } };
    });
    third.on('/_matrix/federation/v2/send_join/', ({ body }) => {
      const event = parseJsonObject(body) as unknown as SignedPdu;
      const signed = countersignEvent(event, room.version, third.identity);
      const state = [...room.newest().state.values()];
      const join = room.take(signed);
      return {
        state: state.map(({ pdu }) => pdu),
        auth_chain: room.authChain([...state, join]).map(({ pdu }) => pdu),
        ...{ event: signed, members_omitted: false },
      };
    });
    const before = callsOf(other).filter((call) => call === 'send_join').length;
    await ida.ok('POST', `/join/${room.roomId}?via=${other.name}`, {});
    expect(callsOf(other).filter((call) => call === 'send_join')).toHaveLength(before);
    const member = await ida.ok('GET', `/rooms/${room.roomId}/state/m.room.member/${ida.userId}`);
    expect(member).toMatchObject({ membership: 'join', join_authorised_via_users_server: kim });
    await verifiedClean(story);
  });
});

describe('an invite that is declined', () => {
  it('22: several times, also when the room is empty by then, and the others see it', async () => {
    const room = roomElsewhere(other);
    open(room);
    for (let times = 0; times < 3; times += 1) {
      await sendInvite(room, inviteTo(room, bea.userId));
      expect(await leave(bea, room)).toMatchObject({ status: 200 });
      expect(membershipAt(room, bea.userId)).toBe('leave');
    }
    await sendInvite(room, inviteTo(room, bea.userId));
    room.member(room.host, room.host, 'leave');
    other.on('/_matrix/federation/v1/make_leave/', refusing(404, 'M_NOT_FOUND'));
    expect(await leave(bea, room)).toMatchObject({ status: 200 });
    const kinds = await kindsOf(story, room.roomId, bea.userId);
    expect(kinds).toEqual(Array.from({ length: 4 }, () => ['INVITE_SENT', 'INVITE_DECLINED']).flat());
    await verifiedClean(story);
  });

  it('30, 31: shows the leave, once more to whoever forgot the room, and comes back with the next invite', async () => {
    const room = roomElsewhere(other);
    open(room);
    await sendInvite(room, inviteTo(room, bea.userId));
    const { next_batch } = await synced(bea);
    expectRefusal(await bea.call('POST', `/rooms/${room.roomId}/forget`, {}), 400, 'M_UNKNOWN');
    await leave(bea, room);
    const left = (await synced(bea, next_batch)).rooms.leave[room.roomId];
    expect(left.timeline.events).toMatchObject([{ state_key: bea.userId, content: { membership: 'leave' } }]);
    const initial = async () =>
      (await bea.ok('GET', `/sync?filter=${encodeURIComponent('{"room":{"include_leave":true}}')}`)).rooms.leave;
    expect((await initial())[room.roomId]).toBeDefined();
    await bea.ok('POST', `/rooms/${room.roomId}/forget`, {});
    expect((await initial())[room.roomId]).toBeUndefined();
    expect((await synced(bea, next_batch)).rooms.leave[room.roomId]).toBeDefined();
    expectRefusal(await bea.call('GET', `/rooms/${room.roomId}/messages?dir=b`), 403, 'M_FORBIDDEN');
    await sendInvite(room, inviteTo(room, bea.userId));
    expect((await synced(bea)).rooms.invite[room.roomId]).toBeDefined();
  });
});

describe('a denial that another server tells of', () => {
  const revoke = (room: RoomElsewhere, who: Client, by: UserId = room.host): SentEvent =>
    room.member(by, who.userId as UserId, 'leave', { content: { reason: 'a mistake' } });

  it('23: revokes the invite of whoever sent it; of others, or of another invite, it does not', async () => {
    const third = await story.otherServer();
    const room = roomElsewhere(other, '11', 'knock', [third]);
    open(room);
    const kim = `@kim:${third.name}` as UserId;
    room.member(room.host, kim, 'invite');
    room.member(kim, kim, 'join');
    const users = { [room.host]: 100, [kim]: 100 };
    room.send({ type: 'm.room.power_levels', sender: room.host, stateKey: '', content: { users } });
    await sendInvite(room, inviteTo(room, bea.userId));
    const before = await story.counts();
    // By somebody else, of another server.
    const byKim = revoke(room, bea, kim);
    await push(room, byKim, third);
    // By the inviter, and not signed by their server.
    await push(room, { pdu: { ...byKim.pdu, sender: room.host } });
    expect(await story.counts()).toEqual(before);
    expect((await synced(bea)).rooms.invite[room.roomId]).toBeDefined();
    await sendInvite(room, inviteTo(room, bea.userId));
    const { next_batch } = await synced(bea);
    const denial = revoke(room, bea);
    await push(room, denial);
    await until(async () => (await kindsOf(story, room.roomId, bea.userId)).includes('INVITE_REVOKED'));
    const { timeline } = (await synced(bea, next_batch)).rooms.leave[room.roomId];
    expect(timeline.events).toMatchObject([{ sender: room.host, content: { reason: 'a mistake' } }]);
    const [row] = await story.rows(
      "select unverified, cause from transitions where kind = 'INVITE_REVOKED' and room_id = $1",
      [room.roomId],
    );
    expect(row).toEqual({ unverified: false, cause: 'federation' });
    await verifiedClean(story);
  });

  /** The room's server goes on to say that the knock stands. */
  const refute = (room: RoomElsewhere, denial: SentEvent): void =>
    other.on('/_matrix/federation/v1/make_leave/', () => {
      const known = room.events.get(denial.pdu.prev_events[0] as EventId)!;
      const own = [...known.state.values()].find(({ pdu }) => pdu.state_key === bea.userId)!;
      return {
        room_version: room.version.id,
        event: {
          ...{ type: 'm.room.member', room_id: room.roomId, sender: bea.userId, state_key: bea.userId, depth: 9 },
          ...{ content: { membership: 'leave' }, auth_events: [own.eventId], prev_events: [own.eventId] },
        },
      };
    });

  const probed = (room: RoomElsewhere): Promise<void> =>
    until(async () => {
      const [row] = await story.rows<{ probes: number }>('select probes from out_of_band where room_id = $1', [
        room.roomId,
      ]);
      return row?.probes === 1;
    });

  it('is believed no more when it is refuted and told again at once, and the room is asked again soon', async () => {
    const third = await story.otherServer();
    const room = roomElsewhere(other, '11', 'public', [third]);
    open(room);
    const kim = `@kim:${third.name}` as UserId;
    room.member(kim, kim, 'join');
    const users = { [room.host]: 100, [kim]: 100 };
    const set = (sender: UserId, type: string, content: object): SentEvent =>
      room.send({ type, sender, stateKey: '', content: content as JsonObject });
    set(room.host, 'm.room.power_levels', { users });
    set(room.host, 'm.room.join_rules', { join_rule: 'knock' });
    set(kim, 'm.room.name', { name: 'As Kim calls it' });
    await bea.ok('POST', `/knock/${room.roomId}?via=${other.name}`, {});
    const denial = revoke(room, bea, kim);
    refute(room, denial);
    await push(room, denial, third);
    await probed(room);
    await push(room, denial, third);
    const soon = "select from out_of_band where room_id = $1 and next_probe_at < now() + interval '2 minutes'";
    await until(async () => (await story.rows(soon, [room.roomId])).length === 1);
    expect(await episodesOf(story, room.roomId, bea.userId)).toEqual(['PENDING']);
  });

  it('rejects a knock, said to be unverified where the room cannot be asked; one that the room refutes is nothing', async () => {
    const room = roomElsewhere(other);
    open(room);
    await bea.ok('POST', `/knock/${room.roomId}?via=${other.name}`, {});
    const denial = revoke(room, bea);
    // The room still has the knock: somebody made the denial on a branch that nobody took.
    refute(room, denial);
    await push(room, denial);
    await probed(room);
    expect(await episodesOf(story, room.roomId, bea.userId)).toEqual(['PENDING']);
    // Within the minute nobody is asked again.
    await push(room, denial);
    await until(async () => (await episodesOf(story, room.roomId, bea.userId))[0] === 'REJECTED');
    const rows = await story.rows(
      "select unverified, actor from transitions where kind = 'KNOCK_REJECTED' and room_id = $1",
      [room.roomId],
    );
    expect(rows).toEqual([{ unverified: true, actor: room.host }]);
    await verifiedClean(story);
  });
});
