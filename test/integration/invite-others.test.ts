/** Users of other servers are invited, and their knocks accepted: their server signs what the room then takes (PROTOCOL §6.4). */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkContentHash, eventIdOf } from '../../src/matrix/hashes.ts';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import type { Pdu, PduFields } from '../../src/matrix/pdu.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { countersignEvent } from '../../src/matrix/signatures.ts';
import { knockRoom, type Answer, type Client } from '../support/client.ts';
import type { Asked, Behaviour } from '../support/fake-homeserver.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { remoteMember, signsInvites, type RemoteMember } from '../support/remote-member.ts';
import { ALL_VERSIONS } from '../support/rooms.ts';
import { episodesOf, expectRefusal, kindsOf, membershipIn, SERVER_NAME } from '../support/story.ts';
import { verifiedClean } from '../support/verified.ts';

const SEND = '/_matrix/federation/v1/send/';
const INVITE = '/_matrix/federation/v2/invite/';
const PROFILE = '/_matrix/federation/v1/query/profile';

let story: FederatedStory;
let other: OtherServer;
let owner: Client;
let mod: Client;
let named = 0;

beforeAll(async () => {
  story = await openFederatedStory();
  [owner, mod] = await story.people('owner', 'mod');
});

beforeEach(async () => {
  other = await story.otherServer();
  other.on(INVITE, signsInvites(other));
});

afterAll(async () => {
  await verifiedClean(story);
  await story.close();
});

const somebody = (): RemoteMember => remoteMember(other, `guest${(named += 1)}`);
const invite = (client: Client, room: string, { userId }: RemoteMember, more = {}) =>
  client.call('POST', `/rooms/${room}/invite`, { user_id: userId, ...more });
const invitesAsked = (): readonly Asked[] => other.asked.filter(({ target }) => target.startsWith(INVITE));
const outcomes = async (room: string, { userId }: RemoteMember): Promise<readonly string[]> =>
  (
    await story.rows<{ outcome: string }>(
      `select outcome from actions where room_id = $1 and target = $2 and operation in ('inviteUser', 'acceptKnock')
        order by position`,
      [room, userId],
    )
  ).map(({ outcome }) => outcome);
const openHandshakes = async (): Promise<number> => (await story.rows('select from handshakes')).length;

const accept = (client: Client, roomId: string, { userId }: RemoteMember) =>
  client.graphql(
    `mutation ($input: AcceptKnockInput!) { acceptKnock(input: $input) { knock { status } transition { kind cause actor { userId } } } }`,
    { input: { roomId, userId } },
  );

async function knockedRoom(guest: RemoteMember, options: object = {}): Promise<string> {
  const room = await knockRoom(owner, options);
  await guest.does('knock', room, jsonObject({ reason: 'please' }));
  return room;
}

/** Holds back what a server answers; `reached` when it has been asked. */
function held(
  then: Behaviour,
): { readonly reached: Promise<void>; release(): void } & { readonly behaviour: Behaviour } {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    release: released.resolve,
    async behaviour(asked, response) {
      reached.resolve();
      await released.promise;
      return then(asked, response);
    },
  };
}

describe.each(ALL_VERSIONS)('the acceptance of a knock on a room of version %s', (version) => {
  it('is signed by both servers, and lets the knocker in', async () => {
    const guest = somebody();
    other.on(PROFILE, () => ({ displayname: 'Guest', avatar_url: 'mxc://a/b', other: 'not told' }));
    const room = await knockedRoom(guest, { room_version: version, topic: 'Books' });
    expect(await invite(owner, room, guest, { reason: 'welcome' })).toMatchObject({ status: 200, body: {} });
    const [asked] = invitesAsked();
    const { event, invite_room_state: state, room_version, ...rest } = JSON.parse(asked!.body);
    expect({ room_version, rest }).toEqual({ room_version: version, rest: {} });
    const id = eventIdOf(event, ROOM_VERSIONS[version]);
    expect(asked!.target).toBe(`${INVITE}${encodeURIComponent(room).replaceAll('!', '%21')}/${encodeURIComponent(id)}`);
    expect(Object.keys(event.signatures)).toEqual([SERVER_NAME]);
    expect(event.content).toEqual({
      membership: 'invite',
      reason: 'welcome',
      displayname: 'Guest',
      avatar_url: 'mxc://a/b',
    });
    expect(state.map(({ type }: Pdu) => type)).toEqual([
      ...['m.room.create', 'm.room.join_rules', 'm.room.name', 'm.room.topic', 'm.room.member'],
    ]);
    for (const shown of state as Pdu[]) {
      expect(checkContentHash(shown), shown.type).toBe(true);
      expect(shown.signatures).toHaveProperty([SERVER_NAME]);
    }
    expect(state.at(-1)).toMatchObject({ state_key: owner.userId });
    const stored = await story.rows<{ proof: string; relay: boolean; origin: string }>(
      `select convert_from(e.proof, 'UTF8') as proof, v.relay, e.origin from events e
         join verdicts v on v.room_id = e.room_id and v.event = e.position where e.event_id = $1`,
      [id],
    );
    expect(stored).toMatchObject([{ relay: true, origin: SERVER_NAME }]);
    expect(Object.keys(JSON.parse(stored[0]!.proof).signatures).sort()).toEqual([SERVER_NAME, other.name].sort());
    await guest.does('join', room);
    expect(await kindsOf(story, room, guest.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_ACCEPTED', 'INVITE_ACCEPTED']);
    expect(await episodesOf(story, room, guest.userId)).toEqual(['ACCEPTED']);
    expect(await outcomes(room, guest)).toEqual(['ok']);
    expect(await openHandshakes()).toBe(0);
  });
});

describe('an invite', () => {
  it('by GraphQL says who accepted the knock', async () => {
    const guest = somebody();
    const room = await knockedRoom(guest);
    expect(await accept(owner, room, guest)).toMatchObject({
      data: {
        acceptKnock: {
          knock: { status: 'ACCEPTED' },
          transition: { kind: 'KNOCK_ACCEPTED', cause: 'MODERATOR', actor: { userId: owner.userId } },
        },
      },
    });
  });

  it('of somebody whose server tells nothing of them has no name', async () => {
    const guest = somebody();
    const room = await knockRoom(owner);
    other.on(PROFILE, () => ({ displayname: 7, avatar_url: 'x'.repeat(5_000) }));
    expect(await invite(owner, room, guest)).toMatchObject({ status: 200 });
    expect(await owner.ok('GET', `/rooms/${room}/state/m.room.member/${guest.userId}`)).toEqual({
      membership: 'invite',
    });
  });

  it('said again changes nothing, and asks nobody', async () => {
    const guest = somebody();
    const room = await knockRoom(owner);
    other.on(PROFILE, () => ({ displayname: 'One' }));
    expect(await invite(owner, room, guest)).toMatchObject({ status: 200 });
    other.on(PROFILE, () => ({ displayname: 'Two' }));
    const asked = other.asked.length;
    expect(await invite(owner, room, guest)).toMatchObject({ status: 200 });
    expect(other.asked.length).toBe(asked);
    expect(await invite(owner, room, guest, { reason: 'do come' })).toMatchObject({ status: 200 });
    expect(await kindsOf(story, room, guest.userId)).toEqual(['INVITE_SENT', 'INVITE_RENEWED']);
    expect(await outcomes(room, guest)).toEqual(['ok', 'unchanged', 'ok']);
  });

  it('written as state is an invite like any other', async () => {
    const guest = somebody();
    const room = await knockRoom(owner);
    const path = `/rooms/${room}/state/m.room.member/${guest.userId}`;
    await owner.ok('PUT', path, { membership: 'invite', is_direct: true });
    expect(JSON.parse(invitesAsked()[0]!.body).event.content).toEqual({ membership: 'invite', is_direct: true });
    expect(await membershipIn(owner, room, guest.userId)).toBe('invite');
  });

  it('of whoever may not invite asks nobody for anything', async () => {
    const guest = somebody();
    const room = await knockRoom(owner, { power_level_content_override: { invite: 50 } });
    await owner.ok('POST', `/rooms/${room}/invite`, { user_id: mod.userId });
    await mod.ok('POST', `/join/${room}`, {});
    expectRefusal(await invite(mod, room, guest), 403, 'M_FORBIDDEN');
    await owner.ok('POST', `/rooms/${room}/ban`, { user_id: guest.userId });
    expectRefusal(await invite(owner, room, guest), 403, 'M_FORBIDDEN');
    expect(other.asked).toEqual([]);
  });
});

describe('an invite that comes back otherwise than it went', () => {
  const altered = (change: (event: Pdu, version: RoomVersionId) => object): Behaviour => {
    return ({ body }) => {
      const { event, room_version: version } = JSON.parse(body) as { event: Pdu; room_version: RoomVersionId };
      return change(event, version);
    };
  };
  const both = (event: Pdu, version: RoomVersionId): Pdu =>
    countersignEvent(event, ROOM_VERSIONS[version], other.identity);
  const withContent = (event: Pdu, content: JsonObject): Pdu => ({
    ...event,
    content: jsonObject({ ...event.content, ...content }),
  });

  it('is not stored, and the knock waits on', async () => {
    const guest = somebody();
    const room = await knockedRoom(guest);
    const answers: Readonly<Record<string, Behaviour>> = {
      'no signature': altered((event) => ({ event })),
      'another content': altered((event, v) => ({
        event: both(withContent(event, jsonObject({ reason: 'theirs' })), v),
      })),
      'one more key': altered((event, v) => ({ event: both({ ...event, more: 1 }, v) })),
      'a bad signature': altered((event) => ({
        event: {
          ...event,
          signatures: { ...event.signatures, [other.name]: { [other.identity.key.keyId]: 'A'.repeat(86) } },
        },
      })),
      'a signature of somebody else': altered((event, v) => {
        const name = 'localhost:1' as typeof other.identity.serverName;
        return { event: countersignEvent(event, ROOM_VERSIONS[v], { ...other.identity, serverName: name }) };
      }),
      'a signature that fills it': altered((event, v) => {
        const signed = both(event, v);
        const theirs = { ...(signed.signatures[other.name] as object), 'ed25519:b': 'B'.repeat(65_000) };
        return { event: { ...signed, signatures: { ...signed.signatures, [other.name]: theirs } } };
      }),
      'no event': () => ({}),
      'no JSON': () => '{',
    };
    const before = await story.counts();
    let asked = 0;
    for (const [what, behaviour] of Object.entries(answers)) {
      other.on(INVITE, behaviour);
      expectRefusal(await invite(owner, room, guest), 502, 'M_UNKNOWN', what);
      asked += 1;
    }
    const { actions, ...log } = await story.counts();
    expect({ ...log, actions: actions - asked }).toEqual(before);
    expect(await episodesOf(story, room, guest.userId)).toEqual(['PENDING']);
    expect(await openHandshakes()).toBe(0);
    other.on(INVITE, signsInvites(other));
    expect(await invite(owner, room, guest)).toMatchObject({ status: 200 });
  });

  it('is stored without what else it added', async () => {
    const guest = somebody();
    const room = await knockedRoom(guest);
    other.on(
      INVITE,
      altered((event, v) => {
        const signed = both(event, v);
        const signatures = { ...signed.signatures, 'elsewhere.example': { 'ed25519:x': 'AAAA' } };
        return { event: { ...signed, signatures, unsigned: { invite_room_state: [] } } };
      }),
    );
    expect(await invite(owner, room, guest)).toMatchObject({ status: 200 });
    const [{ proof } = { proof: '' }] = await story.rows<{ proof: string }>(
      `select convert_from(proof, 'UTF8') as proof from events where room_id = $1 and state_key = $2
        order by position desc limit 1`,
      [room, guest.userId],
    );
    expect(Object.keys(JSON.parse(proof).signatures).sort()).toEqual([SERVER_NAME, other.name].sort());
  });

  it('is refused in the words of the other server, where it says no', async () => {
    const guest = somebody();
    const room = await knockedRoom(guest);
    const refusals = [
      [403, { errcode: 'M_INVITE_BLOCKED', error: 'Not this one.' }, 403, 'M_INVITE_BLOCKED'],
      [403, { errcode: 'M_FORBIDDEN', error: 'No such user.' }, 403, 'M_FORBIDDEN'],
      [400, { errcode: 'M_INCOMPATIBLE_ROOM_VERSION', room_version: '12' }, 400, 'M_UNSUPPORTED_ROOM_VERSION'],
      [400, { errcode: 'M_UNSUPPORTED_ROOM_VERSION' }, 400, 'M_UNSUPPORTED_ROOM_VERSION'],
      [400, { errcode: 'M_INVALID_PARAM' }, 502, 'M_UNKNOWN'],
      [400, { errcode: 'M_MISSING_PARAM' }, 502, 'M_UNKNOWN'],
      [404, { errcode: 'M_UNRECOGNIZED' }, 502, 'M_UNKNOWN'],
      [500, { errcode: 'M_UNKNOWN' }, 502, 'M_UNKNOWN'],
    ] as const;
    for (const [status, said, answered, errcode] of refusals) {
      other.on(INVITE, (_asked, response) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(said));
        return undefined;
      });
      expectRefusal(await invite(owner, room, guest), answered, errcode, JSON.stringify(said));
    }
    await other.close();
    expectRefusal(await invite(owner, room, guest), 502, 'M_UNKNOWN');
    expect(await episodesOf(story, room, guest.userId)).toEqual(['PENDING']);
    expect(await openHandshakes()).toBe(0);
  });
});

describe('while the other server takes its time', () => {
  it('the room goes on: a hundred people knock, and the invite comes back among them', async () => {
    const guest = somebody();
    const room = await knockedRoom(guest);
    const answer = held(signsInvites(other));
    other.on(INVITE, answer.behaviour);
    const invited = invite(owner, room, guest);
    await answer.reached;
    const people = await story.people(...Array.from({ length: 100 }, (_, n) => `visitor${(named += 1)}-${n}`));
    const knocked = await Promise.all(people.map((person) => person.call('POST', `/knock/${room}`, {})));
    expect(knocked.map(({ status }) => status)).toEqual(people.map(() => 200));
    expect(await episodesOf(story, room, guest.userId)).toEqual(['PENDING']);
    answer.release();
    expect(await invited).toMatchObject({ status: 200 });
    expect(await kindsOf(story, room, guest.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_ACCEPTED']);
    for (const { userId } of people) expect(await membershipIn(owner, room, userId)).toBe('knock');
    await guest.does('join', room);
    const after = await owner.ok('PUT', `/rooms/${room}/send/m.room.message/after`, { body: 'after' });
    expect(after).toHaveProperty('event_id');
  });

  const moved = async (
    meanwhile: (room: string, guest: RemoteMember) => Promise<unknown>,
    ask: (room: string, guest: RemoteMember) => Promise<unknown>,
  ): Promise<{ readonly room: string; readonly guest: RemoteMember; readonly answer: unknown }> => {
    const guest = somebody();
    const room = await knockedRoom(guest);
    const answer = held(signsInvites(other));
    other.on(INVITE, answer.behaviour);
    const asked = ask(room, guest);
    await answer.reached;
    await meanwhile(room, guest);
    answer.release();
    return { room, guest, answer: await asked };
  };

  it('an invite of somebody who is banned by then is refused, and not stored', async () => {
    const { room, guest, answer } = await moved(
      (id, { userId }) => owner.ok('POST', `/rooms/${id}/ban`, { user_id: userId }),
      (id, who) => invite(owner, id, who),
    );
    expectRefusal(answer as Answer, 403, 'M_FORBIDDEN');
    expect(await kindsOf(story, room, guest.userId)).toEqual(['KNOCK_REQUESTED', 'BANNED']);
    const kept = 'select from events where room_id = $1 and state_key = $2';
    expect(await story.rows(kept, [room, guest.userId])).toHaveLength(2);
    expect(await outcomes(room, guest)).toEqual(['M_FORBIDDEN']);
    expect(await openHandshakes()).toBe(0);
  });

  it('one that the room refused is not taken back elsewhere, where nothing of the room may cite it, and lets nobody in', async () => {
    const told: PduFields[] = [];
    other.on(SEND, ({ body }) => {
      const { pdus } = JSON.parse(body) as { readonly pdus: readonly PduFields[] };
      told.push(...pdus);
      return { pdus: {} };
    });
    const { room, guest } = await moved(
      (id, { userId }) => owner.ok('POST', `/rooms/${id}/ban`, { user_id: userId }),
      (id, who) => invite(owner, id, who),
    );
    const { event } = JSON.parse(invitesAsked()[0]!.body) as { readonly event: Pdu };
    const inviteId = eventIdOf(event, ROOM_VERSIONS['12']);
    while (told.length === 0) await sleep(20);
    await owner.ok('POST', `/rooms/${room}/unban`, { user_id: guest.userId });
    while (told.length < 2) await sleep(20);
    expect(told.map(({ content }) => content['membership'])).toEqual(['ban', 'leave']);
    expect(told.flatMap((pdu) => [...pdu.auth_events, ...pdu.prev_events])).not.toContain(inviteId);
    for (const act of ['join', 'leave'] as const)
      expect(await guest.make(act, room)).toMatchObject({ status: 403, json: { errcode: 'M_FORBIDDEN' } });
    await guest.does('knock', room);
  });

  it('an invite by somebody who is in the room no more by then is refused, and not stored', async () => {
    const { room, guest, answer } = await moved(
      (id) => owner.ok('POST', `/rooms/${id}/kick`, { user_id: mod.userId }),
      async (id, who) => {
        await owner.ok('POST', `/rooms/${id}/invite`, { user_id: mod.userId });
        await mod.ok('POST', `/join/${id}`, {});
        const levels = await owner.ok('GET', `/rooms/${id}/state/m.room.power_levels`);
        await owner.ok('PUT', `/rooms/${id}/state/m.room.power_levels`, { ...levels, users: { [mod.userId]: 50 } });
        return invite(mod, id, who);
      },
    );
    expectRefusal(answer as Answer, 403, 'M_FORBIDDEN');
    expect(await kindsOf(story, room, guest.userId)).toEqual(['KNOCK_REQUESTED']);
    expect(await episodesOf(story, room, guest.userId)).toEqual(['PENDING']);
  });

  it('a knock that is rejected meanwhile is not accepted any more, and an invite is one all the same', async () => {
    const reject = (room: string, { userId }: RemoteMember) =>
      owner.ok('POST', `/rooms/${room}/kick`, { user_id: userId });
    const accepted = await moved(reject, (room, guest) => accept(owner, room, guest));
    expect(accepted.answer).toMatchObject({ errors: [{ extensions: { code: 'KNOCK_ALREADY_DECIDED' } }] });
    expect(await kindsOf(story, accepted.room, accepted.guest.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_REJECTED']);
    const invited = await moved(reject, (room, guest) => invite(owner, room, guest));
    expect(invited.answer).toMatchObject({ status: 200 });
    expect(await kindsOf(story, invited.room, invited.guest.userId)).toEqual([
      ...['KNOCK_REQUESTED', 'KNOCK_REJECTED', 'INVITE_SENT'],
    ]);
  });

  it('who accepts the same knock too comes too late, and the other server is asked once', async () => {
    const guest = somebody();
    const room = await knockedRoom(guest);
    const answer = held(signsInvites(other));
    other.on(INVITE, answer.behaviour);
    const first = accept(owner, room, guest);
    await answer.reached;
    const second = accept(owner, room, guest);
    answer.release();
    expect(await first).toMatchObject({ data: { acceptKnock: { knock: { status: 'ACCEPTED' } } } });
    expect(await second).toMatchObject({ errors: [{ extensions: { code: 'KNOCK_ALREADY_DECIDED' } }] });
    expect(invitesAsked()).toHaveLength(1);
  });
});

describe('a new room', () => {
  it('invites users of other servers once it is there, and is there without those whose server is not', async () => {
    const [guest, lost] = [somebody(), remoteMember({ ...other, name: 'localhost:1' as never }, 'lost')];
    const { room_id: room } = await owner.ok('POST', '/createRoom', {
      is_direct: true,
      invite: [mod.userId, guest.userId, lost.userId],
    });
    expect(JSON.parse(invitesAsked()[0]!.body).event.content).toEqual({ membership: 'invite', is_direct: true });
    expect(await membershipIn(owner, room, guest.userId)).toBe('invite');
    expect(await membershipIn(owner, room, mod.userId)).toBe('invite');
    expect(await membershipIn(owner, room, lost.userId)).toBeUndefined();
    expect(await outcomes(room, lost)).toEqual(['M_UNKNOWN']);
    await guest.does('join', room);
  });

  const REFUSALS = [
    [{ errcode: 'M_INVITE_BLOCKED', error: 'Not by you.' }, 403, 'M_INVITE_BLOCKED'],
    [{ errcode: 'M_FORBIDDEN', error: 'Nobody of ours.' }, 403, 'M_FORBIDDEN'],
    [{ errcode: 'M_INCOMPATIBLE_ROOM_VERSION', room_version: '12' }, 400, 'M_UNSUPPORTED_ROOM_VERSION'],
  ] as const;

  it.each(REFUSALS)(
    'is there with all others when the server of a guest answers %j, as who made it is told',
    async (said, status, errcode) => {
      other.on(INVITE, (asked, response) => {
        if (!asked.body.includes('"state_key":"@blunt')) return signsInvites(other)(asked, response);
        response.writeHead(said.errcode === 'M_INCOMPATIBLE_ROOM_VERSION' ? 400 : 403, {
          'content-type': 'application/json',
        });
        response.end(JSON.stringify(said));
        return undefined;
      });
      const [blunt, guest] = [remoteMember(other, `blunt${(named += 1)}`), somebody()];
      const guests = [blunt.userId, mod.userId, guest.userId];
      expectRefusal(await owner.call('POST', '/createRoom', { invite: guests }), status, errcode);
      const [made] = await story.rows<{ room_id: string; outcome: string }>(
        `select room_id, outcome from actions where operation = 'createRoom' and actor = $1 order by position desc limit 1`,
        [owner.userId],
      );
      const { room_id: room, outcome } = made!;
      expect(outcome).toBe('ok');
      const memberships = await Promise.all(guests.map((userId) => membershipIn(owner, room, userId)));
      expect(memberships).toEqual([undefined, 'invite', 'invite']);
      expect(await outcomes(room, blunt)).toEqual([errcode]);
      await guest.does('join', room);
    },
  );
});
