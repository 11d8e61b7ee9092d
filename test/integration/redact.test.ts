/** Redacting events: who may, what readers see afterwards, and that the words are gone (PROTOCOL §1.3, §3.5, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, type Answer, type Client } from '../support/client.ts';
import { runRole } from '../support/server.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';

const VERSIONS = ['7', '10', '11', '12'] as const;

let story: Story;
let mara: Client;
let finn: Client;
let kim: Client;
let out: Client;

beforeAll(async () => {
  story = await openStory();
  [mara, finn, kim, out] = await story.people('mara', 'finn', 'kim', 'out');
});

afterAll(() => story.close());

const inRoom = (roomId: string): string => `/rooms/${encodeURIComponent(roomId)}`;
let transactions = 0;
const newTxn = (): string => `r${(transactions += 1)}`;

/** A room that mara keeps and finn is in. */
async function makeRoom(version: string, options: object = {}): Promise<string> {
  const roomId = await knockRoom(mara, { room_version: version, ...options });
  await mara.ok('POST', `${inRoom(roomId)}/invite`, { user_id: finn.userId });
  await finn.ok('POST', `${inRoom(roomId)}/join`, {});
  return roomId;
}

async function say(who: Client, roomId: string, body: string): Promise<string> {
  const path = `${inRoom(roomId)}/send/m.room.message/${newTxn()}`;
  return (await who.ok('PUT', path, { msgtype: 'm.text', body })).event_id;
}

const redact = (who: Client, roomId: string, eventId: string, body: object = {}, txnId = newTxn()): Promise<Answer> =>
  who.call('PUT', `${inRoom(roomId)}/redact/${encodeURIComponent(eventId)}/${txnId}`, body);

async function redacted(who: Client, roomId: string, eventId: string, body: object = {}): Promise<string> {
  const answer = await redact(who, roomId, eventId, body);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.event_id;
}

// oxlint-disable-next-line typescript/no-explicit-any -- what a server answers is looked at field by field
type Shown = any;

const FILTER = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 100 } } }));

/** An event of the timeline as somebody sees it. */
async function seen(who: Client, roomId: string, eventId: string): Promise<Shown> {
  const news = await who.ok('GET', `/sync?filter=${FILTER}`);
  return news.rooms.join[roomId].timeline.events.find((event: Shown) => event.event_id === eventId);
}

const stateEvent = (who: Client, roomId: string, type: string, key = ''): Promise<Shown> =>
  who.ok('GET', `${inRoom(roomId)}/state/${type}/${encodeURIComponent(key)}?format=event`);

/** In how many rows of any table of words this text stands. */
async function copiesOf(text: string): Promise<number> {
  const [row] = await story.rows<{ copies: number }>(
    `select (select count(*) from event_content where position(convert_to($1, 'UTF8') in content) > 0)::int4
          + (select count(*) from events where position(convert_to($1, 'UTF8') in proof || coalesce(auth_extra, '')) > 0)::int4
          + (select count(*) from knocks where concat(reason, display_name) like '%' || $1 || '%')::int4
          + (select count(*) from member_words where reason @@ phraseto_tsquery('simple', $1) or names @@ phraseto_tsquery('simple', $1))::int4
          + (select count(*) from room_search where words like '%' || lower($1) || '%')::int4 as copies`,
    [text],
  );
  return row!.copies;
}

describe.each(VERSIONS)('in a room of version %s', (version) => {
  it('a redacted message has lost its words for everybody, and tells by whom and why', async () => {
    const roomId = await makeRoom(version);
    const text = `iguanodon of version ${version}`;
    const eventId = await say(finn, roomId, text);
    const other = await say(finn, roomId, `${text}, its neighbour`);
    expect(await copiesOf(text)).toBe(2);
    const redaction = await redacted(finn, roomId, eventId, { reason: 'a typo' });
    for (const who of [finn, mara]) {
      const event = await seen(who, roomId, eventId);
      expect(event).toMatchObject({ type: 'm.room.message', sender: finn.userId, content: {} });
      expect(event.content).toEqual({});
      expect(event.unsigned.redacted_because).toMatchObject({
        event_id: redaction,
        type: 'm.room.redaction',
        sender: finn.userId,
        content: { reason: 'a typo', redacts: eventId },
        redacts: eventId,
      });
      const asked = await who.ok('GET', `${inRoom(roomId)}/event/${encodeURIComponent(eventId)}`);
      const { chunk } = await who.ok('GET', `${inRoom(roomId)}/messages?dir=b&limit=5`);
      const around = await who.ok('GET', `${inRoom(roomId)}/context/${encodeURIComponent(eventId)}`);
      for (const same of [asked, chunk.find((e: Shown) => e.event_id === eventId), around.event]) {
        expect(same).toMatchObject({
          content: {},
          unsigned: { redacted_because: { event_id: redaction, room_id: roomId } },
        });
      }
      expect(await seen(who, roomId, redaction)).toMatchObject({ content: { reason: 'a typo', redacts: eventId } });
      expect((await seen(who, roomId, other)).unsigned).not.toHaveProperty('redacted_because');
    }
    expect(await copiesOf(text)).toBe(1);
  });

  it('names its target where the version has it', async () => {
    const roomId = await makeRoom(version);
    const eventId = await say(mara, roomId, 'target');
    const redaction = await redacted(mara, roomId, eventId, {});
    const [row] = await story.rows<{ proof: Buffer; content: Buffer | null; redacts: string }>(
      `select e.proof, c.content, e.redacts from events e
         left join event_content c on c.room_id = e.room_id and c.event = e.position where e.event_id = $1`,
      [redaction],
    );
    const proof = JSON.parse(row!.proof.toString());
    const words = row!.content === null ? null : JSON.parse(row!.content.toString());
    expect(row!.redacts).toBe(eventId);
    if (Number(version) >= 11) {
      expect([proof.content, proof.redacts, words]).toEqual([{ redacts: eventId }, undefined, null]);
    } else {
      expect([proof.content, proof.redacts, words]).toEqual([
        {},
        undefined,
        { content: {}, event: { redacts: eventId } },
      ]);
    }
  });

  it('a redacted member keeps the membership and loses name and reason, in state, members and sync', async () => {
    const name = `Finn the ${version}th`;
    await finn.ok('PUT', `/profile/${finn.userId}/displayname`, { displayname: name });
    const roomId = await makeRoom(version);
    const member = await stateEvent(mara, roomId, 'm.room.member', finn.userId);
    expect(member.content.displayname).toBe(name);
    const redaction = await redacted(mara, roomId, member.event_id);
    const shown = [
      await stateEvent(finn, roomId, 'm.room.member', finn.userId),
      (await finn.ok('GET', `${inRoom(roomId)}/state`)).find((e: Shown) => e.event_id === member.event_id),
      (await mara.ok('GET', `${inRoom(roomId)}/members`)).chunk.find((e: Shown) => e.event_id === member.event_id),
      await seen(mara, roomId, member.event_id),
    ];
    for (const event of shown) {
      expect(event.content).toEqual({ membership: 'join' });
      expect(event.unsigned.redacted_because.event_id).toBe(redaction);
      expect(event.unsigned, 'nor is the name before told').not.toHaveProperty('prev_content');
    }
    await say(finn, roomId, 'still here');
    await finn.ok('PUT', `/profile/${finn.userId}/displayname`, { displayname: 'Finn' });
    const renewed = await stateEvent(mara, roomId, 'm.room.member', finn.userId);
    expect(renewed.content).toEqual({ membership: 'join', displayname: 'Finn' });
  });

  it('the levels that a redaction drops stay in force, and are not shown', async () => {
    const roomId = await makeRoom(version, {
      power_level_content_override: { invite: 30, notifications: { room: 20 } },
    });
    const levels = await stateEvent(mara, roomId, 'm.room.power_levels');
    await redacted(mara, roomId, levels.event_id);
    const refused = async (): Promise<void> =>
      expectRefusal(await finn.call('POST', `${inRoom(roomId)}/invite`, { user_id: out.userId }), 403, 'M_FORBIDDEN');
    await refused();
    const { content } = await stateEvent(mara, roomId, 'm.room.power_levels');
    expect(content).not.toHaveProperty('notifications');
    expect(content.invite).toBe(Number(version) >= 11 ? 30 : undefined);
    expect(content.users_default).toBe(0);
  });
});

describe('a knock whose words are redacted', () => {
  it('stays pending without a reason, for moderators in GraphQL too, and is accepted as any other', async () => {
    const roomId = await makeRoom('12');
    await kim.ok('POST', `/knock/${roomId}`, { reason: 'allosaurus at the door' });
    const knock = await stateEvent(mara, roomId, 'm.room.member', kim.userId);
    expect(await copiesOf('allosaurus')).toBe(3);
    await redacted(mara, roomId, knock.event_id, { reason: 'no dinosaurs' });
    expect(await copiesOf('allosaurus')).toBe(0);
    const query = `query ($room: String!) { room(roomId: $room) {
      knocks { nodes { status reason event { content erased } } }
      transitions(where: { kinds: [KNOCK_REQUESTED] }) { nodes { reason user { userId } } } } }`;
    const { data } = await mara.graphql(query, { room: roomId });
    expect(data.room.knocks.nodes).toEqual([
      { status: 'PENDING', reason: null, event: { content: { membership: 'knock' }, erased: true } },
    ]);
    expect(data.room.transitions.nodes).toEqual([{ reason: null, user: { userId: kim.userId } }]);
    const doorstep = (await kim.ok('GET', '/sync')).rooms.knock[roomId].knock_state.events;
    expect(doorstep.at(-1)).toMatchObject({ state_key: kim.userId, content: { membership: 'knock' } });
    expect(JSON.stringify(doorstep)).not.toContain('allosaurus');
    await mara.ok('POST', `${inRoom(roomId)}/invite`, { user_id: kim.userId });
    expect((await mara.graphql(query, { room: roomId })).data.room.knocks.nodes[0].status).toBe('ACCEPTED');
  });

  it('can be renewed with the very words that were taken', async () => {
    const roomId = await makeRoom('11');
    const again = { reason: 'brontosaurus again' };
    await kim.ok('POST', `/knock/${encodeURIComponent(roomId)}`, again);
    const first = await stateEvent(mara, roomId, 'm.room.member', kim.userId);
    await redacted(mara, roomId, first.event_id);
    await kim.ok('POST', `/knock/${encodeURIComponent(roomId)}`, again);
    const second = await stateEvent(mara, roomId, 'm.room.member', kim.userId);
    expect(second).toMatchObject({ content: { reason: 'brontosaurus again' } });
    await redacted(mara, roomId, first.event_id, { reason: 'once more' });
    const query = 'query ($room: String!) { room(roomId: $room) { knocks { nodes { status reason } } } }';
    const { data } = await kim.graphql(query, { room: roomId });
    expect(data.room.knocks.nodes).toEqual([{ status: 'PENDING', reason: 'brontosaurus again' }]);
  });

  it('that was declined loses the decision’s reason where the decision is redacted', async () => {
    const roomId = await makeRoom('12');
    await kim.ok('POST', `/knock/${roomId}`, { reason: 'please' });
    await mara.ok('POST', `${inRoom(roomId)}/kick`, { user_id: kim.userId, reason: 'diplodocus, no' });
    const decision = await stateEvent(mara, roomId, 'm.room.member', kim.userId);
    await redacted(mara, roomId, decision.event_id);
    const query =
      'query ($room: String!) { room(roomId: $room) { knocks { nodes { status reason decisionReason } } } }';
    const { data } = await kim.graphql(query, { room: roomId });
    expect(data.room.knocks.nodes).toEqual([{ status: 'REJECTED', reason: 'please', decisionReason: null }]);
    expect(await copiesOf('diplodocus')).toBe(0);
  });
});

describe('a redaction', () => {
  it('of what others sent needs the redact level, of one’s own only that redactions may be sent', async () => {
    const roomId = await makeRoom('11', { power_level_content_override: { events: { 'm.room.redaction': 0 } } });
    const hers = await say(mara, roomId, 'said by a moderator');
    expectRefusal(await redact(finn, roomId, hers), 403, 'M_FORBIDDEN');
    expect((await seen(finn, roomId, hers)).content.body).toBe('said by a moderator');
    const his = await say(finn, roomId, 'said by a member');
    await redacted(mara, roomId, his);
    const levels = await mara.ok('GET', `${inRoom(roomId)}/state/m.room.power_levels`);
    const events = { 'm.room.redaction': 10 };
    await mara.ok('PUT', `${inRoom(roomId)}/state/m.room.power_levels`, { ...levels, events });
    expectRefusal(await redact(finn, roomId, await say(finn, roomId, 'mine')), 403, 'M_FORBIDDEN');
  });

  it('is refused to who is not joined, whatever there is to redact', async () => {
    const roomId = await makeRoom('12');
    const eventId = await say(mara, roomId, 'inside');
    for (const id of [eventId, `$${'x'.repeat(43)}`]) expectRefusal(await redact(out, roomId, id), 403, 'M_FORBIDDEN');
    const own = await say(finn, roomId, 'before I left');
    await finn.ok('POST', `${inRoom(roomId)}/leave`, {});
    expectRefusal(await redact(finn, roomId, own), 403, 'M_FORBIDDEN');
  });

  it('of an event that the room does not have is not found', async () => {
    const roomId = await makeRoom('11');
    const elsewhere = await say(mara, await makeRoom('11'), 'in another room');
    for (const id of [elsewhere, `$${'x'.repeat(43)}`, 'nonsense', '%', '$'])
      expectRefusal(await redact(mara, roomId, id), 404, 'M_NOT_FOUND', id);
    expectRefusal(await redact(mara, roomId, elsewhere, { reason: 7 }), 400, 'M_BAD_JSON');
  });

  it('of what is no id is not found, and what it was is not kept among the acts', async () => {
    const room = await makeRoom('11');
    for (const said of [
      'my number is 555',
      '$my number is 555',
      'a\u0000b',
      `$\u0000${'x'.repeat(42)}`,
      'x'.repeat(9_000),
    ])
      expectRefusal(
        await finn.call('PUT', `${inRoom(room)}/send/m.room.redaction/${newTxn()}`, { redacts: said }),
        ...([404, 'M_NOT_FOUND', said] as const),
      );
    const acts = await story.rows('select distinct outcome, target from actions where room_id = $1 and outcome <> $2', [
      room,
      'ok',
    ]);
    expect(acts).toEqual([{ outcome: 'M_NOT_FOUND', target: null }]);
  });

  it('cannot take what a room is made of', async () => {
    const roomId = await makeRoom('10');
    const acl = { allow: ['*'], deny: ['evil.example'] };
    await mara.ok('PUT', `${inRoom(roomId)}/state/m.room.server_acl`, acl);
    for (const type of ['m.room.create', 'm.room.server_acl']) {
      const { event_id } = await stateEvent(mara, roomId, type);
      expectRefusal(await redact(mara, roomId, event_id), 403, 'M_FORBIDDEN', type);
    }
    expect(await mara.ok('GET', `${inRoom(roomId)}/state/m.room.server_acl`)).toEqual(acl);
  });

  it.each(['10', '11'])(
    'loses its reason when it is redacted itself, and stays in force (version %s)',
    async (version) => {
      const roomId = await makeRoom(version);
      const text = `pteranodon ${version}`;
      const eventId = await say(finn, roomId, 'whatever');
      const first = await redacted(mara, roomId, eventId, { reason: text });
      const second = await redacted(mara, roomId, first, { reason: 'not to be said' });
      const event = await seen(finn, roomId, eventId);
      expect(event.content).toEqual({});
      const kept = version === '11' ? { redacts: eventId } : {};
      expect(event.unsigned.redacted_because).toMatchObject({ event_id: first });
      expect(event.unsigned.redacted_because.content).toEqual(kept);
      const shown = await seen(finn, roomId, first);
      expect(shown.content).toEqual(kept);
      expect(shown.redacts).toBe(kept.redacts);
      expect(shown.unsigned.redacted_because.event_id).toBe(second);
      expect(await copiesOf(text)).toBe(0);
    },
  );

  it('may be repeated: both stand in the timeline, and the first is the one that is told', async () => {
    const roomId = await makeRoom('12');
    const eventId = await say(finn, roomId, 'twice');
    const first = await redacted(finn, roomId, eventId, { reason: 'first' });
    const second = await redacted(mara, roomId, eventId, { reason: 'second' });
    expect((await seen(mara, roomId, eventId)).unsigned.redacted_because.event_id).toBe(first);
    expect(await seen(mara, roomId, second)).toMatchObject({ content: { reason: 'second' } });
  });

  it('57: is made once for each transaction id of a device', async () => {
    const roomId = await makeRoom('12');
    const eventId = await say(finn, roomId, 'once');
    const txnId = newTxn();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => redact(finn, roomId, eventId, { reason: 'once' }, txnId)),
    );
    const [first] = answers;
    expect(answers.map(({ body }) => body)).toEqual(answers.map(() => ({ event_id: first!.body.event_id })));
    const found = await seen(finn, roomId, first!.body.event_id);
    expect(found.unsigned.transaction_id).toBe(txnId);
    const other = await say(finn, roomId, 'another');
    expect((await redact(finn, roomId, other, {}, txnId)).body.event_id).not.toBe(first!.body.event_id);
  });

  it('that is sent like any event is one, by the same rules', async () => {
    const roomId = await makeRoom('10');
    const hers = await say(mara, roomId, 'hers');
    const his = await say(finn, roomId, 'his');
    const send = (who: Client, content: object): Promise<Answer> =>
      who.call('PUT', `${inRoom(roomId)}/send/m.room.redaction/${newTxn()}`, content);
    expectRefusal(await send(finn, { redacts: hers }), 403, 'M_FORBIDDEN');
    expectRefusal(await send(finn, { redacts: 'nonsense' }), 404, 'M_NOT_FOUND');
    expectRefusal(await send(finn, {}), 400, 'M_BAD_JSON');
    expect(await send(finn, { redacts: his, reason: 'by hand' })).toMatchObject({ status: 200 });
    const { unsigned } = await seen(mara, roomId, his);
    expect(unsigned.redacted_because.content).toEqual({ redacts: his, reason: 'by hand' });
  });

  it('of what was just sent finds it, however fast', async () => {
    const roomId = await makeRoom('12');
    const done = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => redacted(mara, roomId, await say(mara, roomId, `stegosaurus ${n}`))),
    );
    expect(new Set(done).size).toBe(20);
    expect(await copiesOf('stegosaurus')).toBe(0);
  });

  it('of a name is seen wherever the name was shown', async () => {
    const roomId = await makeRoom('12', { name: 'Velociraptor Hall' });
    const query = 'query ($room: String!) { room(roomId: $room) { name } }';
    expect((await mara.graphql(query, { room: roomId })).data.room.name).toBe('Velociraptor Hall');
    expect(await copiesOf('Velociraptor')).toBe(2);
    const { event_id } = await stateEvent(mara, roomId, 'm.room.name');
    await redacted(mara, roomId, event_id);
    expect((await mara.graphql(query, { room: roomId })).data.room.name).toBeNull();
    await kim.ok('POST', `/knock/${roomId}`, {});
    expect(JSON.stringify((await kim.ok('GET', '/sync')).rooms.knock[roomId])).not.toContain('Velociraptor');
    expect(await copiesOf('Velociraptor')).toBe(0);
  });
});

describe('the log after all that', () => {
  it('verifies, and projections are what a replay makes of it', async () => {
    const env = { DATABASE_URL: story.databaseUrl, DATA_DIR: story.server().dataDir };
    const verified = await runRole(['verify'], env);
    expect(verified, verified.out).toMatchObject({ code: 0, out: expect.stringContaining('Clean.') });
    expect(Number(/words of (\d+) events erased or redacted/.exec(verified.out)?.[1])).toBeGreaterThan(20);
    expect(await runRole(['rebuild', '--compare'], env)).toMatchObject({ code: 0 });
  });

  it('says the same after a restart', async () => {
    const roomId = await makeRoom('7');
    const eventId = await say(finn, roomId, 'before');
    await redacted(finn, roomId, eventId);
    const before = await seen(mara, roomId, eventId);
    await story.restart();
    const after = await seen(mara, roomId, eventId);
    for (const event of [before, after]) {
      delete event.unsigned.age;
      delete event.unsigned.redacted_because.unsigned.age;
    }
    expect(after).toEqual(before);
  });
});
