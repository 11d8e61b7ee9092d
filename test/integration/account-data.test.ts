/** Account data: who keeps it, that syncs tell of it in order and miss nothing, and what it may take (PROTOCOL §1.2, §1.5). */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeAdmin } from '../support/accounts.ts';
import { knockRoom, request, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim] = await story.people('owner', 'kim');
});

afterAll(() => story.close());

type Body = Answer['body'];

const at = (client: Client, type: string, roomId?: string) =>
  `/user/${client.userId}${roomId === undefined ? '' : `/rooms/${roomId}`}/account_data/${encodeURIComponent(type)}`;
const keep = (client: Client, type: string, content: unknown, roomId?: string) =>
  client.ok('PUT', at(client, type, roomId), content);
const syncOf = (client: Client, since?: string, query = ''): Promise<Body> =>
  client.ok('GET', `/sync?${since === undefined ? '' : `since=${since}`}${query}`);
const tokenOf = async (client: Client): Promise<string> => (await syncOf(client)).next_batch;
const told = (news: Body): Body[] => news.account_data.events;
const toldOf = (news: Body, room: string): Body[] => news.rooms.join[room]?.account_data.events ?? [];

async function waiting(count: number): Promise<void> {
  const limits = { timeout: 30_000, interval: 20 };
  await vi.waitFor(async () => {
    const text = await (await fetch(`${story.url}/metrics`)).text();
    expect(Number(/^vestibule_sync_waiting (\d+)/m.exec(text)?.[1])).toBe(count);
  }, limits);
}

describe('account data', () => {
  it('is what was kept last, any JSON object, and read by its owner alone', async () => {
    expectRefusal(await kim.call('GET', at(kim, 'io.x')), 404, 'M_NOT_FOUND');
    const content = JSON.parse('{"order": 0.5, "deep": [{"\\u0000": "\\u0000 and \\u2028"}], "__proto__": {"a": 1e3}}');
    await keep(kim, 'io.x', content);
    expect(JSON.stringify(await kim.ok('GET', at(kim, 'io.x')))).toBe(JSON.stringify(content));
    await keep(kim, 'io.x', {});
    expect(await kim.ok('GET', at(kim, 'io.x'))).toEqual({});
    for (const [method, body] of [
      ['GET', undefined],
      ['PUT', {}],
    ] as const) {
      expectRefusal(await owner.call(method, at(kim, 'io.x'), body), 403, 'M_FORBIDDEN');
      expectRefusal(await owner.call(method, at(kim, 'io.x', '!r:x'), body), 403, 'M_FORBIDDEN');
      expectRefusal(await request(story.url, method, at(kim, 'io.x'), { body }), 401, 'M_MISSING_TOKEN');
    }
  });

  it('about a room is kept apart, whether or not one is in the room', async () => {
    const room = await knockRoom(owner);
    await keep(kim, 'io.y', { of: 'room' }, room);
    expectRefusal(await kim.call('GET', at(kim, 'io.y')), 404, 'M_NOT_FOUND');
    expect(await kim.ok('GET', at(kim, 'io.y', room))).toEqual({ of: 'room' });
    expectRefusal(await kim.call('GET', at(kim, 'io.y', '!other:x')), 404, 'M_NOT_FOUND');
    expectRefusal(await kim.call('PUT', at(kim, 'io.y', 'no-room'), {}), 400, 'M_INVALID_PARAM');
  });

  it('of the server’s own types is read and not set this way', async () => {
    const room = await knockRoom(owner);
    for (const type of ['m.push_rules', 'm.fully_read'])
      for (const roomId of [undefined, room])
        expectRefusal(await kim.call('PUT', at(kim, type, roomId), {}), 405, 'M_BAD_JSON');
    expect(Object.keys((await kim.ok('GET', at(kim, 'm.push_rules'))).global)).toContain('underride');
  });

  it('is an object of bounded size under a name of bounded length', async () => {
    const path = at(kim, 'io.x');
    expectRefusal(await kim.call('PUT', path, [1]), 400, 'M_BAD_JSON');
    const raw = (text: string) => request(story.url, 'PUT', path, { token: kim.token, raw: text });
    expectRefusal(await raw(''), 400, 'M_NOT_JSON');
    expectRefusal(await raw('{"a":1,"a":2}'), 400, 'M_NOT_JSON');
    expectRefusal(await kim.call('PUT', path, { text: 'x'.repeat(65_536) }), 413, 'M_TOO_LARGE');
    expectRefusal(await kim.call('PUT', at(kim, 'x'.repeat(256)), {}), 400, 'M_INVALID_PARAM');
    expectRefusal(await kim.call('PUT', at(kim, '\u0000'), {}), 400, 'M_BAD_JSON');
  });

  it('of one user does not grow without end', async () => {
    const [hoarder] = await story.people('hoarder');
    const content = { text: 'x'.repeat(64_000) };
    let refused: Answer | undefined;
    for (let n = 0; n < 200 && refused === undefined; n += 1) {
      const answer = await hoarder.call('PUT', at(hoarder, `io.${n}`), content);
      if (answer.status !== 200) refused = answer;
    }
    expectRefusal(refused!, 413, 'M_TOO_LARGE');
    // What is there can be made smaller, and then there is room again.
    for (const n of [0, 1]) await keep(hoarder, `io.${n}`, {});
    await keep(hoarder, 'io.new', content);
  });
});

describe('a sync', () => {
  it('tells all account data the first time, push rules included, then what changed', async () => {
    const [lee] = await story.people('lee');
    const first = await syncOf(lee);
    expect(told(first)).toMatchObject([{ type: 'm.push_rules', content: { global: { room: [], sender: [] } } }]);
    await keep(lee, 'io.a', { n: 1 });
    await keep(lee, 'io.b', { n: 1 });
    await keep(lee, 'io.a', { n: 2 });
    const second = await syncOf(lee, first.next_batch);
    const events = [
      { type: 'io.b', content: { n: 1 } },
      { type: 'io.a', content: { n: 2 } },
    ];
    expect(told(second)).toEqual(events);
    expect(told(await syncOf(lee, second.next_batch))).toEqual([]);
    // A token may be used again, and a first sync tells it all again.
    expect(told(await syncOf(lee, first.next_batch))).toEqual(events);
    expect(told(await syncOf(lee)).map(({ type }) => type)).toEqual(['m.push_rules', 'io.b', 'io.a']);
    expect(told(await syncOf(lee, second.next_batch, '&full_state=true'))).toHaveLength(3);
    expect(told(await syncOf(kim)).map(({ type }) => type)).not.toContain('io.a');
  });

  it('tells it in its room, without an event of the room, and all of it once one joins', async () => {
    const room = await knockRoom(owner);
    const since = await tokenOf(owner);
    await keep(owner, 'm.tag', { tags: { 'm.favourite': { order: 0.25 } } }, room);
    const news = await syncOf(owner, since);
    expect(told(news)).toEqual([]);
    const tag = { type: 'm.tag', content: { tags: { 'm.favourite': { order: 0.25 } } } };
    expect(news.rooms.join).toEqual({ [room]: expect.objectContaining({ account_data: { events: [tag] } }) });
    expect(news.rooms.join[room].timeline).toMatchObject({ events: [], limited: false });
    await owner.ok('PUT', `/rooms/${room}/state/m.room.name`, { name: 'x' });
    expect(toldOf(await syncOf(owner, news.next_batch), room)).toEqual([]);
    expect(toldOf(await syncOf(owner), room)).toEqual([tag]);

    await keep(kim, 'io.note', { before: 'joining' }, room);
    const [before] = [await tokenOf(kim)];
    await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
    await kim.ok('POST', `/join/${room}`, {});
    const note = { type: 'io.note', content: { before: 'joining' } };
    expect(toldOf(await syncOf(kim, before), room)).toEqual([note]);
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    const left = await syncOf(kim, before);
    expect(left.rooms.leave[room].account_data.events).toEqual([note]);
  });

  it('that waits is woken by it, and by nobody else’s', async () => {
    const room = await knockRoom(owner);
    const since = await tokenOf(owner);
    const polls = Array.from({ length: 5 }, () => syncOf(owner, since, '&timeout=60000'));
    await waiting(5);
    await keep(kim, 'io.wake', {});
    await keep(kim, 'io.wake', {}, room);
    await waiting(5);
    await keep(owner, 'io.wake', { up: true });
    for (const news of await Promise.all(polls))
      expect(told(news)).toEqual([{ type: 'io.wake', content: { up: true } }]);
    const next = await tokenOf(owner);
    const poll = syncOf(owner, next, '&timeout=60000');
    await waiting(1);
    await keep(owner, 'io.wake', { up: true }, room);
    expect(toldOf(await poll, room)).toEqual([{ type: 'io.wake', content: { up: true } }]);
  });

  it('misses nothing of what many clients keep at the same time', async () => {
    const [max] = await story.people('max');
    const seen = new Map<string, number>();
    const types = Array.from({ length: 40 }, (_, n) => `io.many.${n}`);
    let since = await tokenOf(max);
    let open = true;
    const reading = (async () => {
      for (let last = false; !last;) {
        last = !open;
        const news = await syncOf(max, since, '&timeout=100');
        since = news.next_batch;
        for (const { type, content } of told(news)) seen.set(type, content.n);
      }
    })();
    for (const n of [1, 2, 3]) await Promise.all(types.map((type) => keep(max, type, { n })));
    open = false;
    await reading;
    expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(types.map((type) => [type, 3])));
    expect(await syncOf(max, since)).toMatchObject({ next_batch: since, account_data: { events: [] } });
  });

  it('goes on from a token of before a restart, and from one that says nothing of account data', async () => {
    const [old] = await story.people('old');
    await keep(old, 'io.before', {});
    const since = await tokenOf(old);
    await story.restart();
    expect(told(await syncOf(old, since))).toEqual([]);
    await keep(old, 'io.after', {});
    expect(told(await syncOf(old, since))).toEqual([{ type: 'io.after', content: {} }]);
    const [logOnly] = since.split('_');
    expect(told(await syncOf(old, logOnly)).map(({ type }) => type)).toEqual(['io.before', 'io.after']);
    // Members as of a token are asked for with the same tokens.
    const room = await knockRoom(old);
    await old.ok('GET', `/rooms/${room}/members?at=${await tokenOf(old)}`);
    expectRefusal(await old.call('GET', '/sync?since=s1_x'), 400, 'M_INVALID_PARAM');
  });
});

it('account data is gone once its user is erased, and what they keep later is told', async () => {
  const [gone] = await story.people('gone');
  await keep(gone, 'io.words', { words: 'megalosaurus' });
  const since = await tokenOf(gone);
  await makeAdmin(story, owner);
  const { errors } = await owner.graphql('mutation($id: String!) { eraseUser(input: {userId: $id}) { __typename } }', {
    id: gone.userId,
  });
  expect(errors).toBeUndefined();
  expect(await story.rows('select from account_data where user_id = $1', [gone.userId])).toEqual([]);
  expectRefusal(await gone.call('GET', at(gone, 'io.words')), 404, 'M_NOT_FOUND');
  await keep(gone, 'io.words', { words: 'new' });
  expect(told(await syncOf(gone, since))).toEqual([{ type: 'io.words', content: { words: 'new' } }]);
});
