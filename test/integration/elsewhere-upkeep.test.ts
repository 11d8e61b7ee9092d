/** Memberships elsewhere as time goes by: asked about, erased, shown to their owners, and kept through the worst moments. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UserId } from '../../src/matrix/identifiers.ts';
import { knockRoom, type Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { keepDoor, memberAt, membershipAt, refusing, templateFor } from '../support/room-door.ts';
import { inviteTo, roomElsewhere, sendInvite, synced, type RoomElsewhere } from '../support/room-elsewhere.ts';
import { callsOf, letJoin, serveRoom } from '../support/served-room.ts';
import { episodesOf, kindsOf } from '../support/story.ts';
import { verifiedClean } from '../support/verified.ts';

let story: FederatedStory;
let other: OtherServer;
let ada: Client;

beforeAll(async () => {
  story = await openFederatedStory();
  other = await story.otherServer();
  [ada] = await story.people('ada');
});

afterAll(() => story.close());

const MAKE_LEAVE = '/_matrix/federation/v1/make_leave/';
const SEND_KNOCK = '/_matrix/federation/v1/send_knock/';

async function knockOn(room: RoomElsewhere, who: Client, reason = 'please'): Promise<void> {
  keepDoor(room);
  await who.ok('POST', `/knock/${room.roomId}?via=${room.at.name}`, { reason });
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come to that');
}

describe('a knock that nobody tells of', () => {
  interface Held {
    readonly probes: number;
    readonly maybe_accepted: boolean;
    readonly due: boolean;
  }

  const held = async (room: RoomElsewhere): Promise<Held | undefined> => {
    const text = `select probes, maybe_accepted, next_probe_at <= now() as due from out_of_band where room_id = $1`;
    return (await story.rows<Held>(text, [room.roomId]))[0];
  };

  /** What the server does by itself after a time. */
  const askNow = async (room: RoomElsewhere): Promise<void> => {
    const before = (await held(room))!.probes;
    await story.rows('update out_of_band set next_probe_at = now(), probed_at = null where room_id = $1', [
      room.roomId,
    ]);
    await story.restart();
    await until(async () => (await held(room))!.probes > before);
  };

  it('is asked about: it stands, or another event does, or nobody knows, or it is over', async () => {
    const room = roomElsewhere(other);
    await knockOn(room, ada);
    expect(await held(room)).toEqual({ probes: 0, maybe_accepted: false, due: false });
    await askNow(room);
    expect(await held(room)).toEqual({ probes: 1, maybe_accepted: false, due: false });

    // An invite that never came here.
    inviteTo(room, ada.userId);
    await askNow(room);
    await until(async () => (await held(room))!.maybe_accepted);
    other.on(MAKE_LEAVE, refusing(500, 'M_UNKNOWN'));
    await askNow(room);
    expect(await episodesOf(story, room.roomId, ada.userId)).toEqual(['PENDING']);

    const { next_batch } = await synced(ada);
    room.member(room.host, ada.userId as UserId, 'leave');
    keepDoor(room);
    await story.rows('update out_of_band set next_probe_at = now(), probed_at = null where room_id = $1', [
      room.roomId,
    ]);
    await story.restart();
    await until(async () => (await episodesOf(story, room.roomId, ada.userId))[0] === 'LAPSED');
    const [row] = await story.rows(
      `select kind, cause, actor, unverified, in_room from transitions where room_id = $1 order by position desc limit 1`,
      [room.roomId],
    );
    expect(row).toEqual({ kind: 'KNOCK_LAPSED', cause: 'probe', actor: null, unverified: false, in_room: false });
    expect((await synced(ada, next_batch)).rooms.leave[room.roomId].timeline.events).toMatchObject([
      { state_key: ada.userId, sender: ada.userId, content: { membership: 'leave' } },
    ]);
    // The leave is ours alone.
    expect(callsOf(other)).not.toContain('send_leave');
    expect(await held(room)).toMatchObject({ due: null });
    await verifiedClean(story);
  });
});

describe('an accepted knock, where the operator wants that', () => {
  it('is followed by a join, elsewhere and here, also after a restart; one that fails leaves the invite', async () => {
    const eager = await openFederatedStory({ AUTO_ACCEPT_KNOCK_INVITES: 'on' });
    try {
      const there = await eager.otherServer();
      const [una, vic] = await eager.people('una', 'vic');
      const [open, shut] = [roomElsewhere(there), roomElsewhere(there)];
      for (const room of [open, shut]) {
        await knockOn(room, una);
        serveRoom(there, room);
        letJoin(there, room);
        if (room === shut) there.on('/_matrix/federation/v1/make_join/', refusing(500, 'M_UNKNOWN'));
        await sendInvite(room, inviteTo(room, una.userId));
        if (room === open) await until(async () => (await kindsOf(eager, room.roomId, una.userId)).length === 3);
      }
      const here = await knockRoom(vic);
      await una.ok('POST', `/knock/${here}`, {});
      await vic.ok('POST', `/rooms/${here}/invite`, { user_id: una.userId });
      await until(async () => (await kindsOf(eager, here, una.userId)).length === 3);
      for (const roomId of [open.roomId, here])
        expect(await kindsOf(eager, roomId, una.userId)).toEqual([
          'KNOCK_REQUESTED',
          'KNOCK_ACCEPTED',
          'INVITE_ACCEPTED',
        ]);
      expect((await synced(una)).rooms.invite[shut.roomId]).toBeDefined();
      // Once more after a restart, for who has not declined in between.
      await knockOn(shut, vic);
      await sendInvite(shut, inviteTo(shut, vic.userId));
      await until(async () => (await kindsOf(eager, shut.roomId, vic.userId)).length === 2);
      await vic.ok('POST', `/rooms/${shut.roomId}/leave`, {});
      letJoin(there, shut);
      await eager.restart();
      await until(async () => (await kindsOf(eager, shut.roomId, una.userId)).length === 3);
      expect((await kindsOf(eager, shut.roomId, una.userId)).at(-1)).toBe('INVITE_ACCEPTED');
      expect((await kindsOf(eager, shut.roomId, vic.userId)).at(-1)).toBe('INVITE_DECLINED');
    } finally {
      await eager.close();
    }
  });
});

describe('the knocks of a user elsewhere', () => {
  it('are shown to them through GraphQL, with the server they went through and what the room showed', async () => {
    const [kim, lea] = await story.people('kim', 'lea');
    const room = roomElsewhere(other);
    await knockOn(room, kim, 'let me in');
    const query = `{
      knocks { nodes { status reason outOfBand via room { name joinRule viewerMembership } viewerCanAccept } }
      transitions { nodes { kind outOfBand unverified from to } }
    }`;
    expect((await kim.graphql(query)).data).toEqual({
      knocks: {
        nodes: [
          {
            ...{ status: 'PENDING', reason: 'let me in', outOfBand: true, via: other.name, viewerCanAccept: false },
            room: { name: 'A room elsewhere', joinRule: 'KNOCK', viewerMembership: 'KNOCK' },
          },
        ],
      },
      transitions: {
        nodes: [{ kind: 'KNOCK_REQUESTED', outOfBand: true, unverified: false, from: 'NONE', to: 'KNOCK' }],
      },
    });
    expect((await lea.graphql(query)).data).toEqual({ knocks: { nodes: [] }, transitions: { nodes: [] } });
    const retract = `mutation ($room: String!) { retractKnock(input: { roomId: $room }) { knock { status } transition { kind } } }`;
    expect(await kim.graphql(retract, { room: room.roomId })).toMatchObject({
      data: { retractKnock: { knock: { status: 'RETRACTED' }, transition: { kind: 'KNOCK_RETRACTED' } } },
    });
    expect(membershipAt(room, kim.userId)).toBe('leave');
    const again = `mutation ($room: String!, $via: [String!]) { knock(input: { roomId: $room, via: $via }) { knock { status attempts { nodes { status } } } } }`;
    expect(await kim.graphql(again, { room: room.roomId, via: [other.name] })).toMatchObject({
      data: { knock: { knock: { status: 'PENDING', attempts: { nodes: [{ status: 'RETRACTED' }] } } } },
    });
  });
});

describe('the end of an account', () => {
  it('18: retracts its knocks elsewhere, and erases what it said and was told there', async () => {
    const [max] = await story.people('max');
    await max.ok('PUT', `/profile/${max.userId}/displayname`, { displayname: 'Maximilian' });
    const [knocked, invited] = [roomElsewhere(other), roomElsewhere(other)];
    await knockOn(knocked, max, 'a secret reason');
    await sendInvite(invited, inviteTo(invited, max.userId));
    keepDoor(knocked);
    const auth = {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: 'max' },
      password: 'password of max',
    };
    await max.ok('POST', '/account/deactivate', { auth, erase: true });
    await until(async () => (await episodesOf(story, knocked.roomId, max.userId))[0] === 'RETRACTED');
    await until(async () => (await kindsOf(story, invited.roomId, max.userId)).includes('INVITE_DECLINED'));
    await until(async () => (await story.rows('select from erasures where subject = $1', [max.userId])).length > 0);
    expect(membershipAt(knocked, max.userId)).toBe('leave');
    const left = await story.rows(
      `select convert_from(stripped, 'UTF8') as stripped from out_of_band where user_id = $1`,
      [max.userId],
    );
    expect(left).toEqual([{ stripped: '[]' }, { stripped: '[]' }]);
    expect(await story.rows('select reason, display_name from knocks where user_id = $1', [max.userId])).toEqual([
      { reason: null, display_name: null },
    ]);
    expect(await story.rows('select from event_content where subject = $1', [max.userId])).toEqual([]);
    await verifiedClean(story);
  });
});

describe('a server that is killed', () => {
  it('60: between the answer to a knock and its being stored sends the same knock again, and has it once', async () => {
    const room = roomElsewhere(other);
    keepDoor(room);
    const sent: string[] = [];
    other.on(SEND_KNOCK, async (asked, response) => {
      sent.push(asked.target.split('/').at(-1)!);
      room.take(JSON.parse(asked.body) as never);
      await story.server().kill();
      response.destroy();
      return undefined;
    });
    await expect(ada.call('POST', `/knock/${room.roomId}?via=${other.name}`, { reason: 'once' })).rejects.toThrow();
    expect(membershipAt(room, ada.userId)).toBe('knock');
    const { eventId } = memberAt(room, ada.userId);
    expect(await kindsOf(story, room.roomId, ada.userId)).toEqual([]);
    other.on(SEND_KNOCK, (asked) => {
      sent.push(asked.target.split('/').at(-1)!);
      return { knock_room_state: [] };
    });
    await story.restart();
    await until(async () => (await kindsOf(story, room.roomId, ada.userId)).length > 0);
    expect(new Set(sent.map(decodeURIComponent))).toEqual(new Set([eventId]));
    expect(sent.length).toBeGreaterThanOrEqual(2);
    expect(await kindsOf(story, room.roomId, ada.userId)).toEqual(['KNOCK_REQUESTED']);
    expect(await story.rows('select from handshakes')).toEqual([]);
    // Another knock of the same words is one more handshake, and renews it.
    keepDoor(room);
    await ada.ok('POST', `/knock/${room.roomId}?via=${other.name}`, { reason: 'once' });
    expect(await episodesOf(story, room.roomId, ada.userId)).toEqual(['PENDING']);
    await verifiedClean(story);
  });

  it('is told of a knock that timed out by the next knock: the same event, before another is made', async () => {
    const room = roomElsewhere(other);
    keepDoor(room);
    const sent: string[] = [];
    const note = (target: string): void => void sent.push(decodeURIComponent(target.split('/').at(-1)!));
    other.on(SEND_KNOCK, (asked, response) => {
      note(asked.target);
      return refusing(500, 'M_UNKNOWN')(asked, response);
    });
    const knock = (reason: string) => ada.call('POST', `/knock/${room.roomId}?via=${other.name}`, { reason });
    expect(await knock('first')).toMatchObject({ status: 502 });
    other.on(SEND_KNOCK, ({ target, body }) => {
      note(target);
      room.take(JSON.parse(body) as never);
      return { knock_room_state: [] };
    });
    other.on('/_matrix/federation/v1/make_knock/', () => templateFor(room, ada.userId, 'knock'));
    expect(await knock('first')).toMatchObject({ status: 200 });
    expect(new Set(sent).size).toBe(1);
    expect(await kindsOf(story, room.roomId, ada.userId)).toEqual(['KNOCK_REQUESTED']);
  });
});
