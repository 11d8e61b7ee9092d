/** Invites that users of this server get to rooms that live on another one, over the wire. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import type { Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { expectError } from '../support/raw.ts';
import { keepDoor } from '../support/room-door.ts';
import { inviteTo, roomElsewhere, sendInvite, shownState, synced } from '../support/room-elsewhere.ts';
import { verifiedClean } from '../support/verified.ts';
import { ALL_VERSIONS } from '../support/rooms.ts';
import { kindsOf } from '../support/story.ts';

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

describe.each(ALL_VERSIONS)('an invite to a room of version %s', (version) => {
  it('comes back with our signature added, and is shown with the stripped state it came with', async () => {
    const room = roomElsewhere(other, version);
    const before = await synced(ada);
    const invite = inviteTo(room, ada.userId);
    const answer = await sendInvite(room, invite);
    expect(answer.status).toBe(200);
    const { signatures, ...rest } = answer.json.event;
    const { signatures: theirs, ...sent } = invite.pdu;
    expect(rest).toEqual(sent);
    expect(Object.keys(signatures).toSorted()).toEqual([other.name, 'localhost:8448'].toSorted());
    expect(signatures[other.name]).toEqual(theirs[other.name]);
    for (const { rooms } of [await synced(ada, before.next_batch), await synced(ada)]) {
      const { events } = rooms.invite[room.roomId].invite_state;
      const keys = ['content', 'sender', 'state_key', 'type'];
      const created = version === '12' ? [...keys, 'origin_server_ts'].toSorted() : keys;
      expect(events.map((event: object) => Object.keys(event).toSorted())).toEqual([created, keys, keys, keys, keys]);
      expect(events.map(({ type }: { type: string }) => type)).toEqual([
        ...['m.room.create', 'm.room.join_rules', 'm.room.name', 'm.room.member', 'm.room.member'],
      ]);
      expect(events.at(-1)).toMatchObject({ state_key: ada.userId, sender: room.host });
      expect(rooms.join[room.roomId] ?? rooms.leave[room.roomId]).toBeUndefined();
    }
    expect(await kindsOf(story, room.roomId, ada.userId)).toEqual(['INVITE_SENT']);
    // Again, as a server does that did not hear the answer.
    const { next_batch } = await synced(ada);
    expect(await sendInvite(room, invite)).toMatchObject({ status: 200 });
    expect((await synced(ada, next_batch)).rooms.invite).toEqual({});
    expect(await kindsOf(story, room.roomId, ada.userId)).toEqual(['INVITE_SENT']);
    await verifiedClean(story);
  });
});

describe('an invite that is refused', () => {
  const refused = async (
    what: string,
    status: number,
    errcode: string,
    send: () => ReturnType<typeof sendInvite>,
  ): Promise<void> => {
    const before = await story.counts();
    expectError(await send(), status, errcode, what);
    expect(await story.counts(), what).toEqual(before);
  };

  it('39: names a room that its create event is not that of, and leaves nothing', async () => {
    const [room, stranger] = [roomElsewhere(other), roomElsewhere(other)];
    const invite = inviteTo(room, ada.userId);
    const told = (events: readonly JsonObject[]) => sendInvite(room, invite, jsonObject({ invite_room_state: events }));
    const [create, ...rest] = shownState(room) as [JsonObject, ...JsonObject[]];
    const { hashes: _hashes, ...unhashed } = create;
    await refused('of another room', 400, 'M_INVALID_PARAM', () => told(shownState(stranger)));
    await refused('none', 400, 'M_INVALID_PARAM', () => told(rest));
    await refused('nothing', 400, 'M_INVALID_PARAM', () => told([]));
    await refused('stripped', 400, 'M_INVALID_PARAM', () => told([jsonObject(unhashed), ...rest]));
    const other7 = roomElsewhere(other, '7');
    expect(await sendInvite(other7, inviteTo(other7, ada.userId), jsonObject({ invite_room_state: [] }))).toMatchObject(
      {
        status: 200,
      },
    );
  });

  it('is no invite, is of somebody else, or is not signed and hashed as it should be', async () => {
    const room = roomElsewhere(other);
    const someone = await story.otherServer();
    const invite = inviteTo(room, bea.userId);
    const event = (fields: object) => ({ event: { ...invite.pdu, ...fields } }) as unknown as JsonObject;
    const send = (fields: JsonObject) => sendInvite(room, invite, fields);
    const unknown = inviteTo(room, '@nobody:localhost:8448');
    const abroad = inviteTo(room, `@kim:${someone.name}`);
    const knock = room.message(room.host, 'hello');
    await refused('no user here', 403, 'M_FORBIDDEN', () => sendInvite(room, unknown));
    await refused('a user elsewhere', 403, 'M_FORBIDDEN', () => sendInvite(room, abroad));
    await refused('a message', 400, 'M_INVALID_PARAM', () => sendInvite(room, knock));
    await refused('of another server', 400, 'M_INVALID_PARAM', () => sendInvite(room, invite, undefined, someone));
    await refused('not signed', 400, 'M_INVALID_PARAM', () => send(event({ signatures: {} })));
    await refused('changed', 400, 'M_INVALID_PARAM', () =>
      send(event({ content: { membership: 'invite', displayname: 'changed' } })),
    );
    await refused('another room', 400, 'M_INVALID_PARAM', () => send(event({ room_id: roomElsewhere(other).roomId })));
    await refused('another id', 400, 'M_INVALID_PARAM', () => sendInvite(room, { ...invite, eventId: knock.eventId }));
    await refused('no event', 400, 'M_BAD_JSON', () => send(event({ depth: 'deep' })));
    await refused('no object', 400, 'M_BAD_JSON', () => send(jsonObject({ event: [] })));
    await refused('no version', 400, 'M_BAD_JSON', () => send(jsonObject({ room_version: null })));
    await refused('an old version', 400, 'M_INCOMPATIBLE_ROOM_VERSION', () => send(jsonObject({ room_version: '1' })));
    const v1 = await other.ask('PUT', `/v1/invite/${room.roomId}/${invite.eventId}`, invite.pdu);
    expectError(v1, 400, 'M_INCOMPATIBLE_ROOM_VERSION');
    expect(v1.json).toMatchObject({ room_version: '1' });
    expect((await synced(bea)).rooms.invite).toEqual({});
  });
});

describe('an invite from elsewhere', () => {
  it('stays through a restart, is not shown of ignored people, and shows nothing of the room', async () => {
    const room = roomElsewhere(other);
    await sendInvite(room, inviteTo(room, bea.userId));
    const before = (await synced(bea)).rooms.invite[room.roomId];
    await story.restart();
    expect((await synced(bea)).rooms.invite[room.roomId]).toEqual(before);
    for (const path of ['state', 'members', 'messages?dir=b', 'state/m.room.name', 'joined_members', 'aliases'])
      expect(await bea.call('GET', `/rooms/${room.roomId}/${path}`), path).toMatchObject({
        status: 403,
        body: { errcode: 'M_FORBIDDEN' },
      });
    expect(await bea.ok('GET', '/joined_rooms')).toEqual({ joined_rooms: [] });
    expect(await bea.call('POST', `/rooms/${room.roomId}/forget`, {})).toMatchObject({
      status: 400,
      body: { errcode: 'M_UNKNOWN' },
    });
    const ignored = { ignored_users: { [room.host]: {} } };
    await bea.ok('PUT', `/user/${bea.userId}/account_data/m.ignored_user_list`, ignored);
    expect((await synced(bea)).rooms.invite).toEqual({});
    await bea.ok('PUT', `/user/${bea.userId}/account_data/m.ignored_user_list`, { ignored_users: {} });
    expect((await synced(bea)).rooms.invite[room.roomId]).toEqual(before);
  });

  it('of another version than the room had is believed where nobody here was in the room', async () => {
    const room = roomElsewhere(other, '11');
    const invite = inviteTo(room, ada.userId);
    expect(await sendInvite(room, invite, jsonObject({ room_version: '10' }))).toMatchObject({ status: 200 });
    expect(await sendInvite(room, inviteTo(room, bea.userId))).toMatchObject({ status: 200 });
    await verifiedClean(story);
  });
});

describe('very many invites', () => {
  it('are refused as servers are told, and an answer to a knock is not', async () => {
    const limited = await openFederatedStory({ RATE_LIMITS: 'on', RATE_LIMIT_INVITE: '1/h burst 2' });
    try {
      const there = await limited.otherServer();
      const [una] = await limited.people('una');
      const rooms = [roomElsewhere(there), roomElsewhere(there), roomElsewhere(there)] as const;
      for (const room of rooms.slice(0, 2))
        expect((await sendInvite(room, inviteTo(room, una.userId))).status).toBe(200);
      const refused = await sendInvite(rooms[2], inviteTo(rooms[2], una.userId));
      expectError(refused, 403, 'M_LIMIT_EXCEEDED');
      expect(refused.json.retry_after_ms).toBeGreaterThan(0);
      const asked = roomElsewhere(there);
      keepDoor(asked);
      await una.ok('POST', `/knock/${asked.roomId}?via=${there.name}`, {});
      expect((await sendInvite(asked, inviteTo(asked, una.userId))).status).toBe(200);
    } finally {
      await limited.close();
    }
  });
});
