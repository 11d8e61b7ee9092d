/** Signing in and out: names, devices, tokens, and what nobody learns from it (PROTOCOL §1.2). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { request, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, SERVER_NAME, type Story } from '../support/story.ts';

let story: Story;
let kim: Client;

beforeAll(async () => {
  story = await openStory({
    PUBLIC_BASE_URL: 'https://matrix.example.org/',
    FEDERATION_DELEGATE: 'matrix.example.org:443',
    SUPPORT_CONTACT: 'help@example.org',
    SUPPORT_PAGE: 'https://example.org/help',
    REGISTRATION: 'open',
  });
  [kim] = await story.people('kim');
});

afterAll(() => story.close());

const PASSWORD = 'password of kim';
const login = (body: object): Promise<Answer> =>
  request(story.url, 'POST', '/login', { body: { type: 'm.login.password', password: PASSWORD, ...body } });
const byId = (user: string) => ({ identifier: { type: 'm.id.user', user } });
const whoami = (token: string) => request(story.url, 'GET', '/account/whoami', { token });

describe('signing in', () => {
  it('offers the password flow', async () => {
    expect((await request(story.url, 'GET', '/login')).body).toEqual({ flows: [{ type: 'm.login.password' }] });
  });

  it.each([
    ['the localpart', byId('kim')],
    ['the whole id', byId(`@kim:${SERVER_NAME}`)],
    ['any case', byId('KIM')],
    ['the whole id in any case', byId(`@Kim:${SERVER_NAME}`)],
    ['the place where clients of old put it', { user: 'kim' }],
  ])('takes %s', async (_what, names) => {
    const answer = await login(names);
    expect(answer).toMatchObject({ status: 200, body: { user_id: kim.userId, home_server: SERVER_NAME } });
    expect((await whoami(answer.body.access_token)).body).toMatchObject({ device_id: answer.body.device_id });
  });

  it('answers the same to a wrong password and to a user that does not exist', async () => {
    const wrong = await login({ ...byId('kim'), password: 'guess' });
    expectRefusal(wrong, 403, 'M_FORBIDDEN');
    const names = [
      'nobody',
      `@nobody:${SERVER_NAME}`,
      '@kim:elsewhere.example',
      'not a name',
      '',
      '@',
      'x'.repeat(300),
    ];
    for (const name of names) {
      const unknown = await login({ ...byId(name), password: 'guess' });
      expect({ status: unknown.status, body: unknown.body }, name).toEqual({ status: 403, body: wrong.body });
    }
    expect((await login({ ...byId('kim'), password: 'x'.repeat(100_000) })).body).toEqual(wrong.body);
  });

  it('works as hard for a user that does not exist', async () => {
    // The server's own account of its processor time: what else the machine does has no part in it.
    const spent = async (name: string): Promise<number> => {
      const before = await cpuSeconds();
      for (let time = 0; time < 12; time += 1) await login({ ...byId(name), password: 'guess' });
      return (await cpuSeconds()) - before;
    };
    await spent('kim');
    const [known, unknown] = [await spent('kim'), await spent('nobody')];
    expect(unknown / known).toBeGreaterThan(0.5);
    expect(unknown / known).toBeLessThan(2);
  });

  it('tells a deactivated user so, but only with the right password', async () => {
    await request(story.url, 'POST', '/register', {
      body: { username: 'gone', password: PASSWORD, auth: { type: 'm.login.dummy' } },
    });
    const signedIn = await login(byId('gone'));
    await story.rows('update users set deactivated_at = now() where user_id = $1', [`@gone:${SERVER_NAME}`]);
    expectRefusal(await login(byId('gone')), 403, 'M_USER_DEACTIVATED');
    expectRefusal(await login({ ...byId('gone'), password: 'guess' }), 403, 'M_FORBIDDEN');
    expectRefusal(await whoami(signedIn.body.access_token), 401, 'M_UNKNOWN_TOKEN');
  });

  it('knows no other types', async () => {
    for (const type of ['m.login.token', 'm.login.sso', '', 'password'])
      expectRefusal(await login({ type, ...byId('kim') }), 400, 'M_UNKNOWN', type);
    const email = { identifier: { type: 'm.id.thirdparty', medium: 'email', address: 'kim@example.org' } };
    expectRefusal(await login(email), 400, 'M_BAD_JSON');
  });
});

describe('a device', () => {
  it('is made anew without a name for it, and keeps the one it is given', async () => {
    const [first, second] = [await login(byId('kim')), await login(byId('kim'))];
    expect(first.body.device_id).not.toBe(second.body.device_id);
    const named = await login({ ...byId('kim'), device_id: 'PHONE', initial_device_display_name: 'my phone' });
    expect(named.body.device_id).toBe('PHONE');
    await login({ ...byId('kim'), device_id: 'PHONE', initial_device_display_name: 'another name' });
    const rows = await story.rows("select display_name from devices where user_id = $1 and device_id = 'PHONE'", [
      kim.userId,
    ]);
    expect(rows).toEqual([{ display_name: 'my phone' }]);
  });

  it('that signs in again loses its older tokens, and of several at once one is left', async () => {
    const old = await login({ ...byId('kim'), device_id: 'TABLET' });
    const other = await login({ ...byId('kim'), device_id: 'DESK' });
    const tries = await Promise.all([1, 2, 3, 4].map(() => login({ ...byId('kim'), device_id: 'TABLET' })));
    expectRefusal(await whoami(old.body.access_token), 401, 'M_UNKNOWN_TOKEN');
    const alive = await Promise.all(tries.map(({ body }) => whoami(body.access_token)));
    expect(alive.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await whoami(other.body.access_token)).status).toBe(200);
  });

  it('ends with its token when it signs out, and no other does', async () => {
    const [gone, left] = [await login(byId('kim')), await login(byId('kim'))];
    expect(await request(story.url, 'POST', '/logout', { token: gone.body.access_token })).toMatchObject({
      status: 200,
      body: {},
    });
    const answer = await whoami(gone.body.access_token);
    expectRefusal(answer, 401, 'M_UNKNOWN_TOKEN');
    expect(answer.body.soft_logout).toBe(false);
    expect((await whoami(left.body.access_token)).status).toBe(200);
    expect(await story.rows('select 1 from devices where device_id = $1', [gone.body.device_id])).toEqual([]);
    expectRefusal(
      await request(story.url, 'POST', '/logout', { token: gone.body.access_token }),
      401,
      'M_UNKNOWN_TOKEN',
    );
  });

  it('ends with all others of its user when they sign out everywhere', async () => {
    const [lee] = await story.people('lee');
    const body = { type: 'm.login.password', ...byId('lee'), password: 'password of lee' };
    const other = await request(story.url, 'POST', '/login', { body });
    await lee.ok('POST', '/logout/all');
    for (const token of [lee.token, other.body.access_token])
      expectRefusal(await whoami(token), 401, 'M_UNKNOWN_TOKEN');
    expect((await whoami(kim.token)).status).toBe(200);
  });
});

describe('a token', () => {
  it('counts in the header only', async () => {
    expectRefusal(await request(story.url, 'GET', `/account/whoami?access_token=${kim.token}`), 401, 'M_MISSING_TOKEN');
    expectRefusal(await request(story.url, 'GET', '/account/whoami'), 401, 'M_MISSING_TOKEN');
    for (const authorization of ['', 'Bearer', 'Bearer ', `Basic ${kim.token}`, kim.token, `Bearer ${kim.token} x`]) {
      const answer = await fetch(`${story.url}/_matrix/client/v3/account/whoami`, { headers: { authorization } });
      expect(answer.status, authorization).toBe(401);
      expect(await answer.json(), authorization).toMatchObject({ errcode: 'M_MISSING_TOKEN' });
    }
    expectRefusal(await whoami('made-up'), 401, 'M_UNKNOWN_TOKEN');
    expect((await whoami(kim.token)).status).toBe(200);
  });

  it('and a password are kept as hashes only, and stand in no log line', async () => {
    const answer = await login({ ...byId('kim'), device_id: 'SAFE' });
    const tables = await story.rows<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'public'",
    );
    const kept: string[] = [];
    for (const { name } of tables) {
      const rows = await story.rows<{ row: string }>(`select t::text as row from "${name}" t`);
      kept.push(...rows.map(({ row }) => row));
    }
    expect(kept.some((row) => row.includes('argon2id'))).toBe(true);
    const printed = story.server().output();
    for (const secret of [answer.body.access_token, kim.token, PASSWORD]) {
      const hex = Buffer.from(secret).toString('hex');
      expect(kept.filter((row) => row.includes(secret) || row.includes(hex))).toEqual([]);
      expect(printed.log + printed.out).not.toContain(secret);
    }
  });
});

describe('what everybody may ask', () => {
  it('versions and well-known, without a token', async () => {
    const { versions, unstable_features } = (await request(story.url, 'GET', '/_matrix/client/versions')).body;
    expect(versions).toEqual(expect.arrayContaining(['r0.6.1', 'v1.1', 'v1.16']));
    expect(unstable_features).toEqual({});
    const wellKnown = await request(story.url, 'GET', '/.well-known/matrix/client');
    expect(wellKnown.body).toEqual({ 'm.homeserver': { base_url: 'https://matrix.example.org' } });
    const forServers = await request(story.url, 'GET', '/.well-known/matrix/server');
    expect(forServers).toMatchObject({ status: 200, body: { 'm.server': 'matrix.example.org:443' } });
    const support = await request(story.url, 'GET', '/.well-known/matrix/support');
    expect(support.body).toEqual({
      contacts: [{ role: 'm.role.admin', email_address: 'help@example.org' }],
      support_page: 'https://example.org/help',
    });
  });

  it('well-known of any page, as browsers want to know', async () => {
    for (const about of ['client', 'server', 'support']) {
      const answer = await fetch(`${story.url}/.well-known/matrix/${about}`);
      expect(answer.headers.get('access-control-allow-origin'), about).toBe('*');
      expect(answer.headers.get('content-type'), about).toMatch(/^application\/json/);
    }
  });

  it('capabilities, with one', async () => {
    expectRefusal(await request(story.url, 'GET', '/capabilities'), 401, 'M_MISSING_TOKEN');
    const { capabilities } = await kim.ok('GET', '/capabilities');
    const available = Object.fromEntries(['7', '8', '9', '10', '11', '12'].map((version) => [version, 'stable']));
    expect(capabilities).toMatchObject({
      'm.room_versions': { default: '12', available },
      'm.profile_fields': { enabled: true },
      'm.set_displayname': { enabled: true },
      'm.set_avatar_url': { enabled: true },
      'm.change_password': { enabled: true },
    });
  });
});

async function cpuSeconds(): Promise<number> {
  const text = await (await fetch(`${story.url}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1]);
}
