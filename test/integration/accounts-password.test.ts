/** Changing one's password (PROTOCOL §1.2). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logIn } from '../../src/accounts/access-tokens.ts';
import { checkPassword } from '../../src/accounts/users.ts';
import { openDatabase } from '../../src/database/database.ts';
import type { UserId } from '../../src/matrix/identifiers.ts';
import { clientWith, request, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';
import { passwordOf, sessionOf } from '../support/uia.ts';

let story: Story;

beforeAll(async () => {
  story = await openStory();
});

afterAll(() => story.close());

const PATH = '/account/password';
const whoami = (client: Client) => client.call('GET', '/account/whoami');
const login = (client: Client, password?: string) =>
  request(story.url, 'POST', '/login', { body: passwordOf(client, undefined, password) });
async function signIn(client: Client): Promise<Client> {
  const { body } = await login(client);
  return clientWith(story.url, body.access_token, client.userId);
}

describe('another password', () => {
  it('is taken once the old one was given, and signs out every other device', async () => {
    const [kim] = await story.people('kim');
    const phone = await signIn(kim);
    const session = sessionOf(await kim.call('POST', PATH, { new_password: 'the new one' }));
    expect((await login(kim)).status, 'asking changes nothing').toBe(200);
    const answer = await kim.call('POST', PATH, { new_password: 'the new one', auth: passwordOf(kim, session) });
    expect(answer).toMatchObject({ status: 200, body: {} });
    expectRefusal(await login(kim), 403, 'M_FORBIDDEN');
    expectRefusal(await whoami(phone), 401, 'M_UNKNOWN_TOKEN');
    expect((await whoami(kim)).status).toBe(200);
    expect((await login(kim, 'the new one')).status).toBe(200);
    const text = 'select operation, target, outcome, token is not null as token from actions where actor = $1';
    expect(await story.rows(text, [kim.userId])).toEqual([
      { operation: 'changePassword', target: kim.userId, outcome: 'ok', token: true },
    ]);
  });

  it('leaves other devices signed in when that is asked for', async () => {
    const [lee] = await story.people('lee');
    const phone = await signIn(lee);
    const body = { new_password: 'another', logout_devices: false, auth: passwordOf(lee) };
    expect((await lee.call('POST', PATH, body)).status).toBe(200);
    for (const client of [lee, phone]) expect((await whoami(client)).status).toBe(200);
  });

  it('is the one that the first request named, and stands nowhere in the clear meanwhile', async () => {
    const [mia] = await story.people('mia');
    const phone = await signIn(mia);
    const session = sessionOf(await mia.call('POST', PATH, { new_password: 'first-of-all', logout_devices: false }));
    const [row] = await story.rows<{ parameters: Buffer }>('select parameters from uia_sessions where id = $1', [
      session,
    ]);
    expect(row!.parameters.toString()).toContain('argon2id');
    expect(row!.parameters.toString()).not.toContain('first-of-all');
    await mia.ok('POST', PATH, { new_password: 'second', logout_devices: true, auth: passwordOf(mia, session) });
    expect((await login(mia, 'first-of-all')).status).toBe(200);
    expectRefusal(await login(mia, 'second'), 403, 'M_FORBIDDEN');
    expect((await whoami(phone)).status).toBe(200);
    expect(story.server().output().log).not.toContain('first-of-all');
  });

  it('is refused when it is none, and when the old one is wrong', async () => {
    const [nora] = await story.people('nora');
    for (const new_password of ['', 'x'.repeat(513)])
      for (const auth of [undefined, passwordOf(nora)])
        expectRefusal(await nora.call('POST', PATH, { new_password, auth }), 400, 'M_INVALID_PARAM');
    for (const new_password of [undefined, 1, null])
      expectRefusal(await nora.call('POST', PATH, { new_password }), 400, 'M_BAD_JSON');
    const wrong = await nora.call('POST', PATH, { new_password: 'x', auth: passwordOf(nora, undefined, 'guess') });
    expect(wrong).toMatchObject({ status: 401, body: { errcode: 'M_FORBIDDEN' } });
    expectRefusal(await request(story.url, 'POST', PATH, { body: { new_password: 'x' } }), 401, 'M_MISSING_TOKEN');
    expect((await login(nora)).status).toBe(200);
  });

  it('keeps out who was signing in with the old one just then', async () => {
    const [rosa] = await story.people('rosa');
    const database = openDatabase({ url: story.databaseUrl, max: 2 });
    try {
      const checked = await checkPassword(database.db, rosa.userId as UserId, 'password of rosa');
      await rosa.ok('POST', PATH, { new_password: 'other', auth: passwordOf(rosa) });
      const late = logIn(database.db, { ...checked, now: Date.now() });
      await expect(late).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
      expect((await rosa.ok('GET', '/devices')).devices).toHaveLength(1);
    } finally {
      await database.close();
    }
  });

  it('ends what waited to be confirmed with the old one', async () => {
    const [olga] = await story.people('olga');
    const session = sessionOf(await olga.call('DELETE', '/devices/PHONE', {}));
    await olga.ok('POST', PATH, { new_password: 'other', auth: passwordOf(olga) });
    const late = await olga.call('DELETE', '/devices/PHONE', { auth: passwordOf(olga, session, 'other') });
    expect(sessionOf(late)).not.toBe(session);
  });
});

describe('mail addresses and telephone numbers', () => {
  it('are none, and cannot be had', async () => {
    const [pia] = await story.people('pia');
    expect(await pia.ok('GET', '/account/3pid')).toEqual({ threepids: [] });
    expect((await pia.ok('GET', '/capabilities')).capabilities).toMatchObject({
      ...{ 'm.3pid_changes': { enabled: false }, 'm.change_password': { enabled: true } },
    });
  });
});
