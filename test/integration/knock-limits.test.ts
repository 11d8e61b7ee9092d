/** How often other servers may knock: none of them keeps the others out, and none is told to stay away altogether (PROTOCOL §7). */
import { afterEach, describe, expect, it } from 'vitest';
import { jsonObject } from '../../src/matrix/json.ts';
import { knockRoom, type Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory } from '../support/federated-story.ts';
import type { RawAnswer } from '../support/raw.ts';
import { remoteMember, type RemoteMember } from '../support/remote-member.ts';
import { episodesOf, kindsOf, membershipIn } from '../support/story.ts';

const NEVER = {
  RATE_LIMITS: 'on',
  RATE_LIMIT_KNOCK: 'off',
  RATE_LIMIT_KNOCK_ROOM: 'off',
  RATE_LIMIT_KNOCK_SERVER: 'off',
};

let story: FederatedStory;
let owner: Client;
let kim: Client;

async function open(env: Readonly<Record<string, string>>): Promise<void> {
  story = await openFederatedStory({ ...NEVER, RATE_LIMIT_MESSAGE: 'off', ...env });
  [owner, kim] = await story.people('owner', 'kim');
}

afterEach(() => story.close());

/** Servers take 429 and 401 for a reason to ask nothing of us for minutes. */
function expectLimited(answer: RawAnswer): void {
  expect(answer).toMatchObject({ status: 403, json: { errcode: 'M_LIMIT_EXCEEDED' } });
  expect(answer.json.retry_after_ms).toBeGreaterThan(0);
}

async function knocks(guest: RemoteMember, room: string, reason = ''): Promise<RawAnswer> {
  const made = await guest.make('knock', room);
  if (made.status !== 200) return made;
  const template = { version: made.json.room_version, event: made.json.event };
  return guest.send('knock', room, guest.sign(template, jsonObject({ reason })));
}

async function retract(guest: RemoteMember, room: string): Promise<void> {
  const made = await guest.make('leave', room);
  if (made.status !== 200) return;
  await guest.send('leave', room, guest.sign({ version: made.json.room_version, event: made.json.event }));
}

describe('a user of another server', () => {
  it('may knock on a room so often and not oftener; what is refused does not count, nor what is sent again', async () => {
    await open({ RATE_LIMIT_KNOCK: '1/h burst 2' });
    const guest = remoteMember(await story.otherServer(), 'guest');
    const [room, another] = [await knockRoom(owner), await knockRoom(owner)];
    const template = await guest.template('knock', room);
    const wrong = guest.sign(template, jsonObject({ membership: 'leave' }));
    const rejected = guest.sign(template, {}, jsonObject({ prev_events: [] }));
    for (let n = 0; n < 5; n += 1) {
      expect((await guest.send('knock', room, wrong)).status).toBe(400);
      expect((await guest.send('knock', room, rejected)).json.errcode).toBe('M_FORBIDDEN');
    }
    const first = guest.sign(template, jsonObject({ reason: 'one' }));
    for (let n = 0; n < 5; n += 1) expect(await guest.send('knock', room, first)).toMatchObject({ status: 200 });
    expect(await knocks(guest, room, 'two')).toMatchObject({ status: 200 });
    expectLimited(await guest.make('knock', room));
    expectLimited(await guest.send('knock', room, guest.sign(template, jsonObject({ reason: 'three' }))));
    expect(await knocks(guest, another)).toMatchObject({ status: 200 });
    expect(await kindsOf(story, room, guest.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_RENEWED']);
  });

  it('comes and goes no oftener than they may knock', async () => {
    await open({ RATE_LIMIT_KNOCK: '1/h burst 3' });
    const guest = remoteMember(await story.otherServer(), 'guest');
    const room = await knockRoom(owner);
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      statuses.push((await knocks(guest, room)).status);
      if (statuses.at(-1) === 200) await guest.does('leave', room);
    }
    expect(statuses).toEqual([200, 200, 200, 403, 403, 403]);
    expect(await episodesOf(story, room, guest.userId)).toEqual(['RETRACTED', 'RETRACTED', 'RETRACTED']);
    // Leaving is never kept from anybody.
    const late = remoteMember(await story.otherServer(), 'late');
    await late.does('knock', room);
    await late.does('leave', room);
  });
});

describe('a server', () => {
  it('that sends knocks in transactions gets no more of them in than one by one', async () => {
    await open({ RATE_LIMIT_KNOCK_SERVER: '1/h burst 3' });
    const loud = await story.otherServer();
    const room = await knockRoom(owner);
    const [first, ...rest] = Array.from({ length: 8 }, (_, n) => remoteMember(loud, `loud${n}`));
    const { version, event } = await first!.template('knock', room);
    const pdus = [first!, ...rest].map((guest) => {
      const own = { ...event, sender: guest.userId, state_key: guest.userId };
      return guest.sign({ version, event: own });
    });
    const { status, json } = await loud.ask('PUT', '/v1/send/1', {
      origin: loud.name,
      origin_server_ts: 1,
      pdus: pdus.map(({ pdu }) => pdu),
    });
    expect(status).toBe(200);
    expect(pdus.map(({ eventId }) => Object.hasOwn(json.pdus[eventId], 'error'))).toEqual([
      ...[false, false, false, true, true, true, true, true],
    ]);
    expect(await story.rows("select from knocks where room_id = $1 and status = 'PENDING'", [room])).toHaveLength(3);
  });

  it('that knocks with ever new names uses up its own part of what a room takes, and no more', async () => {
    await open({ RATE_LIMIT_KNOCK_SERVER: '1/h burst 4', RATE_LIMIT_KNOCK_ROOM: '1/h burst 8' });
    const [loud, quiet] = [await story.otherServer(), await story.otherServer()];
    const room = await knockRoom(owner);
    const answers: RawAnswer[] = [];
    for (let n = 0; n < 40; n += 1) answers.push(await knocks(remoteMember(loud, `loud${n}`), room));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
    for (const answer of answers.slice(4)) expectLimited(answer);
    for (const name of ['one', 'two']) expect((await knocks(remoteMember(quiet, name), room)).status).toBe(200);
    await kim.ok('POST', `/knock/${room}`, {});
    expect(await membershipIn(owner, room, kim.userId)).toBe('knock');
    // And the room as a whole is full at some time.
    expect((await knocks(remoteMember(quiet, 'three'), room)).status).toBe(200);
    expectLimited(await knocks(remoteMember(await story.otherServer(), 'four'), room));
  });

  it('that knocks and retracts ten thousand times keeps nobody out', { timeout: 240_000 }, async () => {
    await open({
      RATE_LIMIT_KNOCK: '3/min burst 3',
      RATE_LIMIT_KNOCK_SERVER: '0.5/s burst 5',
      RATE_LIMIT_KNOCK_ROOM: '1/s burst 10',
    });
    const [loud, quiet] = [await story.otherServer(), await story.otherServer()];
    const room = await knockRoom(owner);
    const before = await story.counts();
    const templates = await Promise.all(
      Array.from({ length: 20 }, (_, n) => remoteMember(loud, `loud${n}`)).map(async (guest) => ({
        guest,
        template: await guest.template('knock', room),
      })),
    );
    let refused = 0;
    let asked = 0;
    const storm = async (lane: number): Promise<void> => {
      for (let n = 0; n < 500; n += 1) {
        const { guest, template } = templates[(lane + n) % templates.length]!;
        const knock = await guest.send('knock', room, guest.sign(template, jsonObject({ reason: `${lane} ${n}` })));
        asked += 1;
        // Others of the storm have the same names, and may be faster.
        if (knock.status === 200) await retract(guest, room);
        else {
          refused += 1;
          expect((await guest.make('leave', room)).status).not.toBe(429);
        }
      }
    };
    const others = async (): Promise<void> => {
      for (let n = 0; n < 3; n += 1) expect((await knocks(remoteMember(quiet, `quiet${n}`), room)).status).toBe(200);
      await kim.ok('POST', `/knock/${room}`, {});
    };
    await Promise.all([...Array.from({ length: 20 }, (_, lane) => storm(lane)), others()]);
    expect(asked).toBe(10_000);
    expect(refused).toBeGreaterThan(9_500);
    const after = await story.counts();
    // Each knock that was taken is two events at most, and some seconds have passed.
    expect(after.events - before.events).toBeLessThan(2 * (asked - refused) + 10);
  });
});

describe('who joins from elsewhere', () => {
  it('is told the whole state of the room only so often, also for a join that was taken before', async () => {
    await open({ RATE_LIMIT_JOIN: '1/h burst 3' });
    const there = await story.otherServer();
    const room = await knockRoom(owner);
    await owner.ok('PUT', `/rooms/${room}/state/m.room.join_rules`, { join_rule: 'public' });
    const [guest, other] = [remoteMember(there, 'guest'), remoteMember(there, 'other')];
    const join = guest.sign(await guest.template('join', room));
    for (let n = 0; n < 3; n += 1) expect((await guest.send('join', room, join)).json.state).toBeDefined();
    expectLimited(await guest.send('join', room, join));
    expect((await other.send('join', room, other.sign(await other.template('join', room)))).status).toBe(200);
  });
});
