/** Access tokens that expire, and how clients renew them (PROTOCOL §1.2, §7). */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { request, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';
import { passwordOf } from '../support/uia.ts';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

let story: Story;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [kim] = await story.people('kim');
});

afterAll(() => story.close());

const HOUR = 60 * 60 * 1000;
const whoami = (token: string) => request(story.url, 'GET', '/account/whoami', { token });
const refresh = (refresh_token: unknown) => request(story.url, 'POST', '/refresh', { body: { refresh_token } });
const login = async (body: object = {}): Promise<Answer['body']> => {
  const asked = { ...passwordOf(kim), refresh_token: true, ...body };
  const answer = await request(story.url, 'POST', '/login', { body: asked });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
};
const renewed = async ({ refresh_token }: Tokens): Promise<Tokens> => {
  const answer = await refresh(refresh_token);
  expect(answer).toMatchObject({ status: 200, body: { expires_in_ms: HOUR } });
  expect(Object.keys(answer.body).toSorted()).toEqual(['access_token', 'expires_in_ms', 'refresh_token']);
  return answer.body;
};
const expire = () =>
  story.rows("update access_tokens set expires_at = now() - interval '1 second' where expires_at is not null");

function expectUnknown(answer: Answer, soft_logout: boolean): void {
  expectRefusal(answer, 401, 'M_UNKNOWN_TOKEN');
  expect(answer.body.soft_logout).toBe(soft_logout);
}

describe('a token that expires', () => {
  it('is given to clients that can renew it, by login and by registration, and to no others', async () => {
    expect(await login()).toMatchObject({ refresh_token: expect.stringMatching(/^vsr_/), expires_in_ms: HOUR });
    const plain = await login({ refresh_token: false });
    for (const key of ['refresh_token', 'expires_in_ms']) expect(plain).not.toHaveProperty(key);
    const auth = { type: 'm.login.dummy' };
    const registered = await request(story.url, 'POST', '/register', {
      body: { username: 'new', password: 'x', refresh_token: true, auth },
    });
    expect(registered.body).toMatchObject({ refresh_token: expect.any(String), expires_in_ms: HOUR });
    expect((await whoami((await renewed(registered.body)).access_token)).body.user_id).toBe(registered.body.user_id);
    const session = (
      await request(story.url, 'POST', '/register', { body: { username: 'two', password: 'x', refresh_token: true } })
    ).body.session;
    const bound = await request(story.url, 'POST', '/register', { body: { auth: { ...auth, session } } });
    expect(bound.body).toMatchObject({ refresh_token: expect.any(String) });
  });

  it('says when it has expired that it can be renewed, through REST and GraphQL, and then that it is unknown', async () => {
    const tokens = await login();
    expect((await whoami(tokens.access_token)).status).toBe(200);
    await expire();
    // The server, which remembers whose the token is, hears a moment later of what others write.
    await vi.waitFor(async () => expectUnknown(await whoami(tokens.access_token), true), { timeout: 10_000 });
    const graphql = await fetch(`${story.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ viewer { user { userId } } }' }),
    });
    expect(await graphql.json()).toMatchObject({
      errors: [{ extensions: { code: 'M_UNKNOWN_TOKEN', soft_logout: true } }],
    });
    const next = await renewed(tokens);
    expect((await whoami(next.access_token)).body).toMatchObject({ user_id: kim.userId, device_id: tokens.device_id });
    expectUnknown(await whoami(tokens.access_token), false);
    expect((await whoami(kim.token)).status, 'one that does not expire').toBe(200);
  });

  it('ends with its device', async () => {
    const tokens = await login();
    await request(story.url, 'POST', '/logout', { token: tokens.access_token });
    expectUnknown(await whoami(tokens.access_token), false);
    expectUnknown(await refresh(tokens.refresh_token), false);
    const old = await login({ device_id: 'PHONE' });
    const again = await login({ device_id: 'PHONE' });
    expectUnknown(await whoami(old.access_token), false);
    expectUnknown(await refresh(old.refresh_token), false);
    await renewed(again);
  });
});

describe('a refresh token', () => {
  it('counts until the new access token is used, and ends its own access token with it', async () => {
    const first = await login();
    const lost = await renewed(first);
    expect((await whoami(first.access_token)).status, 'nothing new was used').toBe(200);
    const second = await renewed(first);
    expectUnknown(await whoami(lost.access_token), false);
    expectUnknown(await refresh(lost.refresh_token), false);
    expect((await whoami(second.access_token)).status).toBe(200);
    expectUnknown(await refresh(first.refresh_token), false);
    expectUnknown(await whoami(first.access_token), false);
    expect((await whoami(second.access_token)).status).toBe(200);
  });

  it('counts until the new refresh token is used', async () => {
    const first = await login();
    const second = await renewed(first);
    const third = await renewed(second);
    expectUnknown(await refresh(first.refresh_token), false);
    expectUnknown(await whoami(first.access_token), false);
    expect((await whoami(third.access_token)).status).toBe(200);
    expectUnknown(await whoami(second.access_token), false);
  });

  it('that is used many times at once leaves one pair of tokens', async () => {
    const first = await login();
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(first.refresh_token)));
    for (const { status } of answers) expect(status).toBe(200);
    const alive = await Promise.all(answers.map(({ body }) => whoami(body.access_token)));
    expect(alive.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(
      await story.rows('select 1 from refresh_tokens where device_id = $1', [first.device_id]),
      'the one that is left',
    ).toHaveLength(1);
  });

  it('is no access token, nor an access token one of it, and none is kept but as a hash', async () => {
    const tokens = await login();
    expectUnknown(await whoami(tokens.refresh_token), false);
    expectUnknown(await refresh(tokens.access_token), false);
    for (const wrong of ['', 'made-up', 'a\u0000b']) expectUnknown(await refresh(wrong), false);
    for (const wrong of [undefined, 1, null, 'x'.repeat(513)]) expectRefusal(await refresh(wrong), 400, 'M_BAD_JSON');
    const rows = await story.rows<{ row: string }>(
      'select t::text as row from refresh_tokens t union all select t::text from access_tokens t',
    );
    const secrets = [tokens.access_token, tokens.refresh_token].flatMap((text) => [
      text,
      Buffer.from(text).toString('hex'),
    ]);
    expect(rows.filter(({ row }) => secrets.some((secret) => row.includes(secret)))).toEqual([]);
    expect(story.server().output().log).not.toContain(tokens.refresh_token);
  });
});
