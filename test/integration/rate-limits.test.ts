/** How often one may register, sign in and act (PROTOCOL §7), through either door. */
import { afterEach, describe, expect, it } from 'vitest';
import { knockRoom, request, type Answer, type Client } from '../support/client.ts';
import { openStory, SERVER_NAME, type Story } from '../support/story.ts';

let story: Story | null = null;

afterEach(async () => {
  await story?.close();
  story = null;
});

async function storyWith(env: Readonly<Record<string, string>>): Promise<Story> {
  return (story = await openStory(env));
}

const registration = (at: Story, username: string): Promise<Answer> =>
  request(at.url, 'POST', '/register', { body: { username, password: 'x', auth: { type: 'm.login.dummy' } } });
const login = (at: Story, user: string, password: string): Promise<Answer> =>
  request(at.url, 'POST', '/login', { body: { type: 'm.login.password', user, password } });

async function inTurn(count: number, ask: (n: number) => Promise<Answer>): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let n = 0; n < count; n += 1) answers.push(await ask(n));
  return answers;
}

/** A refusal that says when to come again: in milliseconds, and in whole seconds that are no shorter. */
function expectLimited(answer: Answer): void {
  expect(answer).toMatchObject({ status: 429, body: { errcode: 'M_LIMIT_EXCEEDED' } });
  const { retry_after_ms: wait, error } = answer.body;
  expect(typeof error).toBe('string');
  expect(Number.isInteger(wait)).toBe(true);
  expect(wait).toBeGreaterThan(0);
  expect(answer.headers.get('retry-after')).toBe(String(Math.ceil(wait / 1000)));
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
}

describe('registering', () => {
  it('is limited by address where it is not open to all, before anything is looked at', async () => {
    const at = await storyWith({ RATE_LIMITS: 'on', REGISTRATION: 'token' });
    const answers = await inTurn(5, (n) => registration(at, `user${n}`));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 429, 429]);
    for (const answer of answers.slice(3)) expectLimited(answer);
    expectLimited(await request(at.url, 'POST', '/register', { raw: 'no json' }));
    expect((await request(at.url, 'GET', '/register/available?username=user9')).status).toBe(200);
  });

  it('is not limited for who sits at the machine itself, while registration is open', async () => {
    const at = await storyWith({ RATE_LIMITS: 'on', REGISTRATION: 'open' });
    const answers = await inTurn(6, (n) => registration(at, `user${n}`));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  });
});

describe('signing in', () => {
  it('is limited by address and account, however the account is spelt, and says nothing of whether it exists', async () => {
    const at = await storyWith({ RATE_LIMITS: 'on' });
    await registration(at, 'kim');
    const spellings = ['kim', 'KIM', '@kim:localhost:8448', 'kim', '@KIM:localhost:8448'];
    const known = await inTurn(5, (n) => login(at, spellings[n]!, 'guess'));
    expect(known.map(({ status }) => status)).toEqual([403, 403, 403, 429, 429]);
    expectLimited(known[4]!);
    expectLimited(await login(at, 'kim', 'x'));
    const unknown = await inTurn(4, () => login(at, 'nobody', 'guess'));
    expect(unknown.map(({ status }) => status)).toEqual([403, 403, 403, 429]);
    await registration(at, 'lee');
    expect((await login(at, 'lee', 'x')).status).toBe(200);
  });

  it('counts as often for who names new passwords: they are hashed before the old one is given', async () => {
    const at = await storyWith({ RATE_LIMITS: 'on' });
    const [kim] = await at.people('kim');
    const answers = await inTurn(4, (n) => kim.call('POST', '/account/password', { new_password: `guess ${n}` }));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 429]);
    expectLimited(answers[3]!);
  });

  it('and registering are not limited where the limits are off', async () => {
    const at = await storyWith({ RATE_LIMITS: 'off', REGISTRATION: 'token' });
    const logins = await inTurn(6, () => login(at, 'kim', 'guess'));
    expect(new Set(logins.map(({ status }) => status))).toEqual(new Set([403]));
    const registrations = await inTurn(6, (n) => registration(at, `user${n}`));
    expect(new Set(registrations.map(({ status }) => status))).toEqual(new Set([401]));
  });
});

describe('acting', () => {
  const statuses = async (count: number, ask: (n: number) => Promise<Answer>): Promise<readonly number[]> =>
    (await inTurn(count, ask)).map(({ status }) => status);
  const ok = (count: number): readonly number[] => Array.from({ length: count }, () => 200);
  // One token at once, and the next long after the test.
  const ONCE = '1/h burst 1';
  const knock = (client: Client, to: string, reason: string): Promise<Answer> =>
    client.call('POST', `/knock/${to}`, { reason });
  const invite = (client: Client, to: string, userId: string): Promise<Answer> =>
    client.call('POST', `/rooms/${to}/invite`, { user_id: userId });
  const mutation = (client: Client, name: string, input: object) =>
    client.graphql(
      `mutation ($input: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { __typename } }`,
      { input },
    );
  const expectLimitedGraphql = (body: Answer['body']): void => {
    const [{ extensions }] = body.errors;
    expect(extensions).toMatchObject({ code: 'M_LIMIT_EXCEEDED' });
    expect(extensions.retry_after_ms).toBeGreaterThan(0);
  };

  it('has the bursts of the protocol by default: joins, what is sent, and invites by one user', async () => {
    const at = await storyWith({ RATE_LIMITS: 'on' });
    const [owner, kim] = await at.people('owner', 'kim');
    const room = await knockRoom(owner, { preset: 'public_chat', initial_state: [] });
    expect(await statuses(11, (n) => invite(owner, room, `@p${n}:${SERVER_NAME}`))).toEqual([...ok(10), 429]);
    expect(await statuses(11, () => kim.call('POST', `/join/${room}`, {}))).toEqual([...ok(10), 429]);
    expect(await statuses(11, (n) => kim.call('POST', '/createRoom', { name: `room ${n}` }))).toEqual([...ok(10), 429]);
    expectLimited(await kim.call('PUT', `/rooms/${room}/state/m.room.topic`, { topic: 'x' }));
    expectLimitedGraphql(await mutation(kim, 'joinRoom', { roomId: room }));
    expectLimitedGraphql(await mutation(owner, 'inviteUser', { roomId: room, userId: `@p99:${SERVER_NAME}` }));
    expect((await kim.call('POST', `/rooms/${room}/leave`, {})).status).toBe(200);
  });

  it('knocks three times a minute on one room, whether through REST or GraphQL', async () => {
    const at = await storyWith({ RATE_LIMITS: 'on' });
    const [owner, kim, lee] = await at.people('owner', 'kim', 'lee');
    const [room, other] = [await knockRoom(owner), await knockRoom(owner)];
    expect((await knock(kim, room, 'one')).status).toBe(200);
    expect((await mutation(kim, 'knock', { roomId: room, reason: 'two' })).errors).toBeUndefined();
    expect((await knock(kim, room, 'three')).status).toBe(200);
    expectLimited(await knock(kim, room, 'four'));
    expectLimitedGraphql(await mutation(kim, 'knock', { roomId: room, reason: 'four' }));
    // A member event says the same by another path.
    expectLimited(await kim.call('PUT', `/rooms/${room}/state/m.room.member/${kim.userId}`, { membership: 'knock' }));
    expect((await knock(kim, other, 'one')).status).toBe(200);
    expect((await knock(lee, room, 'one')).status).toBe(200);
    expect(await at.rows('select count(*)::int4 as n from actions where outcome = $1', ['M_LIMIT_EXCEEDED'])).toEqual([
      { n: 0 },
    ]);
  });

  it('counts the knocks on a room, whoever knocks, and a refused one takes nothing from the knocker', async () => {
    const at = await storyWith({ RATE_LIMITS: 'on', RATE_LIMIT_KNOCK_ROOM: '0.5/s burst 2', RATE_LIMIT_KNOCK: ONCE });
    const [owner, kim, lee, max] = await at.people('owner', 'kim', 'lee', 'max');
    const room = await knockRoom(owner);
    expect(await statuses(3, (n) => knock([kim, lee, max][n]!, room, 'hello'))).toEqual([200, 200, 429]);
    const refused = await knock(max, room, 'hello');
    expectLimited(refused);
    await new Promise((resolve) => setTimeout(resolve, refused.body.retry_after_ms));
    expect((await knock(max, room, 'hello')).status).toBe(200);
  });

  it('counts who is invited, whoever invites, and those with whom a room is made', async () => {
    const at = await storyWith({ RATE_LIMITS: 'on', RATE_LIMIT_INVITE: '1/h burst 3' });
    const [owner, kim, lee] = await at.people('owner', 'kim', 'lee');
    const made = await kim.call('POST', '/createRoom', { invite: [owner.userId] });
    expect(made.status).toBe(200);
    const [room, others] = [await knockRoom(owner), await knockRoom(lee)];
    expect((await invite(kim, made.body.room_id, lee.userId)).status).toBe(200);
    expect((await invite(owner, room, lee.userId)).status).toBe(200);
    const target = `@target:${SERVER_NAME}`;
    expect((await invite(owner, room, target)).status).toBe(200);
    expect((await invite(kim, made.body.room_id, target)).status).toBe(200);
    expect((await invite(lee, others, target)).status).toBe(200);
    const [sam] = await at.people('sam');
    expectLimited(await sam.call('POST', '/createRoom', { invite: [target] }));
    expect((await sam.call('POST', '/createRoom', { invite: [owner.userId] })).status).toBe(200);
    const many = Array.from({ length: 20 }, (_, n) => `@p${n}:${SERVER_NAME}`);
    const [ada] = await at.people('ada');
    expect((await ada.call('POST', '/createRoom', { invite: many })).status).toBe(200);
    expectLimited(await ada.call('POST', '/createRoom', { invite: [`@p99:${SERVER_NAME}`] }));
  });

  it('decides about pending knocks without counting as inviting, so many in a room, through either door', async () => {
    const env = { RATE_LIMIT_INVITE: ONCE, RATE_LIMIT_DECISION: '1/h burst 3' };
    const at = await storyWith({ RATE_LIMITS: 'on', ...env });
    const [owner, ...knockers] = await at.people('owner', 'kim', 'lee', 'max', 'sam');
    const room = await knockRoom(owner);
    for (const knocker of knockers) await knock(knocker, room, 'hello');
    const [kim, lee, max, sam] = knockers;
    // Who may not decide cannot use up what those have who may.
    for (let tries = 0; tries < 5; tries += 1) expect((await invite(kim, room, lee.userId)).status).toBe(403);
    expect((await invite(owner, room, kim.userId)).status).toBe(200);
    expect((await mutation(owner, 'acceptKnock', { roomId: room, userId: lee.userId })).errors).toBeUndefined();
    expect((await mutation(owner, 'rejectKnock', { roomId: room, userId: max.userId })).errors).toBeUndefined();
    expectLimited(await invite(owner, room, sam.userId));
    expectLimitedGraphql(await mutation(owner, 'acceptKnock', { roomId: room, userId: sam.userId }));
    expect((await invite(owner, room, `@p1:${SERVER_NAME}`)).status).toBe(200);
    expectLimited(await invite(owner, room, `@p2:${SERVER_NAME}`));
    expect((await owner.call('POST', `/rooms/${room}/kick`, { user_id: sam.userId })).status).toBe(200);
  });

  it('counts requests for which other servers have to be asked by themselves', async () => {
    const at = await storyWith({ RATE_LIMITS: 'on', RATE_LIMIT_REMOTE_JOIN: '1/h burst 2' });
    const [kim] = await at.people('kim');
    const asked = ['join', 'knock', 'join'].map((act) => `/${act}/!elsewhere:example.org?via=example.org`);
    expect(await statuses(3, (n) => kim.call('POST', asked[n]!, {}))).toEqual([502, 502, 429]);
    expect((await kim.call('POST', `/join/!nowhere:${SERVER_NAME}`, {})).status).toBe(404);
  });
});
