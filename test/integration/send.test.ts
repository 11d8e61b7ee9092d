/** Sending events: who may, what is refused, and each transaction id once for each device (PROTOCOL §1.1, §1.3, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forgetAnswers } from '../../src/log/keyed-answers.ts';
import { openDatabase } from '../../src/database/database.ts';
import { clientWith, knockRoom, request, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';

let story: Story;
let mara: Client;
let finn: Client;
let out: Client;
let roomId: string;

beforeAll(async () => {
  story = await openStory();
  [mara, finn, out] = await story.people('mara', 'finn', 'out');
  roomId = await knockRoom(mara, { room_version: '11' });
  await mara.ok('POST', `/rooms/${roomId}/invite`, { user_id: finn.userId });
  await finn.ok('POST', `/rooms/${roomId}/join`, {});
});

afterAll(() => story.close());

let transactions = 0;
const newTxn = (): string => `m${(transactions += 1)}`;
const pathOf = (txnId: string, type = 'm.room.message', room = roomId): string =>
  `/rooms/${encodeURIComponent(room)}/send/${encodeURIComponent(type)}/${encodeURIComponent(txnId)}`;
const say = (who: Client, body: string, txnId = newTxn()): Promise<Answer> =>
  who.call('PUT', pathOf(txnId), { msgtype: 'm.text', body });

interface Shown {
  readonly event_id: string;
  readonly type: string;
  readonly content: { readonly body?: string };
  readonly unsigned: { readonly transaction_id?: string };
}

/** The newest events of the room's timeline as somebody's device sees them. */
async function timelineOf(
  who: Client,
  filter: object = { room: { timeline: { limit: 100 } } },
): Promise<readonly Shown[]> {
  const news = await who.ok('GET', `/sync?filter=${encodeURIComponent(JSON.stringify(filter))}`);
  return news.rooms.join[roomId].timeline.events;
}

const storedAs = (body: string): Promise<readonly object[]> =>
  story.rows('select from event_content where position($1::bytea in content) > 0', [Buffer.from(body)]);

/** Another device of the same user. */
async function otherDevice(name: string, deviceId?: string): Promise<Client> {
  const body = { type: 'm.login.password', user: name, password: `password of ${name}`, device_id: deviceId };
  const answer = await request(story.url, 'POST', '/login', { body });
  return clientWith(story.url, answer.body.access_token, answer.body.user_id);
}

describe('a message', () => {
  it('is answered with its id and stands in everybody’s timeline', async () => {
    const { event_id } = await mara.ok('PUT', pathOf(newTxn()), { msgtype: 'm.text', body: 'hello' });
    for (const who of [mara, finn]) {
      const event = (await timelineOf(who)).find((shown) => shown.event_id === event_id);
      expect(event).toMatchObject({ type: 'm.room.message', sender: mara.userId, content: { body: 'hello' } });
      expect(event).not.toHaveProperty('state_key');
    }
  });

  it('may be of any type, and changes no state', async () => {
    const before = await mara.ok('GET', `/rooms/${roomId}/state`);
    await mara.ok('PUT', pathOf(newTxn(), 'io.vestibule.x/ü #?'), {});
    await mara.ok('PUT', pathOf(newTxn(), 'm.room.topic'), { topic: 'not a topic' });
    const types = (await timelineOf(finn)).map(({ type }) => type);
    expect(types.slice(-2)).toEqual(['io.vestibule.x/ü #?', 'm.room.topic']);
    const after = await mara.ok('GET', `/rooms/${roomId}/state`);
    const ids = (events: readonly Shown[]): readonly string[] => events.map((event) => event.event_id);
    expect(ids(after)).toEqual(ids(before));
  });

  it('is refused to who is not joined, and the same in a room that does not exist', async () => {
    const refusal = await say(out, 'let me in');
    expectRefusal(refusal, 403, 'M_FORBIDDEN');
    const nowhere = await out.call('PUT', pathOf(newTxn(), 'm.room.message', '!nowhere:localhost:8448'), {});
    expect(nowhere.body).toEqual(refusal.body);
    await out.ok('POST', `/knock/${roomId}`, {});
    expectRefusal(await say(out, 'I knock'), 403, 'M_FORBIDDEN', 'a knocker');
    expect(await storedAs('let me in')).toEqual([]);
  });

  it('needs the power that the room asks for its type', async () => {
    const levels = await mara.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
    const events = { ...levels.events, 'io.vestibule.loud': 50 };
    await mara.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, events });
    expectRefusal(await finn.call('PUT', pathOf(newTxn(), 'io.vestibule.loud'), {}), 403, 'M_FORBIDDEN');
    await mara.ok('PUT', pathOf(newTxn(), 'io.vestibule.loud'), {});
    expectRefusal(await finn.call('PUT', pathOf(newTxn(), 'm.room.member'), { membership: 'ban' }), 403, 'M_FORBIDDEN');
    expectRefusal(await mara.call('PUT', pathOf(newTxn(), 'm.room.create'), {}), 403, 'M_FORBIDDEN');
  });

  it.each([
    ['a float', '{"a": 1.5}'],
    ['an exponent', '{"a": 1e3}'],
    ['a negative zero', '{"a": -0}'],
    ['a number out of range', '{"a": {"b": [9007199254740992]}}'],
    ['a list', '[]'],
  ])('with %s is refused as bad JSON', async (_, raw) => {
    const path = `/_matrix/client/v3${pathOf(newTxn())}`;
    expectRefusal(await request(story.url, 'PUT', path, { token: mara.token, raw }), 400, 'M_BAD_JSON');
  });

  it('that is no JSON, or larger than an event may be, is refused', async () => {
    const path = `/_matrix/client/v3${pathOf(newTxn())}`;
    expectRefusal(await request(story.url, 'PUT', path, { token: mara.token, raw: '{"a":' }), 400, 'M_NOT_JSON');
    expectRefusal(await request(story.url, 'PUT', path, { token: mara.token }), 400, 'M_NOT_JSON');
    expectRefusal(await say(mara, 'x'.repeat(65_000)), 413, 'M_TOO_LARGE');
    expectRefusal(await say(mara, 'x'.repeat(140_000)), 413, 'M_TOO_LARGE');
    expectRefusal(await mara.call('PUT', pathOf(newTxn(), 'x'.repeat(256)), {}), 413, 'M_TOO_LARGE');
  });
});

describe('a transaction id', () => {
  it('57: makes one event for one device, and another for another device', async () => {
    const txnId = newTxn();
    const first = await say(mara, 'said once', txnId);
    const again = await say(mara, 'said once', txnId);
    expect(again.body).toEqual(first.body);
    const phone = await otherDevice('mara');
    const other = await say(phone, 'said once', txnId);
    expect(other.body.event_id).not.toBe(first.body.event_id);
    expect(await storedAs('said once')).toHaveLength(2);
  });

  it('answers repeats at the same time alike, whatever they say', async () => {
    const txnId = newTxn();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => say(finn, `all at once ${n}`, txnId)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ body }) => body.event_id)).size).toBe(1);
    expect(await storedAs('all at once')).toHaveLength(1);
  });

  it('stands for its path: another room or type, or a redaction, is another request', async () => {
    const other = await knockRoom(mara);
    const txnId = newTxn();
    const answers = [
      await say(mara, 'here', txnId),
      await mara.call('PUT', pathOf(txnId, 'm.sticker'), {}),
      await mara.call('PUT', pathOf(txnId, 'm.room.message', other), {}),
    ];
    expect(new Set(answers.map(({ body }) => body.event_id)).size).toBe(3);
    const old = `/_matrix/client/r0${pathOf(txnId)}`;
    const sameByAnotherName = await request(story.url, 'PUT', old, { token: mara.token, body: { body: 'here' } });
    expect(sameByAnotherName.body).toEqual(answers[0]!.body);
  });

  it('that was refused may be tried again', async () => {
    const txnId = newTxn();
    expectRefusal(await say(out, 'later', txnId), 403, 'M_FORBIDDEN');
    await mara.ok('POST', `/rooms/${roomId}/invite`, { user_id: out.userId });
    await out.ok('POST', `/rooms/${roomId}/join`, {});
    const said = await say(out, 'later', txnId);
    expect(said.status).toBe(200);
    await out.ok('POST', `/rooms/${roomId}/leave`, {});
    expect((await say(out, 'later', txnId)).body, 'and was answered, is answered so for ever').toEqual(said.body);
  });

  it('is remembered over a restart, also by another token of the device', async () => {
    const tablet = await otherDevice('finn', 'TABLET');
    const txnId = newTxn();
    const first = await say(tablet, 'before the restart', txnId);
    await story.restart();
    expect((await say(tablet, 'before the restart', txnId)).body).toEqual(first.body);
    const again = await otherDevice('finn', 'TABLET');
    expect((await say(again, 'before the restart', txnId)).body).toEqual(first.body);
    expect(await storedAs('before the restart')).toHaveLength(1);
  });

  it('is told to the device that sent the event, and to nobody else', async () => {
    const desk = await otherDevice('finn');
    const txnId = 'a “strange” id/?#\\';
    const { event_id } = (await say(desk, 'mine', txnId)).body;
    const idSeenBy = async (who: Client): Promise<string | undefined> =>
      (await timelineOf(who)).find((event) => event.event_id === event_id)!.unsigned.transaction_id;
    expect(await idSeenBy(desk)).toBe(txnId);
    expect(await idSeenBy(finn), 'another device').toBeUndefined();
    expect(await idSeenBy(mara), 'another user').toBeUndefined();
    const own = (await timelineOf(desk)).filter(({ unsigned }) => unsigned.transaction_id !== undefined);
    expect(
      own.map((event) => event.event_id),
      'what others sent',
    ).toEqual([event_id]);
  });

  it('is forgotten some days after, the newer ones not', async () => {
    const txnId = newTxn();
    const first = await say(mara, 'long ago', txnId);
    const newer = newTxn();
    const kept = await say(mara, 'just now', newer);
    const [row] = await story.rows<{ position: number }>('select position from events where event_id = $1', [
      first.body.event_id,
    ]);
    await story.rows("update idempotency set at = at - interval '8 days' where position = $1", [row!.position]);
    const database = openDatabase({ url: story.databaseUrl, max: 1 });
    expect(await forgetAnswers(database.pool, new Date(Date.now() - 7 * 86_400_000))).toBe(1);
    await database.close();
    expect((await say(mara, 'long ago', txnId)).body.event_id).not.toBe(first.body.event_id);
    expect((await say(mara, 'just now', newer)).body).toEqual(kept.body);
  });
});
