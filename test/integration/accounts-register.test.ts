/** Making accounts: user-interactive authentication, names, and who may (PROTOCOL §1.2). */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { request, type Answer } from '../support/client.ts';
import { runRole } from '../support/server.ts';
import { expectRefusal, openStory, SERVER_NAME, type Story } from '../support/story.ts';

const SECRET = 'a secret that tools share';
const DUMMY = { type: 'm.login.dummy' };

let story: Story;

beforeAll(async () => {
  story = await openStory({ REGISTRATION_SHARED_SECRET: SECRET });
});

afterAll(() => story.close());

const post = (body: object, at = story.url, query = ''): Promise<Answer> =>
  request(at, 'POST', `/register${query}`, { body });
const whoami = (token: string) => request(story.url, 'GET', '/account/whoami', { token });

/** Asks for a session, and expects to be told what to do with it. */
async function challenged(body: object): Promise<string> {
  const answer = await post(body);
  expect(answer).toMatchObject({ status: 401, body: { flows: [{ stages: ['m.login.dummy'] }], params: {} } });
  expect(answer.body.session).toMatch(/^\w{16,}$/);
  return answer.body.session;
}

describe('registering in two steps', () => {
  it('is asked for a dummy stage, whose completion makes the account', async () => {
    const session = await challenged({ username: 'two-steps', password: 'secret' });
    const answer = await post({ username: 'two-steps', password: 'secret', auth: { ...DUMMY, session } });
    expect(answer).toMatchObject({ status: 200, body: { user_id: `@two-steps:${SERVER_NAME}` } });
    const { access_token, device_id } = answer.body;
    expect((await whoami(access_token)).body).toEqual({
      user_id: `@two-steps:${SERVER_NAME}`,
      device_id,
      is_guest: false,
    });
  });

  it('keeps to what the first request asked for, whatever the second one says', async () => {
    const first = { username: 'bound', password: 'first', device_id: 'FIRST', initial_device_display_name: 'a phone' };
    const session = await challenged(first);
    const second = { username: 'other', password: 'second', device_id: 'SECOND', inhibit_login: true };
    const answer = await post({ ...second, auth: { ...DUMMY, session } });
    expect(answer.body.user_id).toBe(`@bound:${SERVER_NAME}`);
    const login = (password: string) =>
      request(story.url, 'POST', '/login', { body: { type: 'm.login.password', user: 'bound', password } });
    expect((await login('first')).status).toBe(200);
    expectRefusal(await login('second'), 403, 'M_FORBIDDEN');
    expect(await story.rows('select user_id from users where user_id like $1', ['@other%'])).toEqual([]);
  });

  it('takes from the second request what the first one left open, as clients that look for the flows first do', async () => {
    const session = await challenged({});
    const answer = await post({
      username: 'later',
      password: 'secret',
      device_id: 'LATER',
      auth: { ...DUMMY, session },
    });
    expect(answer).toMatchObject({ status: 200, body: { user_id: `@later:${SERVER_NAME}`, device_id: 'LATER' } });
  });

  it('stays with its session until a stage of the flow is completed, and completes once', async () => {
    const session = await challenged({ username: 'patient', password: 'secret' });
    for (const auth of [{ session }, { type: 'm.login.password', session }]) {
      expect(await post({ auth })).toMatchObject({ status: 401, body: { session } });
    }
    const both = await Promise.all([1, 2].map(() => post({ auth: { ...DUMMY, session } })));
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
    const late = await post({ username: 'patient2', password: 'secret', auth: { ...DUMMY, session } });
    expect(late.status).toBe(401);
    expect(late.body.session).not.toBe(session);
    expect(await story.rows('select count(*)::int4 from users where user_id like $1', ['@patient%'])).toEqual([
      { count: 1 },
    ]);
  });

  it('with a session that nobody began gets a fresh one', async () => {
    const answer = await post({ username: 'stray', password: 'x', auth: { ...DUMMY, session: 'made-up' } });
    expect(answer).toMatchObject({ status: 401, body: { flows: [{ stages: ['m.login.dummy'] }] } });
    expect(answer.body.session).not.toBe('made-up');
  });

  it('remembers no password in the clear', async () => {
    await challenged({ username: 'careful', password: 'do not keep this' });
    const rows = await story.rows<{ parameters: Buffer }>('select parameters from uia_sessions');
    const texts = rows.map(({ parameters }) => parameters.toString());
    expect(texts.some((text) => text.includes('careful'))).toBe(true);
    expect(texts.filter((text) => text.includes('do not keep this'))).toEqual([]);
  });
});

describe('registering in one request', () => {
  it('needs no session, and no token when none is wanted', async () => {
    const answer = await post({ username: 'at-once', password: 'x', inhibit_login: true, auth: DUMMY });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({ user_id: `@at-once:${SERVER_NAME}` });
    expect(await story.rows('select 1 from devices where user_id = $1', [`@at-once:${SERVER_NAME}`])).toEqual([]);
  });

  it('makes a name up for whoever brings none', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => post({ password: 'x', auth: DUMMY })));
    const names = answers.map(({ body }) => body.user_id);
    for (const name of names) expect(name).toMatch(/^@[a-z0-9]{8,}:localhost:8448$/);
    expect(new Set(names).size).toBe(3);
  });

  it('needs a password', async () => {
    expectRefusal(await post({ username: 'no-password', auth: DUMMY }), 400, 'M_BAD_JSON');
    expectRefusal(await post({ username: 'no-password', password: '', auth: DUMMY }), 400, 'M_INVALID_PARAM');
  });

  it('has no guests', async () => {
    expectRefusal(await post({ password: 'x', auth: DUMMY }, story.url, '?kind=guest'), 403, 'M_FORBIDDEN');
    expect((await post({ password: 'x', auth: DUMMY }, story.url, '?kind=user')).status).toBe(200);
    expectRefusal(await post({ password: 'x', auth: DUMMY }, story.url, '?kind=bot'), 400, 'M_INVALID_PARAM');
  });
});

describe('a user name', () => {
  const available = (name: string) =>
    request(story.url, 'GET', `/register/available?username=${encodeURIComponent(name)}`);

  it.each(['a.b_c=d/e+f-g', '0123', 'UPPER', '-', '='])('%s is fine, in lower case', async (username) => {
    expect(await available(username)).toMatchObject({ status: 200, body: { available: true } });
    const answer = await post({ username, password: 'x', auth: DUMMY });
    expect(answer).toMatchObject({ status: 200, body: { user_id: `@${username.toLowerCase()}:${SERVER_NAME}` } });
    expectRefusal(await available(username), 400, 'M_USER_IN_USE');
  });

  it.each([
    '',
    ' ',
    'a b',
    'ü',
    'a:b',
    '@a',
    'a!',
    'a#',
    '\u212a',
    'a\u0000',
    '💥',
    '@kim:localhost:8448',
    'x'.repeat(241),
  ])('%j is none', async (username) => {
    const answer = await post({ username, password: 'x', auth: DUMMY });
    expectRefusal(answer, 400, 'M_INVALID_USERNAME');
    if (!username.includes('\u0000')) expectRefusal(await available(username), 400, 'M_INVALID_USERNAME');
  });

  it('may make the id 255 bytes long, no longer', async () => {
    const room = 255 - `@:${SERVER_NAME}`.length;
    expectRefusal(await available('x'.repeat(room + 1)), 400, 'M_INVALID_USERNAME');
    expect((await available('x'.repeat(room))).status).toBe(200);
  });

  it('that is taken is refused before anything is asked, in any case, and for one of two at once', async () => {
    await post({ username: 'taken', password: 'x', auth: DUMMY });
    for (const username of ['taken', 'TAKEN'])
      expectRefusal(await post({ username, password: 'x' }), 400, 'M_USER_IN_USE');
    expectRefusal(await post({ username: 'not a name' }), 400, 'M_INVALID_USERNAME');
    const race = await Promise.all([1, 2, 3].map(() => post({ username: 'race', password: 'x', auth: DUMMY })));
    expect(race.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400, 400]);
    expectRefusal(await request(story.url, 'GET', '/register/available'), 400, 'M_MISSING_PARAM');
  });
});

describe('registering with the shared secret', () => {
  const PATH = '/_synapse/admin/v1/register';
  const nonce = async (): Promise<string> => (await request(story.url, 'GET', PATH)).body.nonce;
  const signed = (fields: readonly string[], secret = SECRET) =>
    createHmac('sha1', secret).update(fields.join('\u0000')).digest('hex');
  const send = (body: object) => request(story.url, 'POST', PATH, { body });

  it('makes users and admins as existing tools ask for them, each nonce once', async () => {
    const made = await nonce();
    const boss = { nonce: made, username: 'boss', password: 'pw', admin: true, displayname: 'The Boss' };
    const body = { ...boss, mac: signed([made, 'boss', 'pw', 'admin']) };
    const answer = await send(body);
    expect(answer).toMatchObject({ status: 200, body: { user_id: `@boss:${SERVER_NAME}`, home_server: SERVER_NAME } });
    expect((await whoami(answer.body.access_token)).status).toBe(200);
    expect(await story.rows('select admin from users where user_id = $1', [`@boss:${SERVER_NAME}`])).toEqual([
      { admin: true },
    ]);
    expect((await request(story.url, 'GET', `/profile/@boss:${SERVER_NAME}`)).body).toEqual({
      displayname: 'The Boss',
    });
    expectRefusal(await send({ ...body, username: 'boss2' }), 403, 'M_FORBIDDEN', 'replayed');
    const typed = await nonce();
    const bot = { nonce: typed, username: 'bot', password: 'pw', user_type: 'bot' };
    expect((await send({ ...bot, mac: signed([typed, 'bot', 'pw', 'notadmin', 'bot']) })).status).toBe(200);
  });

  it('refuses a wrong secret, other fields than were signed, and a nonce that nobody gave', async () => {
    const fields = (of: string) => ({ nonce: of, username: 'mallory', password: 'pw' });
    const wrong = await nonce();
    expectRefusal(
      await send({ ...fields(wrong), mac: signed([wrong, 'mallory', 'pw', 'notadmin'], 'guess') }),
      403,
      'M_FORBIDDEN',
    );
    const more = await nonce();
    const mac = signed([more, 'mallory', 'pw', 'notadmin']);
    expectRefusal(await send({ ...fields(more), admin: true, mac }), 403, 'M_FORBIDDEN');
    expectRefusal(await send({ ...fields(more), mac }), 403, 'M_FORBIDDEN', 'a nonce is used up by a wrong try');
    expectRefusal(
      await send({ ...fields('mine'), mac: signed(['mine', 'mallory', 'pw', 'notadmin']) }),
      403,
      'M_FORBIDDEN',
    );
    expectRefusal(await send({ ...fields(await nonce()), mac: '' }), 403, 'M_FORBIDDEN');
    expect(await story.rows('select 1 from users where user_id like $1', ['@mallory%'])).toEqual([]);
  });
});

describe('who may register', () => {
  it('nobody while it is closed, but for the shared secret, which is not served without one', async () => {
    const closed = await openStory({ REGISTRATION: 'closed' });
    try {
      expectRefusal(await post({ username: 'a', password: 'x', auth: DUMMY }, closed.url), 403, 'M_FORBIDDEN');
      expectRefusal(await post({}, closed.url), 403, 'M_FORBIDDEN');
      expectRefusal(await request(closed.url, 'GET', '/_synapse/admin/v1/register'), 400, 'M_UNKNOWN');
    } finally {
      await closed.close();
    }
  });

  it('who has a token, as often as it counts, and a failure uses none up', async () => {
    const story = await openStory({ REGISTRATION: 'token' });
    try {
      const role = await runRole(['registration-token', '--uses', '2'], {
        DATABASE_URL: story.databaseUrl,
        DATA_DIR: story.server().dataDir,
      });
      const token = role.out.trim();
      const stage = { type: 'm.login.registration_token' };
      const flows = [{ stages: [stage.type] }];
      expect(await post({ username: 'a', password: 'x', auth: DUMMY }, story.url)).toMatchObject({
        status: 401,
        body: { flows },
      });
      const asked = await post({ username: 'a', password: 'x' }, story.url);
      const auth = { ...stage, session: asked.body.session };
      const wrong = await post({ auth: { ...auth, token: 'guess' } }, story.url);
      expect(wrong).toMatchObject({ status: 401, body: { session: auth.session, errcode: 'M_UNAUTHORIZED' } });
      expectRefusal(await post({ username: 'b', auth: { ...stage, token } }, story.url), 400, 'M_BAD_JSON');
      expect(await post({ auth: { ...auth, token } }, story.url)).toMatchObject({ status: 200 });
      const race = ['c', 'd'].map((username) =>
        post({ username, password: 'x', auth: { ...stage, token } }, story.url),
      );
      expect((await Promise.all(race)).map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401]);
      expect(await story.rows('select uses_left from registration_tokens')).toEqual([{ uses_left: 0 }]);
    } finally {
      await story.close();
    }
  });
});
