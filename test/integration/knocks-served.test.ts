/** Users of other servers knock on rooms here (server-server API, Knocking; PROTOCOL §2.4). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonObject } from '../../src/matrix/json.ts';
import { knockRoom, type Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { expectError } from '../support/raw.ts';
import { remoteMember, signsInvites, VERSIONS, type RemoteMember } from '../support/remote-member.ts';
import { runRole } from '../support/server.ts';
import { episodesOf, kindsOf, membershipIn } from '../support/story.ts';

let story: FederatedStory;
let other: OtherServer;
let owner: Client;
let kim: Client;
let named = 0;

beforeAll(async () => {
  story = await openFederatedStory();
  other = await story.otherServer();
  [owner, kim] = await story.people('owner', 'kim');
});

afterAll(() => story.close());

const somebody = (server = other): RemoteMember => remoteMember(server, `guest${(named += 1)}`);
const room = (room_version: string, more: object = {}): Promise<string> => knockRoom(owner, { room_version, ...more });
const joinRule = (content: object): object => ({ type: 'm.room.join_rules', state_key: '', content });

describe.each(VERSIONS)('a room of version %s', (version) => {
  it('takes a knock, shows what it shows to who knocks, and lists the knock', async () => {
    const id = await room(version, { topic: 'Books' });
    const guest = somebody();
    const { answer, eventId } = await guest.does('knock', id, jsonObject({ reason: 'I read', displayname: 'Guest' }));
    const state = answer.json.knock_room_state as { type: string; signatures: object; hashes: object }[];
    expect(Object.keys(answer.json)).toEqual(['knock_room_state']);
    expect(state.map(({ type }) => type)).toEqual([
      'm.room.create',
      'm.room.join_rules',
      'm.room.name',
      'm.room.topic',
    ]);
    for (const event of state)
      expect(event).toMatchObject({ signatures: {}, hashes: {}, auth_events: expect.any(Array) });
    expect(await kindsOf(story, id, guest.userId)).toEqual(['KNOCK_REQUESTED']);
    expect(await owner.ok('GET', `/rooms/${id}/event/${encodeURIComponent(eventId)}`)).toMatchObject({
      content: { membership: 'knock', reason: 'I read', displayname: 'Guest' },
      sender: guest.userId,
    });
  });

  it('15: makes a template of these keys and no others', async () => {
    const id = await room(version);
    const guest = somebody();
    const { json: body } = await guest.make('knock', id);
    expect(Object.keys(body).sort()).toEqual(['event', 'room_version']);
    expect(body.room_version).toBe(version);
    expect(Object.keys(body.event).sort()).toEqual([
      'auth_events',
      'content',
      'depth',
      'origin',
      'origin_server_ts',
      'prev_events',
      'room_id',
      'sender',
      'state_key',
      'type',
    ]);
    expect(body.event).toMatchObject({
      content: { membership: 'knock' },
      type: 'm.room.member',
      room_id: id,
      sender: guest.userId,
      state_key: guest.userId,
    });
    expect(body.event.content).toEqual({ membership: 'knock' });
  });
});

const setRule = (id: string, join_rule: string): Promise<unknown> =>
  owner.ok('PUT', `/rooms/${id}/state/m.room.join_rules`, { join_rule });

/** Everything of the other server's that is kept. */
const kept = async (id: string, guest: RemoteMember): Promise<number> =>
  (
    await story.rows<{ n: number }>('select count(*)::int4 as n from events where room_id = $1 and sender = $2', [
      id,
      guest.userId,
    ])
  )[0]!.n;

describe.each(VERSIONS)('in a room of version %s', (version) => {
  it('1: a knock is refused while the join rule is another one, and nothing of it is kept', async () => {
    const id = await room(version);
    const guest = somebody();
    const template = await guest.template('knock', id);
    for (const rule of ['invite', 'public', 'private', ...(version === '7' ? [] : ['restricted'])]) {
      await setRule(id, rule);
      expectError(await guest.make('knock', id), 403, 'M_FORBIDDEN', rule);
      expectError(await guest.send('knock', id, guest.sign(template)), 403, 'M_FORBIDDEN', rule);
    }
    expect(await kept(id, guest)).toBe(0);
  });

  it('4: who is invited, joined or banned cannot knock, with a template of before either', async () => {
    const id = await room(version);
    const guest = somebody();
    const template = await guest.template('knock', id);
    const refused = async (what: string): Promise<void> => {
      const before = await kept(id, guest);
      expectError(await guest.make('knock', id), 403, 'M_FORBIDDEN', what);
      expectError(await guest.send('knock', id, guest.sign(template, jsonObject({ what }))), 403, 'M_FORBIDDEN', what);
      expect(await kept(id, guest), what).toBe(before);
    };
    other.on('/_matrix/federation/v2/invite/', signsInvites(other));
    await owner.ok('POST', `/rooms/${id}/invite`, { user_id: guest.userId });
    await refused('invited');
    await guest.does('join', id);
    await refused('joined');
    await owner.ok('POST', `/rooms/${id}/ban`, { user_id: guest.userId });
    await refused('banned');
    await owner.ok('POST', `/rooms/${id}/unban`, { user_id: guest.userId });
    await guest.does('knock', id);
    expect(await kindsOf(story, id, guest.userId)).toEqual([
      'INVITE_SENT',
      'INVITE_ACCEPTED',
      'BANNED',
      'UNBANNED',
      'KNOCK_REQUESTED',
    ]);
  });

  it('3: another knock while one is pending renews it, and the same one again changes nothing', async () => {
    const id = await room(version);
    const guest = somebody();
    const first = await guest.does('knock', id, jsonObject({ reason: 'one' }));
    const counts = await story.counts();
    const again = await guest.send('knock', id, first);
    expect(again).toMatchObject({ status: 200, json: first.answer.json });
    expect(await story.counts()).toEqual(counts);
    await guest.does('knock', id, jsonObject({ reason: 'two' }));
    expect(await kindsOf(story, id, guest.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_RENEWED']);
    expect(await episodesOf(story, id, guest.userId)).toEqual(['PENDING']);
    expect(await story.rows('select reason from knocks where room_id = $1', [id])).toEqual([{ reason: 'two' }]);
  });

  it('is shown as it was to who knocked then, not as it became', async () => {
    const id = await room(version, { topic: 'Books' });
    const guest = somebody();
    const sent = await guest.does('knock', id);
    await owner.ok('POST', `/rooms/${id}/ban`, { user_id: guest.userId });
    await setRule(id, 'invite');
    await owner.ok('PUT', `/rooms/${id}/state/m.room.topic`, { topic: 'Plans' });
    expect(await guest.send('knock', id, sent)).toMatchObject({ status: 200, json: sent.answer.json });
  });

  it('5: a knock that was rejected may be made again, of which the knocker never heard', async () => {
    const id = await room(version);
    const guest = somebody();
    await guest.does('knock', id);
    await owner.ok('POST', `/rooms/${id}/kick`, { user_id: guest.userId });
    await guest.does('knock', id);
    expect(await episodesOf(story, id, guest.userId)).toEqual(['REJECTED', 'PENDING']);
  });

  it('takes knocks that were made on one template, all of them, whatever came in between', async () => {
    const id = await room(version);
    const guests = Array.from({ length: 12 }, () => somebody());
    const templates = await Promise.all(guests.map((guest) => guest.template('knock', id)));
    await owner.ok('PUT', `/rooms/${id}/state/m.room.topic`, { topic: 'moved on' });
    const sent = await Promise.all(guests.map((guest, n) => guest.send('knock', id, guest.sign(templates[n]!))));
    expect(sent.map(({ status }) => status)).toEqual(guests.map(() => 200));
    for (const { userId } of guests) expect(await membershipIn(owner, id, userId)).toBe('knock');
    await kim.call('POST', `/knock/${id}`, {});
    expect(await membershipIn(owner, id, kim.userId)).toBe('knock');
  });

  it('lets a knock be retracted by its own server, and nothing be left twice', async () => {
    const id = await room(version);
    const guest = somebody();
    expectError(await guest.make('leave', id), 403, 'M_FORBIDDEN');
    await guest.does('knock', id);
    const { answer } = await guest.does('leave', id, jsonObject({ reason: 'never mind' }));
    expect(answer.json).toEqual({});
    expectError(await guest.make('leave', id), 403, 'M_FORBIDDEN');
    expect(await episodesOf(story, id, guest.userId)).toEqual(['RETRACTED']);
  });
});

describe('2: knock_restricted', () => {
  it.each(['7', '8', '9'])('is no rule of version %s, and admits nobody', async (version) => {
    const id = await room(version, { initial_state: [joinRule({ join_rule: 'knock_restricted', allow: [] })] });
    const guest = somebody();
    for (const act of ['knock', 'join'] as const)
      expectError(await guest.make(act, id), 403, 'M_FORBIDDEN', `${version} ${act}`);
  });

  it.each(['10', '11', '12'])('takes knocks in version %s', async (version) => {
    const id = await room(version, { initial_state: [joinRule({ join_rule: 'knock_restricted', allow: [] })] });
    const guest = somebody();
    await guest.does('knock', id);
    expect(await membershipIn(owner, id, guest.userId)).toBe('knock');
  });
});

describe('13: make_knock', () => {
  it('wants to be told the versions that the other server speaks', async () => {
    const id = await room('10');
    const guest = somebody();
    expectError(await guest.make('knock', id, null), 400, 'M_MISSING_PARAM');
    const { status, json } = await guest.make('knock', id, ['9', '11', 'org.example']);
    expect({ status, json }).toMatchObject({
      status: 400,
      json: { errcode: 'M_INCOMPATIBLE_ROOM_VERSION', room_version: '10' },
    });
    expect((await guest.make('knock', id, ['10'])).status).toBe(200);
  });

  it('is for users of the server that asks, and for rooms that somebody here is in', async () => {
    const id = await room('12');
    const stranger = remoteMember({ ...other, name: (await story.otherServer()).name }, 'stranger');
    for (const act of ['knock', 'join', 'leave'] as const) {
      expectError(await stranger.make(act, id), 403, 'M_FORBIDDEN', act);
      expectError(await somebody().make(act, '!none:localhost'), 404, 'M_NOT_FOUND', act);
      expectError(await somebody().make(act, 'none'), 400, 'M_INVALID_PARAM', act);
    }
    const guest = somebody();
    const template = await guest.template('knock', id);
    await owner.ok('POST', `/rooms/${id}/leave`, {});
    expectError(await guest.make('knock', id), 404, 'M_NOT_FOUND');
    expectError(await guest.send('knock', id, guest.sign(template)), 404, 'M_NOT_FOUND');
    expect(await kept(id, guest)).toBe(0);
  });
});

it('50: a server that the room shuts out can neither knock nor join nor leave', async () => {
  const id = await room('12');
  const guest = somebody();
  const template = await guest.template('knock', id);
  const acl = { allow: ['*'], deny: ['LOCALHOST'], allow_ip_literals: true };
  await owner.ok('PUT', `/rooms/${id}/state/m.room.server_acl`, acl);
  for (const act of ['knock', 'join', 'leave'] as const)
    expectError(await guest.make(act, id, ['1']), 403, 'M_FORBIDDEN', act);
  expectError(await guest.send('knock', id, guest.sign(template)), 403, 'M_FORBIDDEN');
  expect(await kept(id, guest)).toBe(0);
  await owner.ok('POST', `/rooms/${id}/ban`, { user_id: guest.userId });
});

describe('12: send_knock', () => {
  it('takes nothing but a knock of the user, the room and the id that it is for', async () => {
    const id = await room('11');
    const elsewhere = await room('11');
    const guest = somebody();
    const template = await guest.template('knock', id);
    const alter = (fields: object, content = {}) =>
      guest.sign(template, jsonObject(content), jsonObject({ ...fields }));
    const wrong = {
      'a message': alter({ type: 'm.room.message' }),
      'no state event': guest.sign({ ...template, event: withoutKey(template.event, 'state_key') }),
      'a join': alter({}, { membership: 'join' }),
      'a leave': alter({}, { membership: 'leave' }),
      'an invite': alter({}, { membership: 'invite' }),
      'no membership': alter({}, { membership: 1 }),
      'about somebody else': alter({ state_key: owner.userId }),
      'by somebody else': alter({ sender: owner.userId, state_key: owner.userId }),
      'of another room': alter({ room_id: elsewhere }),
      'of no room': guest.sign({ ...template, event: withoutKey(template.event, 'room_id') }),
    };
    for (const [what, member] of Object.entries(wrong))
      expectError(await guest.send('knock', id, member), 400, 'M_INVALID_PARAM', what);
    for (const act of ['join', 'leave'] as const)
      expectError(await guest.send(act, id, alter({})), 400, 'M_INVALID_PARAM', act);
    expect(await kept(id, guest)).toBe(0);
  });

  it('takes no event that was altered on its way, under another id, or that is not signed', async () => {
    const id = await room('11');
    const guest = somebody();
    const good = guest.sign(await guest.template('knock', id), jsonObject({ reason: 'mine' }));
    const { pdu, eventId } = good;
    const unsigned = { ...pdu, signatures: jsonObject({}) };
    const forged = { ...pdu, signatures: jsonObject({ [other.name]: jsonObject({ 'ed25519:fake': 'AAAA' }) }) };
    const reworded = { ...pdu, content: jsonObject({ ...pdu.content, reason: 'theirs' }) };
    for (const [what, altered] of Object.entries({ unsigned, forged, reworded }))
      expectError(await guest.send('knock', id, { eventId, pdu: jsonObject(altered) }), 400, 'M_INVALID_PARAM', what);
    expectError(await guest.send('knock', id, { eventId: `$${'a'.repeat(43)}`, pdu }), 400, 'M_INVALID_PARAM', 'id');
    expect(await kept(id, guest)).toBe(0);
    expect(await guest.send('knock', id, good)).toMatchObject({ status: 200 });
  });

  it("takes no event that the room's version does not know, nor one that cites what is not known", async () => {
    const id = await room('11');
    const guest = somebody();
    const template = await guest.template('knock', id);
    const alter = (fields: object) => guest.sign(template, {}, jsonObject({ ...fields }));
    for (const fields of [
      { depth: -1 },
      { depth: '1' },
      { auth_events: 'none' },
      { prev_events: [1] },
      { origin_server_ts: 'now' },
    ])
      expectError(await guest.send('knock', id, alter(fields)), 400, 'M_BAD_JSON', JSON.stringify(fields));
    const unknown = `$${'b'.repeat(43)}`;
    for (const fields of [
      { prev_events: [unknown] },
      { auth_events: [...template.event.auth_events, unknown] },
      { prev_events: [] },
    ])
      expectError(await guest.send('knock', id, alter(fields)), 403, 'M_FORBIDDEN', JSON.stringify(fields));
    expect(await kept(id, guest)).toBe(0);
  });

  it('takes a template whose auth events leave something out for what it is', async () => {
    const id = await room('11');
    const guest = somebody();
    const template = await guest.template('knock', id);
    await owner.ok('POST', `/rooms/${id}/ban`, { user_id: guest.userId });
    const later = await owner.ok('GET', `/rooms/${id}/messages?dir=b&limit=1`);
    // After the ban, and as if it were not.
    const fields = jsonObject({ prev_events: [later.chunk[0].event_id] });
    expectError(await guest.send('knock', id, guest.sign(template, {}, fields)), 403, 'M_FORBIDDEN');
    expect(await kept(id, guest)).toBe(0);
  });
});

function withoutKey<T extends object>(fields: T, key: keyof T): T {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key)) as T;
}

it('leaves a log that verifies', async () => {
  const verified = await runRole(['verify', '--deep'], {
    DATABASE_URL: story.databaseUrl,
    DATA_DIR: story.server().dataDir,
  });
  expect(verified, verified.out).toMatchObject({ code: 0 });
});
