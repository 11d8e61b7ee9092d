/** What clients ask before and while they work, besides rooms: answered truthfully, and refused where nothing is kept. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

describe('what is not here', () => {
  it.each([
    ['/voip/turnServer', {}],
    ['/thirdparty/protocols', {}],
    ['/pushers', { pushers: [] }],
    ['/_matrix/client/unstable/org.matrix.msc4143/rtc/transports', { rtc_transports: [] }],
    ['/keys/changes?from=s0_0&to=s1_0', { changed: [], left: [] }],
  ])('%s says so', async (path, answer) => {
    expect(await kim.ok('GET', path)).toEqual(answer);
    expectRefusal(await request(story.url, 'GET', path), 401, 'M_MISSING_TOKEN');
  });

  it('a pusher is taken away, and not set up', async () => {
    const pusher = {
      app_id: 'io.x',
      pushkey: 'key',
      app_display_name: 'x',
      device_display_name: 'y',
      lang: 'en',
      data: {},
    };
    expect(await kim.ok('POST', '/pushers/set', { ...pusher, kind: null })).toEqual({});
    for (const kind of ['http', 'email'])
      expectRefusal(await kim.call('POST', '/pushers/set', { ...pusher, kind }), 400, 'M_INVALID_PARAM');
    expect(await kim.ok('GET', '/pushers')).toEqual({ pushers: [] });
  });

  it('encryption keys are neither known nor taken', async () => {
    const device_keys = { [owner.userId]: [], '@nobody:elsewhere.example': ['DEVICE'] };
    expect(await kim.ok('POST', '/keys/query', { device_keys })).toEqual({
      device_keys: { [owner.userId]: {}, '@nobody:elsewhere.example': {} },
      failures: {},
    });
    const one_time_keys = { [owner.userId]: { DEVICE: 'signed_curve25519' } };
    expect(await kim.ok('POST', '/keys/claim', { one_time_keys })).toEqual({ one_time_keys: {}, failures: {} });
    expect(await kim.ok('POST', '/keys/upload', {})).toEqual({ one_time_key_counts: {} });
    for (const kind of ['device_keys', 'one_time_keys', 'fallback_keys'])
      expectRefusal(await kim.call('POST', '/keys/upload', { [kind]: { a: 'b' } }), 403, 'M_FORBIDDEN');
    expectRefusal(await kim.call('GET', '/room_keys/version'), 404, 'M_NOT_FOUND');
  });

  it('presence is taken from oneself, and known of nobody', async () => {
    const path = `/presence/${kim.userId}/status`;
    expect(await kim.ok('PUT', path, { presence: 'online', status_msg: 'here' })).toEqual({});
    expectRefusal(await owner.call('PUT', path, { presence: 'online' }), 403, 'M_FORBIDDEN');
    expectRefusal(await owner.call('GET', path), 404, 'M_NOT_FOUND');
    expect((await owner.ok('GET', '/sync?set_presence=offline')).presence).toEqual({ events: [] });
  });
});

describe('what members tell while they read and write', () => {
  it('is taken from them alone, and told to nobody', async () => {
    const room = await knockRoom(owner);
    const asks = [
      ['PUT', `/rooms/${room}/typing/:me`, { typing: true, timeout: 1_000 }],
      ['POST', `/rooms/${room}/receipt/m.read/$event`, {}],
      ['POST', `/rooms/${room}/receipt/m.read.private/$event`, { thread_id: 'main' }],
      ['POST', `/rooms/${room}/read_markers`, { 'm.read': '$event', 'm.read.private': '$event' }],
    ] as const;
    const ask = (client: Client, [method, path, body]: (typeof asks)[number]): Promise<Answer> =>
      client.call(method, path.replace(':me', client.userId), body);
    const since = (await owner.ok('GET', '/sync')).next_batch;
    for (const each of asks) {
      expect(await ask(owner, each), each[1]).toMatchObject({ status: 200, body: {} });
      expectRefusal(await ask(kim, each), 403, 'M_FORBIDDEN', each[1]);
    }
    expectRefusal(await kim.call('PUT', `/rooms/${room}/typing/${owner.userId}`, { typing: true }), 403, 'M_FORBIDDEN');
    expect(await owner.ok('GET', `/sync?since=${since}`)).toMatchObject({ next_batch: since, rooms: { join: {} } });
  });

  it('is refused where it makes no sense', async () => {
    const room = await knockRoom(owner);
    for (const [path, body] of [
      ['m.liked/$event', {}],
      ['m.read/$event', { thread_id: '' }],
      ['m.fully_read/$event', { thread_id: 'main' }],
    ] as const)
      expectRefusal(await owner.call('POST', `/rooms/${room}/receipt/${path}`, body), 400, 'M_INVALID_PARAM', path);
  });

  it('is kept when it is the fully-read marker, whichever way it came', async () => {
    const room = await knockRoom(owner);
    let { next_batch: since } = await owner.ok('GET', '/sync');
    for (const [path, body, event_id] of [
      ['read_markers', { 'm.fully_read': '$one', 'm.read': '$two' }, '$one'],
      ['receipt/m.fully_read/$three', {}, '$three'],
    ] as const) {
      expect(await owner.ok('POST', `/rooms/${room}/${path}`, body)).toEqual({});
      const news = await owner.ok('GET', `/sync?since=${since}`);
      expect(news.rooms.join[room].account_data.events).toEqual([{ type: 'm.fully_read', content: { event_id } }]);
      since = news.next_batch;
      const data = `/user/${owner.userId}/rooms/${room}/account_data/m.fully_read`;
      expect(await owner.ok('GET', data)).toEqual({ event_id });
    }
  });
});

describe('a room’s tags', () => {
  it('are set, changed and taken off one by one, and told as account data', async () => {
    const room = await knockRoom(owner);
    const path = `/user/${owner.userId}/rooms/${room}/tags`;
    expect(await owner.ok('GET', path)).toEqual({ tags: {} });
    const { next_batch: since } = await owner.ok('GET', '/sync');
    await Promise.all(
      ['m.favourite', 'u.work', '__proto__'].map((tag) => owner.ok('PUT', `${path}/${tag}`, { order: 0.5 })),
    );
    await owner.ok('PUT', `${path}/u.work`, {});
    await owner.ok('DELETE', `${path}/__proto__`);
    await owner.ok('DELETE', `${path}/never-set`);
    const tags = { 'm.favourite': { order: 0.5 }, 'u.work': {} };
    expect(await owner.ok('GET', path)).toEqual({ tags });
    const news = await owner.ok('GET', `/sync?since=${since}`);
    expect(news.rooms.join[room].account_data.events).toEqual([{ type: 'm.tag', content: { tags } }]);
    for (const [method, at] of [
      ['GET', path],
      ['PUT', `${path}/x`],
      ['DELETE', `${path}/x`],
    ] as const)
      expectRefusal(await kim.call(method, at, method === 'PUT' ? {} : undefined), 403, 'M_FORBIDDEN', method);
  });
});
