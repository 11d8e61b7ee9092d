/** Memberships that are asked of other servers, and what is made of their answers, good and bad. */
import { describe, expect, it } from 'vitest';
import type { MembershipCalls } from '../../src/federation/calls-membership.ts';
import { parseEventId, parseRoomId, parseUserId, type ServerName } from '../../src/matrix/identifiers.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import { badEvents, callsWorld, F, testCalls, type Call } from '../support/remote-calls.ts';
import { readExchanges } from '../support/traces.ts';

const roomId = parseRoomId('!a/room:there.test')!;
const eventId = parseEventId('$an/event+id')!;
const userId = parseUserId('@someone/else:vestibule.test')!;
const versions = ['11', '12'] as const;
const one = { type: 'm.room.message', room_id: roomId, content: { n: 1 } };
const two = { type: 'm.room.topic', room_id: roomId, content: { n: 2 } };
const create = { type: 'm.room.create', content: {} };

const room = '%21a%2Froom%3Athere.test';
const event = '%24an%2Fevent%2Bid';
const user = '%40someone%2Felse%3Avestibule.test';

const templateOf = (membership: string): JsonObject => ({
  type: 'm.room.member',
  room_id: roomId,
  sender: userId,
  state_key: userId,
  content: { membership, join_authorised_via_users_server: '@mod:there.test' },
  depth: 9,
  auth_events: [eventId],
  prev_events: [eventId, '$another'],
});

/** 14: whatever the other server changes about a template is noticed. */
function makes(membership: 'join' | 'knock' | 'leave', query: string): Omit<Call, 'ask'> {
  const template = templateOf(membership);
  const others = ['join', 'knock', 'leave', 'ban', 'invite'].filter((each) => each !== membership);
  return {
    method: 'GET',
    target: `${F}/v1/make_${membership}/${room}/${user}${query}`,
    answer: {
      room_version: '12',
      event: { ...template, origin_server_ts: 1, hashes: {}, signatures: {}, event_id: '$x', __proto__: null, more: 1 },
    },
    value: { ...template, version: expect.objectContaining({ id: '12' }) },
    bad: [
      {},
      { event: template },
      { room_version: '6', event: template },
      { room_version: 12, event: template },
      { room_version: '12' },
      { room_version: '12', event: [template] },
      { room_version: '12', event: { ...template, room_id: '!other:there.test' } },
      { room_version: '12', event: { ...template, sender: '@mod:there.test' } },
      { room_version: '12', event: { ...template, state_key: '@mod:there.test' } },
      { room_version: '12', event: { ...template, type: 'm.room.power_levels' } },
      ...others.map((each) => ({ room_version: '12', event: { ...template, content: { membership: each } } })),
      { room_version: '12', event: { ...template, content: [] } },
      { room_version: '12', event: { ...template, depth: -1 } },
      { room_version: '12', event: { ...template, depth: '9' } },
      { room_version: '12', event: { ...template, auth_events: Array.from({ length: 11 }, (_, n) => `$${n}`) } },
      { room_version: '12', event: { ...template, prev_events: Array.from({ length: 21 }, (_, n) => `$${n}`) } },
      { room_version: '12', event: { ...template, prev_events: [['$old', {}]] } },
    ],
  };
}

const sent = { roomId, eventId, event: one };

const TABLE: Record<keyof MembershipCalls, Call> = {
  makeJoin: {
    ask: (calls, remote) => calls.makeJoin(remote.name, { roomId, userId, versions }),
    ...makes('join', '?ver=11&ver=12'),
  },
  makeKnock: {
    ask: (calls, remote) => calls.makeKnock(remote.name, { roomId, userId, versions }),
    ...makes('knock', '?ver=11&ver=12'),
  },
  makeLeave: { ask: (calls, remote) => calls.makeLeave(remote.name, { roomId, userId }), ...makes('leave', '') },
  sendJoin: {
    ask: (calls, remote) => calls.sendJoin(remote.name, sent),
    method: 'PUT',
    target: `${F}/v2/send_join/${room}/${event}`,
    body: one,
    answer: { origin: 'x', state: [one, two], auth_chain: [create], event: one, members_omitted: false },
    value: { state: [one, two], authChain: [create], event: one },
    bad: [
      ...badEvents('state').map((answer) => ({ auth_chain: [], ...(answer as object) })),
      ...badEvents('auth_chain').map((answer) => ({ state: [], ...(answer as object) })),
      { state: [], auth_chain: [], members_omitted: true },
      { state: [], auth_chain: [], event: { ...one, room_id: '!other:there.test' } },
      { state: [], auth_chain: [], event: 'joined' },
      [200, { state: [], auth_chain: [] }],
    ],
  },
  sendKnock: {
    ask: (calls, remote) => calls.sendKnock(remote.name, sent),
    method: 'PUT',
    target: `${F}/v1/send_knock/${room}/${event}`,
    body: one,
    // Stripped ones do not say of which room they are.
    answer: { knock_room_state: [create, 'no event', { type: 'm.room.name', content: {} }, null, two] },
    value: [create, { type: 'm.room.name', content: {} }, two],
    bad: [
      {},
      { knock_state_events: [create] },
      { knock_room_state: null },
      { knock_room_state: {} },
      { knock_room_state: 'none' },
      { knock_room_state: Array.from({ length: 101 }, () => create) },
      [{ knock_room_state: [] }],
    ],
  },
  sendLeave: {
    ask: (calls, remote) => calls.sendLeave(remote.name, sent),
    method: 'PUT',
    target: `${F}/v2/send_leave/${room}/${event}`,
    body: one,
    answer: {},
    value: null,
    bad: [[], 'gone', [200, {}]],
  },
  sendInvite: {
    ask: (calls, remote) => calls.sendInvite(remote.name, { ...sent, version: '12', inviteRoomState: [create, two] }),
    method: 'PUT',
    target: `${F}/v2/invite/${room}/${event}`,
    body: { event: one, invite_room_state: [create, two], room_version: '12' },
    answer: { event: { ...one, signatures: { a: { b: 'c' } } } },
    value: { ...one, signatures: { a: { b: 'c' } } },
    bad: [{}, { event: null }, { event: [one] }, { event: two.content }, { event: { ...one, room_id: '!b:c.test' } }],
  },
};

const world = callsWorld();
testCalls(world, TABLE);

describe('answers that Synapse gave', () => {
  const recorded = (call: string) => {
    const found = readExchanges().filter(
      ({ path, entry, response }) => path.includes(`/${call}/`) && entry['status'] === 200 && response !== null,
    );
    return found.map((each) => {
      const [id, name] = each.path.split('/').slice(5).map(decodeURIComponent);
      return { ...each, room: parseRoomId(id!)!, name: name!, server: world.remote.name };
    });
  };
  const say = (answer: unknown): void => world.remote.on(F, () => JSON.stringify(answer));
  const requestOf = (one: { readonly request: unknown }): JsonObject => one.request as JsonObject;

  it.each(['join', 'knock', 'leave'] as const)('to make_%s are read', async (membership) => {
    const made = recorded(`make_${membership}`);
    expect(made.length).toBeGreaterThan(5);
    const { calls } = world;
    type Made = ReturnType<MembershipCalls['makeJoin']>;
    const make = (server: ServerName, asked: Parameters<MembershipCalls['makeJoin']>[1]): Made => {
      if (membership === 'join') return calls.makeJoin(server, asked);
      return membership === 'knock' ? calls.makeKnock(server, asked) : calls.makeLeave(server, asked);
    };
    for (const { path, response, room: its, name, server } of made) {
      say(response);
      const got = await make(server, {
        roomId: its,
        userId: parseUserId(name)!,
        versions: ['7', '10', '11', '12'],
      });
      expect(got, path).toMatchObject({ ok: true, value: { state_key: name, content: { membership } } });
    }
  });

  it('to send_join are read', async () => {
    const all = recorded('send_join');
    expect(all.length).toBeGreaterThan(10);
    for (const { path, response, room: its, name, server, ...rest } of all) {
      // They had asked for the members to be left out.
      say({ ...(response as object), members_omitted: false });
      const asked = { roomId: its, eventId: parseEventId(name)!, event: requestOf(rest) };
      const got = await world.calls.sendJoin(server, asked);
      if (!got.ok) expect.fail(`${path}: ${JSON.stringify(got.failure)}`);
      const { state, auth_chain: authChain } = response as unknown as Record<string, readonly unknown[]>;
      expect([got.value.state.length, got.value.authChain.length]).toEqual([state?.length, authChain?.length]);
    }
  });

  it('to send_knock, send_leave and invite are read', async () => {
    const knocks = recorded('send_knock');
    const leaves = recorded('send_leave');
    const invites = recorded('invite');
    expect(Math.min(knocks.length, leaves.length, invites.length)).toBeGreaterThan(5);
    for (const { response, room: its, name, server, ...rest } of knocks) {
      say(response);
      const asked = { roomId: its, eventId: parseEventId(name)!, event: requestOf(rest) };
      const { knock_room_state: value } = response as JsonObject;
      // A server of ours that answered badly on purpose is among them.
      if (Array.isArray(value)) expect(await world.calls.sendKnock(server, asked)).toEqual({ ok: true, value });
      else expect(await world.calls.sendKnock(server, asked)).toMatchObject({ failure: { kind: 'malformed' } });
    }
    for (const { response, room: its, name, server, ...rest } of leaves) {
      say(response);
      const asked = { roomId: its, eventId: parseEventId(name)!, event: requestOf(rest) };
      expect(await world.calls.sendLeave(server, asked)).toEqual({ ok: true, value: null });
    }
    for (const { response, room: its, name, server, ...rest } of invites) {
      say(response);
      const { event: invite } = requestOf(rest) as unknown as { event: JsonObject };
      const asked = { roomId: its, eventId: parseEventId(name)!, event: invite };
      const got = await world.calls.sendInvite(server, { ...asked, version: '11', inviteRoomState: [] });
      expect(got).toEqual({ ok: true, value: (response as JsonObject)['event'] });
    }
  });
});
