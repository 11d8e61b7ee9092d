/** Plain polls are answered at a door of their own: with the very words of the endpoint, and to nobody else. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { knockRoom, type Client } from '../support/client.ts';
import { openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim] = await story.people('owner', 'kim');
});

afterAll(() => story.close());

/** A parameter that the door does not know: it hands the request on. */
const THROUGH_THE_ENDPOINT = '&unknown=1';

/** When and in how many pieces it was sent. */
const OF_THE_WAY = ['date', 'content-length', 'transfer-encoding'];

async function ask(token: string, query: string) {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`${story.url}/_matrix/client/v3/sync?${query}`, { headers });
  const sent = Object.fromEntries([...answer.headers].filter(([name]) => !OF_THE_WAY.includes(name)));
  // How long ago something was depends on when it was asked for.
  const body = (await answer.text()).replaceAll(/"age":\d+/g, '"age":0');
  return { status: answer.status, headers: sent, body };
}

async function both(token: string, query: string) {
  const [plain, other] = [await ask(token, query), await ask(token, `${query}${THROUGH_THE_ENDPOINT}`)];
  return { plain, other };
}

const tokenOf = async (client: Client): Promise<string> => (await client.ok('GET', '/sync')).next_batch;

async function waitingAre(count: number): Promise<void> {
  await vi.waitFor(async () => {
    const text = await (await fetch(`${story.url}/metrics`)).text();
    expect(Number(/^vestibule_sync_waiting (\d+)/m.exec(text)?.[1])).toBe(count);
  }, 30_000);
}

/** Of the server's sessions so far, which tell of them once a second. */
async function transactions(): Promise<number> {
  await sleep(1_500);
  const [row] = await story.rows<{ n: number }>(
    'select xact_commit as n from pg_stat_database where datname = current_database()',
  );
  return row!.n;
}

describe('a poll at its door', () => {
  it.each(['', '&use_state_after=true', '&filter=%7B%22room%22%3A%7B%22timeline%22%3A%7B%22limit%22%3A1%7D%7D%7D'])(
    'is told what the endpoint tells, to the letter: %s',
    async (more) => {
      const [named, nameless] = [
        await knockRoom(owner),
        (await owner.ok('POST', '/createRoom', { preset: 'public_chat' })).room_id,
      ];
      await kim.ok('POST', `/join/${nameless}`, {});
      const since = await Promise.all([owner, kim].map(tokenOf));
      await kim.ok('POST', `/knock/${named}`, { reason: '“yes”\n{}' });
      await owner.ok('PUT', `/rooms/${nameless}/state/m.room.topic`, { topic: 'ü 😀 \u2028' });
      for (const [n, client] of [owner, kim].entries()) {
        // The first answer after it is what the next ones are told from.
        for (let again = 0; again < 3; again += 1) {
          const { plain, other } = await both(client.token, `since=${since[n]}${more}`);
          expect(plain).toEqual(other);
          expect(plain.status).toBe(200);
          expect(plain.body).toContain(JSON.stringify(nameless));
        }
      }
    },
  );

  it('is told of many rooms at once, too, and on the same connection goes on', async () => {
    const since = await tokenOf(owner);
    const rooms = new Set<string>();
    for (let n = 0; n < 6; n += 1) rooms.add(await knockRoom(owner));
    const { plain, other } = await both(owner.token, `since=${since}&timeout=1000`);
    expect(plain).toEqual(other);
    expect(new Set(Object.keys(JSON.parse(plain.body).rooms.join))).toEqual(rooms);
    expect((await ask(owner.token, `since=${JSON.parse(plain.body).next_batch}`)).status).toBe(200);
  });

  it('is told that there is nothing in the same words', async () => {
    const since = await tokenOf(kim);
    const { plain, other } = await both(kim.token, `since=${since}&timeout=10`);
    expect(plain).toEqual(other);
    expect(plain.status).toBe(200);
  });

  it('reads nothing for those who have gone', async () => {
    // What such a user is told is read for each answer.
    await kim.ok('PUT', `/user/${kim.userId}/account_data/m.ignored_user_list`, {
      ignored_users: { [owner.userId]: {} },
    });
    const since = await tokenOf(kim);
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${kim.token}` };
    const polls = Array.from({ length: 30 }, () =>
      fetch(`${story.url}/_matrix/client/v3/sync?since=${since}&timeout=60000`, { headers, signal: gone.signal }),
    );
    const told = Promise.allSettled(polls);
    await waitingAre(polls.length);
    const before = await transactions();
    gone.abort();
    await told;
    // Not to be asked for meanwhile: what is measured is read from the database, too.
    expect((await transactions()) - before).toBeLessThan(polls.length);
    await waitingAre(0);
  });

  it('is refused as by the endpoint: without a token, with a wrong one, with one that has ended, with no token of ours to go on from', async () => {
    const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: kim.userId } };
    const { access_token: ended } = await kim.ok('POST', '/login', { ...login, password: 'password of kim' });
    const since = await tokenOf(kim);
    expect((await ask(ended, `since=${since}`)).status).toBe(200);
    const gone = await fetch(`${story.url}/_matrix/client/v3/logout`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ended}` },
    });
    expect(gone.status).toBe(200);
    for (const [token, query, status] of [
      ['', `since=${since}`, 401],
      ['nonsense', `since=${since}`, 401],
      [ended, `since=${since}`, 401],
      [kim.token, 'since=s999999999_0', 400],
      [kim.token, `since=${since}&filter=999999`, 400],
    ] as const) {
      const { plain, other } = await both(token, query);
      expect(plain).toEqual(other);
      expect(plain.status).toBe(status);
    }
  });
});
