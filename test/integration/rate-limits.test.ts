/** How often one may register and sign in (PROTOCOL §7). */
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

  it('is limited by user: knocks in each room, invites, joins and what is sent; never the decisions on knocks', async () => {
    const at = await storyWith({ RATE_LIMITS: 'on' });
    const [owner, kim, lee] = await at.people('owner', 'kim', 'lee');
    const [room, other] = [await knockRoom(owner), await knockRoom(owner)];
    const knock = (client: Client, to: string, n: number) =>
      client.call('POST', `/knock/${to}`, { reason: `try ${n}` });
    expect(await statuses(4, (n) => knock(kim, room, n))).toEqual([200, 200, 200, 429]);
    expectLimited(await knock(kim, room, 4));
    const again = await kim.graphql(`mutation { knock(input: { roomId: ${JSON.stringify(room)} }) { room { id } } }`);
    expect(again.errors[0].extensions).toMatchObject({ code: 'M_LIMIT_EXCEEDED' });
    expect([(await knock(kim, other, 0)).status, (await knock(lee, room, 0)).status]).toEqual([200, 200]);
    const invite = (n: number) => owner.call('POST', `/rooms/${room}/invite`, { user_id: `@p${n}:${SERVER_NAME}` });
    expect(await statuses(11, invite)).toEqual([...Array.from({ length: 10 }, () => 200), 429]);
    for (const from of [kim, lee]) {
      const decided = await owner.graphql(
        `mutation ($input: AcceptKnockInput!) { acceptKnock(input: $input) { knock { status } } }`,
        { input: { roomId: room, userId: from.userId } },
      );
      expect(decided.data.acceptKnock.knock).toEqual({ status: 'ACCEPTED' });
    }
    const sent = await statuses(11, (n) => kim.call('POST', '/createRoom', { name: `room ${n}` }));
    expect(sent.at(-1)).toBe(429);
    expect(await statuses(11, () => lee.call('POST', `/join/${room}`, {}))).toEqual([
      ...Array.from({ length: 10 }, () => 200),
      429,
    ]);
  });
});
