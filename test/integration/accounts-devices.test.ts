/** Devices: their list, their names, when they were seen, and how they are signed out (PROTOCOL §1.2). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientWith, request, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';
import { confirmed, passwordOf, sessionOf } from '../support/uia.ts';

let story: Story;

beforeAll(async () => {
  story = await openStory();
});

afterAll(() => story.close());

const whoami = (client: Client) => client.call('GET', '/account/whoami');

/** One more device of a user of people(). */
async function signIn(client: Client, device_id: string, name?: string): Promise<Client> {
  const body = { ...passwordOf(client), device_id, initial_device_display_name: name };
  const answer = await request(story.url, 'POST', '/login', { body });
  expect(answer).toMatchObject({ status: 200, body: { device_id } });
  return clientWith(story.url, answer.body.access_token, client.userId);
}

const idsOf = async (client: Client): Promise<readonly string[]> =>
  (await client.ok('GET', '/devices')).devices.map(({ device_id }: { device_id: string }) => device_id);

describe('devices', () => {
  it('are listed to their user with their names, and when and from where they were seen', async () => {
    const [kim, lee] = await story.people('kim', 'lee');
    const phone = await signIn(kim, 'PHONE', 'my phone');
    const before = Date.now();
    await phone.ok('GET', '/account/whoami');
    // Noted behind the answer.
    let seen: Answer['body'] = {};
    while (seen.last_seen_ts === undefined) seen = await kim.ok('GET', '/devices/PHONE');
    expect(seen).toEqual({
      ...{ device_id: 'PHONE', display_name: 'my phone', last_seen_ip: '127.0.0.1' },
      last_seen_ts: expect.any(Number),
    });
    expect(seen.last_seen_ts).toBeGreaterThanOrEqual(before - 60_000);
    expect(seen.last_seen_ts).toBeLessThanOrEqual(Date.now());
    const { devices } = await kim.ok('GET', '/devices');
    expect(devices).toHaveLength(2);
    expect(devices).toContainEqual(seen);
    expectRefusal(await lee.call('GET', '/devices/PHONE'), 404, 'M_NOT_FOUND');
  });

  it('are given other names by their user, and by nobody else', async () => {
    const [mia, nora] = await story.people('mia', 'nora');
    await signIn(mia, 'DESK', 'desk');
    await mia.ok('PUT', '/devices/DESK', {});
    expect(await mia.ok('GET', '/devices/DESK')).toMatchObject({ display_name: 'desk' });
    await mia.ok('PUT', '/devices/DESK', { display_name: 'kitchen' });
    expect(await mia.ok('GET', '/devices/DESK')).toMatchObject({ display_name: 'kitchen' });
    expectRefusal(await nora.call('PUT', '/devices/DESK', { display_name: 'x' }), 404, 'M_NOT_FOUND');
    expectRefusal(await mia.call('PUT', '/devices/NEW', { display_name: 'x' }), 404, 'M_NOT_FOUND');
    for (const display_name of [1, null, 'x'.repeat(256), 'a\u0000b'])
      expectRefusal(await mia.call('PUT', '/devices/DESK', { display_name }), 400, 'M_BAD_JSON');
  });

  it('end with their tokens, once their user has given the password', async () => {
    const [olga] = await story.people('olga');
    const [phone, desk, car] = [await signIn(olga, 'PHONE'), await signIn(olga, 'DESK'), await signIn(olga, 'CAR')];
    expect(await confirmed(olga, 'DELETE', '/devices/PHONE')).toMatchObject({ status: 200, body: {} });
    expectRefusal(await whoami(phone), 401, 'M_UNKNOWN_TOKEN');
    expect((await whoami(phone)).body.soft_logout).toBe(false);
    expect((await confirmed(olga, 'DELETE', '/devices/PHONE')).status, 'gone already').toBe(200);
    expect((await confirmed(olga, 'POST', '/delete_devices', { devices: ['DESK', 'CAR', 'NONE'] })).status).toBe(200);
    for (const client of [desk, car]) expectRefusal(await whoami(client), 401, 'M_UNKNOWN_TOKEN');
    expect(await idsOf(olga)).toHaveLength(1);
    const asked = await olga.call('DELETE', `/devices/${(await idsOf(olga))[0]}`, {});
    expect((await whoami(olga)).status, 'asking ends nothing').toBe(200);
    sessionOf(asked);
  });

  it('are taken by their body alone, and their list has an end', async () => {
    const [pia] = await story.people('pia');
    for (const devices of [undefined, 'PHONE', [1], Array.from({ length: 1_001 }, (_, n) => `D${n}`)])
      expectRefusal(await pia.call('POST', '/delete_devices', { devices }), 400, 'M_BAD_JSON');
    expectRefusal(await request(story.url, 'DELETE', '/devices/PHONE', { token: pia.token }), 400, 'M_NOT_JSON');
  });

  it('of one user are a thousand: who signs in on more loses those that were seen longest ago', async () => {
    const [quin] = await story.people('quin');
    await story.rows(
      `insert into devices (user_id, device_id, created_at)
       select $1, 'OLD' || n, now() - interval '1 day' - n * interval '1 minute' from generate_series(1, 999) n`,
      [quin.userId],
    );
    await signIn(quin, 'ONE-MORE');
    const ids = await idsOf(quin);
    expect(ids).toHaveLength(1_000);
    expect(ids).toContain('ONE-MORE');
    expect(ids).toContain('OLD998');
    expect(ids).not.toContain('OLD999');
  });
});

describe('the password that is asked for', () => {
  it('must be right and the caller’s own; until then the session stays', async () => {
    const [rosa, sven] = await story.people('rosa', 'sven');
    const phone = await signIn(rosa, 'PHONE');
    const session = sessionOf(await rosa.call('DELETE', '/devices/PHONE', {}));
    const wrong = [
      passwordOf(rosa, session, 'guess'),
      passwordOf(sven, session),
      { session },
      { type: 'm.login.dummy', session },
    ];
    for (const auth of wrong) {
      const answer = await rosa.call('DELETE', '/devices/PHONE', { auth });
      expect(sessionOf(answer)).toBe(session);
      if ('password' in auth) expect(answer.body).toMatchObject({ errcode: 'M_FORBIDDEN', error: expect.any(String) });
    }
    const nameless = { type: 'm.login.password', password: 'x', session };
    expectRefusal(await rosa.call('DELETE', '/devices/PHONE', { auth: nameless }), 400, 'M_BAD_JSON');
    const mute = { ...passwordOf(rosa, session), password: undefined };
    expectRefusal(await rosa.call('DELETE', '/devices/PHONE', { auth: mute }), 400, 'M_BAD_JSON');
    expect((await whoami(phone)).status).toBe(200);
    const old = { type: 'm.login.password', user: 'rosa', password: 'password of rosa', session };
    expect((await rosa.call('DELETE', '/devices/PHONE', { auth: old })).status).toBe(200);
    expectRefusal(await whoami(phone), 401, 'M_UNKNOWN_TOKEN');
  });

  it('may come with the first request', async () => {
    const [tom] = await story.people('tom');
    const phone = await signIn(tom, 'PHONE');
    const wrong = await tom.call('DELETE', '/devices/PHONE', { auth: passwordOf(tom, undefined, 'guess') });
    sessionOf(wrong);
    expect((await tom.call('DELETE', '/devices/PHONE', { auth: passwordOf(tom) })).status).toBe(200);
    expectRefusal(await whoami(phone), 401, 'M_UNKNOWN_TOKEN');
  });

  it('confirms what the first request asked for, once', async () => {
    const [uma] = await story.people('uma');
    const [one, two] = [await signIn(uma, 'ONE'), await signIn(uma, 'TWO')];
    const session = sessionOf(await uma.call('POST', '/delete_devices', { devices: ['ONE'] }));
    const auth = passwordOf(uma, session);
    const both = await Promise.all([1, 2].map(() => uma.call('POST', '/delete_devices', { devices: ['TWO'], auth })));
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401]);
    expectRefusal(await whoami(one), 401, 'M_UNKNOWN_TOKEN');
    expect((await whoami(two)).status).toBe(200);
  });

  it('counts for nothing in a session of something else, of somebody else, or of nobody: it is asked for anew', async () => {
    const [vera, walt] = await story.people('vera', 'walt');
    const [one, two] = [await signIn(vera, 'ONE'), await signIn(vera, 'TWO')];
    const ofOne = sessionOf(await vera.call('DELETE', '/devices/ONE', {}));
    const ofWalt = sessionOf(await walt.call('DELETE', '/devices/TWO', {}));
    const ofAll = sessionOf(await vera.call('POST', '/delete_devices', { devices: ['TWO'] }));
    for (const session of [ofOne, ofWalt, ofAll, 'made-up']) {
      const answer = await vera.call('DELETE', '/devices/TWO', { auth: passwordOf(vera, session) });
      expect(sessionOf(answer)).not.toBe(session);
    }
    for (const client of [one, two]) expect((await whoami(client)).status).toBe(200);
  });

  it('is waited for in ten sessions of a user; older ones are forgotten', async () => {
    const [xena] = await story.people('xena');
    const sessions: string[] = [];
    for (let n = 0; n < 11; n += 1) sessions.push(sessionOf(await xena.call('DELETE', '/devices/ONE', {})));
    const use = (session: string) => xena.call('DELETE', '/devices/ONE', { auth: passwordOf(xena, session) });
    expect((await use(sessions[0]!)).status).toBe(401);
    expect((await use(sessions[10]!)).status).toBe(200);
  });

  it('may be tried as often as one may sign in', async () => {
    const limited = await openStory({ RATE_LIMITS: 'on' });
    try {
      const [yuri] = await limited.people('yuri');
      const statuses: number[] = [];
      for (let n = 0; n < 4; n += 1) {
        const auth = passwordOf(yuri, undefined, 'guess');
        statuses.push((await yuri.call('DELETE', '/devices/ONE', { auth })).status);
      }
      expect(statuses).toEqual([401, 401, 401, 429]);
      expect((await yuri.call('DELETE', '/devices/ONE', { auth: passwordOf(yuri) })).status).toBe(429);
    } finally {
      await limited.close();
    }
  });
});
