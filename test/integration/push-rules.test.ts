/** Push rules: what everybody begins with, one's own rules and their order, and that syncs tell of changes. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { request, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';

let story: Story;
let kim: Client;
let count = 0;

beforeAll(async () => {
  story = await openStory();
});

beforeEach(async () => {
  count += 1;
  [kim] = await story.people(`kim${count}`);
});

afterAll(() => story.close());

const RULES = '/pushrules/global';
const all = async (): Promise<Answer['body']> => (await kim.ok('GET', '/pushrules/')).global;
const ids = async (kind: string): Promise<string[]> =>
  (await all())[kind].map((rule: { rule_id: string }) => rule.rule_id);
const put = (path: string, body: unknown) => kim.call('PUT', `${RULES}/${path}`, body);
const made = async (path: string, body: unknown) =>
  expect(await put(path, body)).toMatchObject({ status: 200, body: {} });
const mute = { actions: [] };

describe('the default push rules', () => {
  it('are the specification’s, in its order, and name their user', async () => {
    const rules = await all();
    expect(Object.keys(rules).sort()).toEqual(['content', 'override', 'room', 'sender', 'underride']);
    expect(await ids('override')).toEqual(
      [
        ...['master', 'suppress_notices', 'invite_for_me', 'member_event', 'is_user_mention', 'is_room_mention'],
        ...['tombstone', 'reaction', 'room.server_acl', 'suppress_edits'],
      ].map((name) => `.m.rule.${name}`),
    );
    expect(await ids('underride')).toEqual(
      ['call', 'encrypted_room_one_to_one', 'room_one_to_one', 'message', 'encrypted'].map((name) => `.m.rule.${name}`),
    );
    expect(rules.override[0]).toEqual({
      ...{ rule_id: '.m.rule.master', default: true, enabled: false, conditions: [], actions: [] },
    });
    expect(rules.override[2].conditions).toContainEqual({ kind: 'event_match', key: 'state_key', pattern: kim.userId });
    expect(rules.override[4].conditions).toEqual([
      { kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: kim.userId },
    ]);
    for (const path of ['/pushrules', '/_matrix/client/r0/pushrules/'])
      expect(await kim.ok('GET', path)).toEqual({ global: rules });
    for (const path of [RULES, `${RULES}/`]) expect(await kim.ok('GET', path)).toEqual(rules);
    expectRefusal(await request(story.url, 'GET', '/pushrules/'), 401, 'M_MISSING_TOKEN');
  });

  it('can be switched and given other actions, each by itself, but neither replaced nor deleted', async () => {
    const path = 'override/.m.rule.master';
    expect(await kim.ok('GET', `${RULES}/${path}/enabled`)).toEqual({ enabled: false });
    await made(`${path}/enabled`, { enabled: true });
    expect(await kim.ok('GET', `${RULES}/${path}/enabled`)).toEqual({ enabled: true });
    const actions = ['notify', { set_tweak: 'sound', value: 'bing' }];
    await made('underride/.m.rule.message/actions', { actions });
    expect(await kim.ok('GET', `${RULES}/underride/.m.rule.message/actions`)).toEqual({ actions });
    expect(await kim.ok('GET', `${RULES}/underride/.m.rule.message`)).toMatchObject({
      ...{ rule_id: '.m.rule.message', default: true, enabled: true, actions },
    });
    expect((await all()).override[0].enabled).toBe(true);
    expectRefusal(await put(path, mute), 400, 'M_INVALID_PARAM');
    expectRefusal(await kim.call('DELETE', `${RULES}/${path}`), 400, 'M_INVALID_PARAM');
  });
});

describe('one’s own push rules', () => {
  it('come before the default ones, the newest first, but below the master rule', async () => {
    await made('override/one', { actions: ['notify'], conditions: [{ kind: 'room_member_count', is: '<=10' }] });
    await made('override/two', mute);
    expect((await ids('override')).slice(0, 4)).toEqual(['.m.rule.master', 'two', 'one', '.m.rule.suppress_notices']);
    await made('content/cake', { actions: ['notify'], pattern: 'cake*lie' });
    await made('room/!r:x', mute);
    await made(`sender/${encodeURIComponent('@spam:x')}`, mute);
    const rules = await all();
    expect(rules.override[2]).toEqual({
      ...{ rule_id: 'one', default: false, enabled: true, actions: ['notify'] },
      conditions: [{ kind: 'room_member_count', is: '<=10' }],
    });
    expect(rules.content).toEqual([
      { rule_id: 'cake', default: false, enabled: true, actions: ['notify'], pattern: 'cake*lie' },
    ]);
    expect(rules.room).toEqual([{ rule_id: '!r:x', default: false, enabled: true, actions: [] }]);
    expect(rules.sender.map((rule: { rule_id: string }) => rule.rule_id)).toEqual(['@spam:x']);
  });

  it('go where before and after say, and before decides', async () => {
    for (const name of ['c', 'b', 'a']) await made(`room/${name}`, mute);
    await made('room/x?before=b', mute);
    expect(await ids('room')).toEqual(['a', 'x', 'b', 'c']);
    await made('room/y?after=b', mute);
    expect(await ids('room')).toEqual(['a', 'x', 'b', 'y', 'c']);
    await made('room/a?after=c', mute);
    expect(await ids('room')).toEqual(['x', 'b', 'y', 'c', 'a']);
    await made('room/z?after=x&before=c', mute);
    expect(await ids('room')).toEqual(['x', 'b', 'y', 'z', 'c', 'a']);
    for (const place of ['before=nobody', 'after=nobody', 'before=q', 'after=.m.rule.master'])
      expectRefusal(await put(`room/q?${place}`, mute), 400, 'M_UNKNOWN', place);
    expect(await ids('room')).not.toContain('q');
  });

  it('are changed in their place and stay switched off, and are gone when deleted', async () => {
    for (const name of ['b', 'a']) await made(`content/${name}`, { actions: ['notify'], pattern: name });
    await made('content/b/enabled', { enabled: false });
    await made('content/b', { actions: [], pattern: 'other' });
    expect((await all()).content.slice(1)).toEqual([
      { rule_id: 'b', default: false, enabled: false, actions: [], pattern: 'other' },
    ]);
    await made('content/b/actions', { actions: ['notify'] });
    expect(await kim.ok('GET', `${RULES}/content/b`)).toMatchObject({ actions: ['notify'], pattern: 'other' });
    expect(await kim.ok('DELETE', `${RULES}/content/b`)).toEqual({});
    expect(await ids('content')).toEqual(['a']);
    expectRefusal(await kim.call('DELETE', `${RULES}/content/b`), 404, 'M_NOT_FOUND');
  });

  it('that are not there are not found, and what is no rule is refused', async () => {
    for (const path of ['room/none', 'room/none/enabled', 'room/none/actions', 'sender/.m.rule.master'])
      expectRefusal(await kim.call('GET', `${RULES}/${path}`), 404, 'M_NOT_FOUND', path);
    expectRefusal(await put('room/none/enabled', { enabled: true }), 404, 'M_NOT_FOUND');
    expectRefusal(await put('room/none/actions', mute), 404, 'M_NOT_FOUND');
    for (const path of ['device/x', '__proto__/x']) {
      expectRefusal(await put(path, mute), 400, 'M_INVALID_PARAM', path);
      expectRefusal(await kim.call('GET', `${RULES}/${path}`), 400, 'M_INVALID_PARAM', path);
    }
    for (const id of ['.mine', 'a%2Fb', 'a%5Cb'])
      expectRefusal(await put(`room/${id}`, mute), 400, 'M_INVALID_PARAM', id);
    expectRefusal(await put('room/x', {}), 400, 'M_BAD_JSON');
    expectRefusal(await put('room/x', { actions: [1] }), 400, 'M_INVALID_PARAM');
    expectRefusal(await put('override/x', { ...mute, conditions: ['x'] }), 400, 'M_INVALID_PARAM');
    expectRefusal(await put('content/x', mute), 400, 'M_MISSING_PARAM');
    expectRefusal(await put('room/x/enabled', { enabled: 'yes' }), 400, 'M_BAD_JSON');
    expect(await kim.ok('GET', '/sync').then((news) => news.account_data.events)).toHaveLength(1);
  });

  it('set at the same time are all kept', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `!${n}:x`);
    await Promise.all(names.map((name) => made(`room/${name}`, mute)));
    expect((await ids('room')).sort()).toEqual(names.sort());
  });

  it('are told to syncs as account data, whole, and only when they changed', async () => {
    const { next_batch: since } = await kim.ok('GET', '/sync');
    const poll = kim.ok('GET', `/sync?since=${since}&timeout=60000`);
    await made('room/!r:x', mute);
    const news = await poll;
    expect(news.account_data.events).toEqual([{ type: 'm.push_rules', content: { global: await all() } }]);
    expect((await kim.ok('GET', `/sync?since=${news.next_batch}`)).account_data.events).toEqual([]);
    await story.restart();
    expect((await kim.ok('GET', '/sync')).account_data.events).toEqual(news.account_data.events);
  });
});
