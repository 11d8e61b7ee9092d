/** The edge cases of PROTOCOL §8 that need one server only: knocking, inviting, removing. The numbers are its. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, type Client } from '../support/client.ts';
import { episodesOf, expectRefusal, kindsOf, membershipIn, openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;
let lee: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim, lee] = await story.people('owner', 'kim', 'lee');
});

afterAll(() => story.close());

const joinRule = (rule: string) => ({ type: 'm.room.join_rules', state_key: '', content: { join_rule: rule } });

const knock = (client: Client, room: string, body: object = {}) => client.call('POST', `/knock/${room}`, body);
const act = (by: Client, name: string, room: string, target: Client, reason?: string) =>
  by.call('POST', `/rooms/${room}/${name}`, { user_id: target.userId, ...(reason === undefined ? {} : { reason }) });

async function leave(client: Client, room: string): Promise<void> {
  await client.ok('POST', `/rooms/${room}/leave`, {});
}

/** A room with `others` as joined members, and the levels that are given. */
async function roomOf(others: readonly Client[], options: object = {}): Promise<string> {
  const room = await knockRoom(owner, options);
  for (const other of others) {
    await owner.ok('POST', `/rooms/${room}/invite`, { user_id: other.userId });
    await other.ok('POST', `/rooms/${room}/join`, {});
  }
  return room;
}

async function setLevels(room: string, levels: object): Promise<void> {
  const content = await owner.ok('GET', `/rooms/${room}/state/m.room.power_levels`);
  await owner.ok('PUT', `/rooms/${room}/state/m.room.power_levels`, { ...content, ...levels });
}

describe('knocking', () => {
  it.each(['invite', 'public', 'restricted', 'private'])(
    '1: under the join rule %s is refused, and nothing of it is stored',
    async (rule) => {
      const room = await knockRoom(owner, { initial_state: [joinRule(rule)] });
      const before = await story.counts();
      expectRefusal(await knock(kim, room, { reason: 'please' }), 403, 'M_FORBIDDEN');
      const { actions, ...log } = await story.counts();
      expect({ ...log, actions: actions - 1 }).toEqual(before);
      expect(await kindsOf(story, room, kim.userId)).toEqual([]);
    },
  );

  it.each(['7', '8', '9'])(
    '2: knock_restricted in version %s lets nobody knock or join, even when invited',
    async (v) => {
      const room = await knockRoom(owner, { room_version: v, initial_state: [joinRule('knock_restricted')] });
      expectRefusal(await knock(kim, room), 403, 'M_FORBIDDEN');
      expectRefusal(await kim.call('POST', `/join/${room}`, {}), 403, 'M_FORBIDDEN');
      await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
      expectRefusal(await kim.call('POST', `/rooms/${room}/join`, {}), 403, 'M_FORBIDDEN');
    },
  );

  it('3: a second time keeps the one open episode, with the latest reason', async () => {
    const room = await knockRoom(owner);
    await knock(kim, room, { reason: 'first' });
    expect(await knock(kim, room, { reason: 'second' })).toMatchObject({ status: 200, body: { room_id: room } });
    expect(await knock(kim, room, { reason: 'second' })).toMatchObject({ status: 200 });
    expect(await kindsOf(story, room, kim.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_RENEWED']);
    const text = 'select status, reason from knocks where room_id = $1';
    expect(await story.rows(text, [room])).toEqual([{ status: 'PENDING', reason: 'second' }]);
    const { rooms } = await kim.ok('GET', '/sync');
    expect(rooms.knock[room].knock_state.events.at(-1).content).toEqual({ membership: 'knock', reason: 'second' });
  });

  it('4: is refused to the invited, the joined and the banned', async () => {
    const room = await roomOf([]);
    await act(owner, 'invite', room, kim);
    expectRefusal(await knock(kim, room), 403, 'M_FORBIDDEN', 'invited');
    await kim.ok('POST', `/join/${room}`, {});
    expectRefusal(await knock(kim, room), 403, 'M_FORBIDDEN', 'joined');
    await act(owner, 'ban', room, kim);
    expectRefusal(await knock(kim, room), 403, 'M_FORBIDDEN', 'banned');
  });

  it('5: after a rejection opens a new episode', async () => {
    const room = await knockRoom(owner);
    await knock(kim, room);
    expect(await act(owner, 'kick', room, kim, 'not today')).toMatchObject({ status: 200, body: {} });
    expect(await knock(kim, room)).toMatchObject({ status: 200 });
    expect(await episodesOf(story, room, kim.userId)).toEqual(['REJECTED', 'PENDING']);
    const member = await kim.ok('GET', '/sync');
    expect(Object.keys(member.rooms.knock)).toContain(room);
  });

  it('6: needs no reason, but a body, and a reason that is text', async () => {
    const room = await knockRoom(owner);
    expectRefusal(await kim.call('POST', `/knock/${room}`), 400, 'M_NOT_JSON');
    for (const reason of [1, null, {}, []]) expectRefusal(await knock(kim, room, { reason }), 400, 'M_INVALID_PARAM');
    expect(await knock(kim, room)).toMatchObject({ status: 200 });
    const { content } = await owner.ok('GET', `/rooms/${room}/state/m.room.member/${kim.userId}?format=event`);
    expect(content).toEqual({ membership: 'knock' });
  });

  it('7: banned, unbanned, a user may knock again: each step is from where the last one led', async () => {
    const room = await knockRoom(owner);
    await knock(kim, room);
    await act(owner, 'ban', room, kim);
    await act(owner, 'unban', room, kim);
    expect(await knock(kim, room)).toMatchObject({ status: 200 });
    expect(await kindsOf(story, room, kim.userId)).toEqual([
      'KNOCK_REQUESTED',
      'BANNED',
      'UNBANNED',
      'KNOCK_REQUESTED',
    ]);
    const text = 'select "from", "to" from transitions where room_id = $1 and user_id = $2 order by position';
    const steps = await story.rows<{ from: string; to: string }>(text, [room, kim.userId]);
    expect(steps.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'none → knock',
      'knock → ban',
      'ban → leave',
      'leave → knock',
    ]);
    expect(await episodesOf(story, room, kim.userId)).toEqual(['BANNED', 'PENDING']);
  });

  it('8: is answered when it is stored: the next sync shows it, with the create event', async () => {
    const room = await knockRoom(owner);
    await knock(kim, room, { reason: 'hello' });
    const { rooms } = await kim.ok('GET', '/sync');
    const events: { type: string; state_key: string }[] = rooms.knock[room].knock_state.events;
    expect(events[0]).toMatchObject({ type: 'm.room.create', state_key: '', sender: owner.userId });
    expect(events.at(-1)).toMatchObject({ type: 'm.room.member', state_key: kim.userId, sender: kim.userId });
  });

  it('16: then invited by somebody else is accepted, and shows as an invite only', async () => {
    const room = await roomOf([lee], { power_level_content_override: { invite: 0 } });
    await knock(kim, room);
    const { next_batch: since } = await kim.ok('GET', '/sync');
    expect(await act(lee, 'invite', room, kim)).toMatchObject({ status: 200 });
    expect(await kindsOf(story, room, kim.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_ACCEPTED']);
    expect(await episodesOf(story, room, kim.userId)).toEqual(['ACCEPTED']);
    for (const path of ['/sync', `/sync?since=${since}`]) {
      const { rooms } = await kim.ok('GET', path);
      expect(
        Object.entries(rooms).filter(([, section]) => room in (section as object)),
        path,
      ).toMatchObject([['invite', {}]]);
    }
  });

  it('17: a retraction is answered, and moves the room to the leave section', async () => {
    const room = await knockRoom(owner);
    await knock(kim, room);
    const { next_batch: since } = await kim.ok('GET', '/sync');
    await leave(kim, room);
    const { rooms } = await kim.ok('GET', `/sync?since=${since}`);
    expect(rooms.leave[room].timeline.events).toMatchObject([
      { state_key: kim.userId, content: { membership: 'leave' } },
    ]);
    expect(rooms.knock).toEqual({});
    expect(await episodesOf(story, room, kim.userId)).toEqual(['RETRACTED']);
  });

  it('19: a moderator with no more power than the knocker cannot reject, but can accept', async () => {
    const room = await roomOf([lee]);
    await setLevels(room, { users: { [lee.userId]: 50, [kim.userId]: 50 } });
    await knock(kim, room);
    expectRefusal(await act(lee, 'kick', room, kim), 403, 'M_FORBIDDEN');
    expect(await membershipIn(owner, room, kim.userId)).toBe('knock');
    expect(await act(lee, 'invite', room, kim)).toMatchObject({ status: 200 });
  });

  it('ends as superseded when the room opens meanwhile, and stays open when it closes', async () => {
    const room = await knockRoom(owner);
    await knock(kim, room);
    await owner.ok('PUT', `/rooms/${room}/state/m.room.join_rules`, { join_rule: 'invite' });
    expect(await episodesOf(story, room, kim.userId)).toEqual(['PENDING']);
    expectRefusal(await knock(kim, room), 403, 'M_FORBIDDEN', 'the same words, under another rule');
    await owner.ok('PUT', `/rooms/${room}/state/m.room.join_rules`, { join_rule: 'public' });
    await kim.ok('POST', `/join/${room}`, {});
    expect(await episodesOf(story, room, kim.userId)).toEqual(['SUPERSEDED']);
    expect(await kindsOf(story, room, kim.userId)).toEqual(['KNOCK_REQUESTED', 'JOINED']);
  });

  it('that was accepted does not open again when the invite is revoked', async () => {
    const room = await knockRoom(owner);
    await knock(kim, room);
    await act(owner, 'invite', room, kim);
    await act(owner, 'kick', room, kim);
    expect(await kindsOf(story, room, kim.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_ACCEPTED', 'INVITE_REVOKED']);
    expect(await episodesOf(story, room, kim.userId)).toEqual(['ACCEPTED']);
  });
});

describe('inviting and removing', () => {
  it('21: banned, unbanned, invited again, a user may accept', async () => {
    const room = await roomOf([kim]);
    for (const name of ['ban', 'unban', 'invite'])
      expect(await act(owner, name, room, kim)).toMatchObject({ status: 200 });
    await kim.ok('POST', `/rooms/${room}/join`, {});
    const kinds = ['INVITE_SENT', 'INVITE_ACCEPTED', 'BANNED', 'UNBANNED', 'INVITE_SENT', 'INVITE_ACCEPTED'];
    expect(await kindsOf(story, room, kim.userId)).toEqual(kinds);
  });

  it('22: an invite can be declined again and again, and after the inviter has gone and left the room empty', async () => {
    const room = await knockRoom(owner);
    for (let time = 0; time < 3; time += 1) {
      await act(owner, 'invite', room, kim);
      await leave(kim, room);
      expect(await membershipIn(owner, room, kim.userId)).toBe('leave');
    }
    await act(owner, 'invite', room, kim);
    await leave(owner, room);
    const { next_batch: since } = await kim.ok('GET', '/sync');
    await leave(kim, room);
    const { rooms } = await kim.ok('GET', `/sync?since=${since}`);
    expect(rooms.leave[room].timeline.events).toMatchObject([{ content: { membership: 'leave' } }]);
  });

  it('25: oneself or a member is refused, and the invited again shows nothing twice', async () => {
    const room = await roomOf([lee]);
    expectRefusal(await act(owner, 'invite', room, owner), 403, 'M_FORBIDDEN');
    expectRefusal(await act(owner, 'invite', room, lee), 403, 'M_FORBIDDEN');
    await act(owner, 'invite', room, kim);
    const { next_batch: since } = await kim.ok('GET', '/sync');
    expect(await act(owner, 'invite', room, kim)).toMatchObject({ status: 200, body: {} });
    expect(await kindsOf(story, room, kim.userId)).toEqual(['INVITE_SENT']);
    expect((await kim.ok('GET', `/sync?since=${since}`)).rooms.invite).toEqual({});
  });

  it('26: somebody who is not there cannot be kicked, nor unbanned without a ban, nor kicked by somebody outside', async () => {
    const room = await roomOf([lee]);
    expectRefusal(await act(owner, 'kick', room, kim), 403, 'M_FORBIDDEN', 'never there');
    expectRefusal(await act(owner, 'unban', room, kim), 403, 'M_BAD_STATE', 'never there');
    await leave(lee, room);
    expectRefusal(await act(owner, 'kick', room, lee), 403, 'M_FORBIDDEN', 'left');
    expectRefusal(await act(owner, 'unban', room, lee), 403, 'M_BAD_STATE', 'left');
    for (const name of ['kick', 'ban', 'unban', 'invite'])
      expectRefusal(await act(lee, name, room, owner), 403, 'M_FORBIDDEN', name);
  });

  it('who left cannot repeat what they did as a member', async () => {
    const room = await roomOf([lee]);
    await setLevels(room, { users: { [lee.userId]: 50 } });
    await act(lee, 'invite', room, kim, 'come in');
    await leave(lee, room);
    expectRefusal(await act(lee, 'invite', room, kim, 'come in'), 403, 'M_FORBIDDEN');
    const other = await roomOf([lee]);
    await setLevels(other, { users: { [lee.userId]: 50 } });
    await act(lee, 'ban', other, kim, 'go away');
    await leave(lee, other);
    expectRefusal(await act(lee, 'ban', other, kim, 'go away'), 403, 'M_FORBIDDEN');
  });

  it('joining on the strength of a third party’s signature is not served', async () => {
    const { room_id } = await owner.ok('POST', '/createRoom', { preset: 'public_chat' });
    const third_party_signed = { mxid: kim.userId, sender: owner.userId, token: 'x', signatures: {} };
    for (const path of [`/join/${room_id}`, `/rooms/${room_id}/join`]) {
      expectRefusal(await kim.call('POST', path, { third_party_signed }), 400, 'M_INVALID_PARAM', path);
      expect(await membershipIn(owner, room_id, kim.userId)).toBeUndefined();
    }
    for (const path of [`/join/${room_id}`, `/rooms/${room_id}/join`])
      expect(await kim.call('POST', path), 'twice, without a body').toMatchObject({ status: 200, body: { room_id } });
    expect(await kindsOf(story, room_id, kim.userId)).toEqual(['JOINED']);
  });

  it('a room that everybody left is unknown to whoever knocks on it or would join', async () => {
    const room = await knockRoom(owner, { initial_state: [joinRule('knock')] });
    await leave(owner, room);
    expectRefusal(await knock(kim, room), 404, 'M_NOT_FOUND');
    expectRefusal(await kim.call('POST', `/join/${room}`, {}), 404, 'M_NOT_FOUND');
  });
});
