/** Every cell of the membership life-cycle that a room of this server can have, in every room version (PROTOCOL §6.1, §1.3). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import {
  ACTS,
  perform,
  predict,
  STANDINGS,
  type Act,
  type ActName,
  type ModelRoom,
  type Standing,
} from '../support/membership-model.ts';
import { ALL_VERSIONS } from '../support/rooms.ts';
import { episodesOf, expectRefusal, kindsOf, membershipIn, openStory, type Story } from '../support/story.ts';

let story: Story;
let mod: Client;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [mod, kim] = await story.people('mod', 'kim');
});

afterAll(() => story.close());

/** How somebody comes to stand there, in a room that can be knocked on. */
const WAYS: Readonly<Record<Standing, readonly ActName[]>> = {
  none: [],
  knock: ['knock'],
  invite: ['invite'],
  join: ['invite', 'join'],
  leave: ['invite', 'join', 'leave'],
  ban: ['ban'],
};

const BY_KIM: readonly ActName[] = ['knock', 'join', 'leave'];

function actOf(name: ActName, reason?: string): Act {
  const actor = BY_KIM.includes(name) ? kim.userId : mod.userId;
  return { name, actor, target: kim.userId, reason };
}

/** By the endpoint of the act, or by writing the member event as state, which must come to the same. */
async function carryOut(roomId: string, { name, actor, target, reason }: Act, asState: boolean) {
  const client = actor === kim.userId ? kim : mod;
  const said = reason === undefined ? {} : { reason };
  if (asState) {
    const membership = name === 'kick' || name === 'unban' ? 'leave' : name;
    return client.call('PUT', `/rooms/${roomId}/state/m.room.member/${target}`, { membership, ...said });
  }
  if (name === 'knock') return client.call('POST', `/knock/${roomId}`, said);
  const body = BY_KIM.includes(name) ? said : { user_id: target, ...said };
  return client.call('POST', `/rooms/${roomId}/${name}`, body);
}

async function roomWith(version: string, rule: string, standing: Standing): Promise<{ id: string; model: ModelRoom }> {
  const { room_id: id } = await mod.ok('POST', '/createRoom', {
    room_version: version,
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }],
  });
  const model: ModelRoom = {
    joinRule: 'knock',
    knockRules: Number(version) < 10 ? ['knock'] : ['knock', 'knock_restricted'],
    levels: new Map([[mod.userId, 100]]),
    members: new Map([[mod.userId, { standing: 'join', said: null }]]),
    transitions: [],
    episodes: new Map(),
  };
  for (const name of WAYS[standing]) {
    perform(model, actOf(name));
    expect(await carryOut(id, actOf(name), false), `${name} on the way to ${standing}`).toMatchObject({ status: 200 });
  }
  if (rule !== 'knock') {
    await mod.ok('PUT', `/rooms/${id}/state/m.room.join_rules`, { join_rule: rule });
    model.joinRule = rule;
  }
  return { id, model };
}

async function expectCell(
  version: string,
  rule: string,
  from: Standing,
  name: ActName,
  asState: boolean,
): Promise<void> {
  const what = `version ${version}, ${rule}: ${from}, ${name}${asState ? ' as state' : ''}`;
  const { id, model } = await roomWith(version, rule, from);
  const act = meant(actOf(name, 'another reason'), from, asState);
  const predicted = predict(model, act);
  const before = await kindsOf(story, id, kim.userId);
  const answer = await carryOut(id, act, asState);
  if (predicted.is === 'refused') {
    const status = predicted.errcode === 'M_NOT_FOUND' ? 404 : 403;
    expectRefusal(answer, status, predicted.errcode, what);
  } else {
    expect(answer, what).toMatchObject({ status: 200 });
    perform(model, act);
  }
  const kinds = model.transitions.filter(({ user }) => user === kim.userId).map(({ kind }) => kind);
  expect(await kindsOf(story, id, kim.userId), what).toEqual(kinds);
  expect(kinds.length - before.length, what).toBe(predicted.is === 'sent' ? 1 : 0);
  expect(await episodesOf(story, id, kim.userId), what).toEqual(model.episodes.get(kim.userId) ?? []);
  const standing = model.members.get(kim.userId)?.standing;
  expect(await membershipIn(mod, id, kim.userId), what).toBe(standing);
}

// A leave that a moderator writes is a kick, or ends a ban: it is never in the wrong state, only forbidden.
function meant(act: Act, from: Standing, asState: boolean): Act {
  if (!asState || (act.name !== 'kick' && act.name !== 'unban')) return act;
  return { ...act, name: from === 'ban' ? 'unban' : 'kick' };
}

async function expectAll(version: string, rule: string, asState: boolean): Promise<void> {
  for (const from of STANDINGS) {
    await Promise.all(ACTS.map((name) => expectCell(version, rule, from, name, asState)));
  }
}

describe.each(ALL_VERSIONS)('in a room of version %s', (version) => {
  it.each(['knock', 'invite', 'public'])(
    'every act on every standing under the join rule %s is what the table says',
    (rule) => expectAll(version, rule, false),
  );

  it('every act written as a member event is the act it means', () => expectAll(version, 'knock', true));

  it('a knock under knock_restricted is one wherever the version knows that rule', () =>
    expectAll(version, Number(version) < 10 ? 'knock' : 'knock_restricted', false));
});
