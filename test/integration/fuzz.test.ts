/** Every declared route, asked at random: no answer is a fault of ours, and the log grows by what was answered with success alone. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverServerEndpoints } from '../../src/http/server-server/index.ts';
import { servedEndpoints } from '../../src/http/served-endpoints.ts';
import { parseServerName } from '../../src/matrix/identifiers.ts';
import { jsonObject, parseJsonObject, type JsonObject } from '../../src/matrix/json.ts';
import { authorizationOf } from '../../src/matrix/signed-request.ts';
import { knockRoom, type Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { requestsFor, type FuzzedRequest, type Scenery } from '../support/fuzz.ts';
import { rawRequest, type RawAnswer } from '../support/raw.ts';
import { runRole } from '../support/server.ts';
import { SERVER_NAME, type Counts } from '../support/story.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Date.now() % 2 ** 31);
const REQUESTS_A_ROUTE = 16;
const US = parseServerName(SERVER_NAME)!;

let story: FederatedStory;
let other: OtherServer;
let owner: Client;
let kim: Client;
let joins = 0;
let lee: Client;

beforeAll(async () => {
  story = await openFederatedStory({ REGISTRATION_SHARED_SECRET: 'a secret that is shared' });
  other = await story.otherServer();
  [owner, kim, lee] = await story.people('owner', 'kim', 'lee');
});

afterAll(() => story.close());

/** Three rooms with somebody in, at and out of each of them. */
async function newScenery(): Promise<Scenery> {
  const rooms = [
    await knockRoom(owner, { room_version: '9' }),
    await knockRoom(owner),
    await knockRoom(kim, { preset: 'public_chat' }),
  ];
  await kim.ok('POST', `/knock/${rooms[0]}`, {});
  await lee.ok('POST', `/knock/${rooms[1]}`, { reason: 'hello' });
  await owner.ok('POST', `/rooms/${rooms[1]}/invite`, { user_id: lee.userId });
  await lee.ok('POST', `/join/${rooms[1]}`, {});
  await owner.ok('POST', `/rooms/${rooms[0]}/ban`, { user_id: lee.userId });
  const people = [owner, kim, lee];
  return { rooms, users: people.map(({ userId }) => userId), tokens: people.map(({ token }) => token) };
}

interface ActionRow {
  readonly outcome: string;
}

const actionsAfter = (count: number) =>
  story.rows<ActionRow>('select outcome from actions order by position offset $1', [count]);

/** Asks, and holds the answer and the log against each other. */
async function expectFit(asked: FuzzedRequest, before: Counts): Promise<Counts> {
  const answer = await rawRequest(story.server().port, { ...asked, timeoutMs: 60_000 });
  const what = `${asked.method} ${asked.path} ${String(asked.body).slice(0, 400)} → ${answer.text.slice(0, 200)}`;
  expectAnswer(answer, what);
  const after = await story.counts();
  const ok = answer.status >= 200 && answer.status < 300;
  if (!ok) expect({ ...after, actions: 0 }, what).toEqual({ ...before, actions: 0 });
  expect(after.verdicts, what).toBe(after.events);
  for (const { outcome } of await actionsAfter(before.actions))
    expect(ok ? ['ok', 'unchanged'] : [answer.json.errcode], what).toContain(outcome);
  return after;
}

function expectAnswer({ status, json, headers }: RawAnswer, what: string): void {
  expect(headers['access-control-allow-origin'], what).toBe('*');
  expect(json, what).toBeTypeOf('object');
  if (status < 300) return;
  // Other servers cannot be asked yet; nothing else is a fault of ours.
  if (status >= 500) expect({ status, errcode: json.errcode }, what).toEqual({ status: 502, errcode: 'M_UNKNOWN' });
  const asksForMore = status === 401 && Array.isArray(json.flows) && typeof json.session === 'string';
  if (!asksForMore)
    expect(json, what).toMatchObject({ errcode: expect.stringMatching(/^M_[A-Z_]+$/), error: expect.any(String) });
}

describe(`any request (FAST_CHECK_SEED=${SEED})`, () => {
  it.each(servedEndpoints.map((endpoint) => [`${endpoint.method} ${endpoint.paths[0]}`, endpoint] as const))(
    '%s is answered in the protocol’s words, and grows the log only with success',
    async (route, endpoint) => {
      // Whoever signs out is gone: not everybody may.
      const spare = route.includes('/logout') ? await story.people(`guest-of-${SEED % 1000}-${route.length}`) : [];
      const scenery = await newScenery();
      const tokens = spare.length > 0 ? spare.map(({ token }) => token) : scenery.tokens;
      let counts = await story.counts();
      const property = fc.asyncProperty(requestsFor(endpoint, { ...scenery, tokens }), async (asked) => {
        counts = await expectFit(asked, counts);
      });
      await fc.assert(property, { numRuns: REQUESTS_A_ROUTE, seed: SEED, endOnFailure: true });
    },
  );
});

/** Signed as far as it can be: what is no JSON is refused before that. */
async function askSigned({ method, path, body }: FuzzedRequest): Promise<RawAnswer> {
  const text = body === undefined ? undefined : Buffer.from(body).toString();
  const content = text === undefined ? {} : { content: contentOf(text) };
  const asked = { method, uri: path, destination: US, ...content };
  const authorization = authorizationOf(asked, other.identity);
  return rawRequest(story.server().port, { method, path, headers: { authorization }, body, timeoutMs: 60_000 });
}

function contentOf(text: string): JsonObject {
  try {
    return parseJsonObject(text);
  } catch {
    return jsonObject({});
  }
}

describe(`any request of another server (FAST_CHECK_SEED=${SEED})`, () => {
  it.each(serverServerEndpoints.map((endpoint) => [`${endpoint.method} ${endpoint.paths[0]}`, endpoint] as const))(
    '%s is answered in the protocol’s words, and makes the log no longer',
    async (_route, endpoint) => {
      const scenery = await newScenery();
      await other.join(scenery.rooms[2]!, `them${(joins += 1)}`);
      const ids = await story.rows<{ event_id: string }>('select event_id from events where room_id = $1', [
        scenery.rooms[2],
      ]);
      const events = ['$unknown', ...ids.map(({ event_id: id }) => id)];
      const before = await story.counts();
      const property = fc.asyncProperty(requestsFor(endpoint, { ...scenery, events }), async (made) => {
        const body = typeof made.body === 'string' ? made.body.replaceAll('localhost:1"', `${other.name}"`) : made.body;
        const answer = await askSigned({ ...made, body });
        const what = `${made.method} ${made.path} ${String(body).slice(0, 400)} → ${answer.text.slice(0, 200)}`;
        expectAnswer(answer, what);
        if (answer.status >= 300) expect(answer.json.errcode, what).not.toBe('M_UNKNOWN');
        expect(await story.counts(), what).toEqual(before);
      });
      await fc.assert(property, { numRuns: REQUESTS_A_ROUTE, seed: SEED, endOnFailure: true });
    },
  );
});

describe('after all of them', () => {
  it('acts that were refused are in the log with their errcode, whoever refused them', async () => {
    const text = "select distinct operation || ' ' || outcome as outcome from actions";
    const found = (await story.rows<ActionRow>(text)).map(({ outcome }) => outcome);
    const acts = ['createRoom', 'knock', 'joinRoom', 'inviteUser', 'banUser'];
    for (const act of acts) expect(found, act).toContain(`${act} ok`);
    expect(found.filter((outcome) => outcome.endsWith(' M_FORBIDDEN'))).not.toEqual([]);
  });

  it('one person’s refusals do not fill the log', async () => {
    const [bore] = await story.people('bore');
    const [room] = (await newScenery()).rooms;
    const tries = Array.from({ length: 120 }, () =>
      bore.call('POST', `/rooms/${room}/kick`, { user_id: owner.userId }),
    );
    expect(new Set((await Promise.all(tries)).map(({ status }) => status))).toEqual(new Set([403]));
    const text = `select operation, room_id, target, outcome from actions where actor = $1`;
    const rows = await story.rows(text, [bore.userId]);
    expect(rows[0]).toEqual({
      operation: 'kickUser',
      room_id: room,
      target: owner.userId,
      outcome: 'M_FORBIDDEN',
    });
    expect(rows.length).toBeGreaterThanOrEqual(30);
    expect(rows.length).toBeLessThan(120);
  });

  it('the log is sound, and the server logged no fault', async () => {
    const verified = await runRole(['verify'], { DATABASE_URL: story.databaseUrl, DATA_DIR: story.server().dataDir });
    expect(verified, verified.log).toMatchObject({ code: 0, out: expect.stringContaining('Clean.') });
    const lines = story
      .server()
      .output()
      .log.split('\n')
      .filter((line) => line.startsWith('{'));
    const faults = lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= 50);
    expect(faults).toEqual([]);
  });
});
