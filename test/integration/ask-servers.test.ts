/** One question to several servers: from whom it goes on to the next, and what the asker hears in the end. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { askServers, type AskLimits } from '../../src/commands/elsewhere/ask-servers.ts';
import { createCalls, type Calls } from '../../src/federation/calls.ts';
import { parseRoomId, parseServerName, parseUserId, type ServerName } from '../../src/matrix/identifiers.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { startHomeserver, type FakeHomeserver } from '../support/fake-homeserver.ts';
import { openFederation, type TestFederation } from '../support/federation.ts';
import { SERVER_NAME } from '../support/history.ts';

const F = '/_matrix/federation';
const roomId = parseRoomId('!room:there.test')!;
const userId = parseUserId(`@ada:${SERVER_NAME}`)!;
const versions = ['11', '12'] as const;

let authority: Authority;
let federation: TestFederation;
let calls: Calls;
const open: FakeHomeserver[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  federation = openFederation(authority.ca);
  calls = createCalls(federation.send);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((remote) => remote.close()));
});

afterAll(() => federation.close());

/** What a server answers with this status; 200 is taken for an answer as it is. */
interface Saying {
  readonly status: number;
  readonly body: object;
}

async function servers(...sayings: readonly (Saying | 'never')[]): Promise<readonly FakeHomeserver[]> {
  return Promise.all(
    sayings.map(async (saying) => {
      const remote = await startHomeserver(authority);
      open.push(remote);
      remote.on(F, (_asked, response) => {
        if (saying === 'never') return undefined;
        response.writeHead(saying.status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(saying.body));
        return undefined;
      });
      return remote;
    }),
  );
}

const template = (membership: 'join' | 'knock', more: object = {}) => ({
  type: 'm.room.member',
  room_id: roomId,
  sender: userId,
  state_key: userId,
  content: { membership },
  depth: 9,
  auth_events: ['$a'],
  prev_events: ['$b'],
  ...more,
});

const makes = (membership: 'join' | 'knock', more: object = {}): Saying => ({
  status: 200,
  body: { room_version: '12', event: template(membership, more) },
});
const knocks = makes('knock');
const refuses = (status: number, errcode: string, more: object = {}): Saying => ({
  status,
  body: { errcode, error: `${errcode}, it said.`, ...more },
});

const names = (remotes: readonly FakeHomeserver[]): readonly ServerName[] => remotes.map(({ name }) => name);
const times = (remotes: readonly FakeHomeserver[]): readonly number[] => remotes.map(({ asked }) => asked.length);

const knockThrough = (candidates: readonly ServerName[], limits?: AskLimits) =>
  askServers(
    SERVER_NAME,
    candidates,
    (server, signal) => calls.makeKnock(server, { roomId, userId, versions }, signal),
    limits,
  );

const joinThrough = (candidates: readonly ServerName[]) =>
  askServers(SERVER_NAME, candidates, (server, signal) => calls.makeJoin(server, { roomId, userId, versions }, signal));

describe('a question to several servers', () => {
  it('is asked of the first alone when it answers', async () => {
    const remotes = await servers(knocks, knocks);
    const { server, value } = await knockThrough(names(remotes));
    expect([server, value.version.id]).toEqual([remotes[0]!.name, '12']);
    expect(times(remotes)).toEqual([1, 0]);
  });

  it.each([
    ['does not know the room', refuses(404, 'M_NOT_FOUND')],
    ['does not know the request', refuses(404, 'M_UNRECOGNIZED')],
    ['knows nothing, whatever it calls it', refuses(404, 'M_FORBIDDEN')],
    ['fails', refuses(500, 'M_UNKNOWN')],
    ['fails with words of a refusal', refuses(502, 'M_FORBIDDEN')],
    ['does not believe that it is us', refuses(401, 'M_UNAUTHORIZED')],
    ['takes offence at what we sent', refuses(400, 'M_INVALID_PARAM')],
    ['misses something', refuses(400, 'M_MISSING_PARAM')],
    ['is a proxy', { status: 403, body: ['Forbidden'] }],
    ['leads elsewhere', refuses(302, 'M_FORBIDDEN')],
    ['answers nothing at all', { status: 200, body: {} }],
    ['answers no JSON object', { status: 200, body: [] }],
    ['made a template of another version', { status: 200, body: { room_version: '6', event: template('knock') } }],
  ] satisfies [string, Saying][])('goes on from one that %s', async (_what, saying) => {
    const remotes = await servers(saying, knocks);
    expect((await knockThrough(names(remotes))).server).toBe(remotes[1]!.name);
    expect(times(remotes)).toEqual([1, 1]);
    const [first] = remotes;
    await expect(knockThrough([first!.name])).rejects.toMatchObject({ errcode: 'M_UNKNOWN', status: 502 });
  });

  it.each([
    ['room', { room_id: '!other:there.test' }],
    ['sender', { sender: '@mod:there.test' }],
    ['user', { state_key: '@mod:there.test' }],
    ['type', { type: 'm.room.power_levels' }],
    ['membership', { content: { membership: 'join' } }],
  ])('14: goes on from one that made a template for another %s', async (_what, more) => {
    const remotes = await servers(makes('knock', more), knocks);
    expect((await knockThrough(names(remotes))).server).toBe(remotes[1]!.name);
    await expect(knockThrough([remotes[0]!.name])).rejects.toMatchObject({ errcode: 'M_UNKNOWN', status: 502 });
  });

  it('32: goes on from one that cannot let the joiner in to another that can', async () => {
    const remotes = await servers(refuses(400, 'M_UNABLE_TO_GRANT_JOIN'), makes('join'));
    expect((await joinThrough(names(remotes))).server).toBe(remotes[1]!.name);
  });

  it.each(['M_UNABLE_TO_GRANT_JOIN', 'M_UNABLE_TO_AUTHORISE_JOIN'])(
    'ends as %s where nobody else can',
    async (errcode) => {
      const remotes = await servers(refuses(404, 'M_NOT_FOUND'), refuses(400, errcode), refuses(500, 'M_UNKNOWN'));
      await expect(joinThrough(names(remotes))).rejects.toMatchObject({ errcode, status: 400 });
      expect(times(remotes)).toEqual([1, 1, 1]);
    },
  );

  it('goes on from those that cannot be reached, and to nobody twice or to ourselves', async () => {
    const [gone, remote] = await servers(knocks, knocks);
    await gone!.close();
    open.splice(open.indexOf(gone!), 1);
    const unresolvable = parseServerName('nowhere.invalid:8448')!;
    const candidates = [SERVER_NAME, gone!.name, unresolvable, remote!.name, gone!.name];
    expect((await knockThrough(candidates)).server).toBe(remote!.name);
    await expect(knockThrough([gone!.name, unresolvable])).rejects.toMatchObject({ errcode: 'M_UNKNOWN', status: 502 });
    const [failing] = await servers(refuses(500, 'M_UNKNOWN'));
    await expect(knockThrough([failing!.name, failing!.name])).rejects.toMatchObject({ status: 502 });
    expect(times([failing!])).toEqual([1]);
  });

  it('goes on from one that answers too late, and waits longer for the last', async () => {
    const remotes = await servers('never', knocks);
    expect((await knockThrough(names(remotes), { eachMs: 50 })).server).toBe(remotes[1]!.name);
    const [slow] = await servers('never');
    slow!.on(F, async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return knocks.body;
    });
    expect((await knockThrough([slow!.name], { eachMs: 50 })).server).toBe(slow!.name);
  });

  it('ends when all of the time is over, whoever is left', async () => {
    const remotes = await servers('never', 'never', knocks);
    const asked = knockThrough(names(remotes), { eachMs: 400, totalMs: 500 });
    await expect(asked).rejects.toMatchObject({ errcode: 'M_UNKNOWN', status: 502 });
    expect(times(remotes)).toEqual([1, 1, 0]);
  });

  it('is asked of ten servers at most', async () => {
    const listener = await closing();
    const { port } = listener.address() as AddressInfo;
    const candidates = Array.from({ length: 30 }, (_, n) => parseServerName(`127.0.0.${n + 1}:${port}`)!);
    const failed = await knockThrough(candidates).catch(String);
    expect(String(failed).match(/unreachable/g)).toHaveLength(10);
    listener.close();
  });

  it('is none where there is nobody to ask', async () => {
    await expect(knockThrough([])).rejects.toMatchObject({ errcode: 'M_NOT_FOUND', status: 404 });
    await expect(knockThrough([SERVER_NAME])).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  it('stops with this server', async () => {
    const own = openFederation(authority.ca);
    const remotes = await servers('never', knocks);
    const asked = askServers(SERVER_NAME, names(remotes), (server, signal) =>
      createCalls(own.send).makeKnock(server, { roomId, userId, versions }, signal),
    );
    await expect.poll(() => remotes[0]!.asked).toHaveLength(1);
    own.shutDown();
    await expect(asked).rejects.toMatchObject({ errcode: 'M_UNKNOWN', status: 502 });
    expect(times(remotes)).toEqual([1, 0]);
    await own.close();
  });
});

describe('a refusal that concerns the asker', () => {
  it.each([
    ['M_FORBIDDEN', refuses(403, 'M_FORBIDDEN'), { status: 403 }],
    ['M_FORBIDDEN', refuses(403, 'ORG.EXAMPLE.NOT_TODAY'), { status: 403 }],
    [
      'M_INCOMPATIBLE_ROOM_VERSION',
      refuses(400, 'M_INCOMPATIBLE_ROOM_VERSION', { room_version: '99' }),
      { status: 400, extra: { room_version: '99' } },
    ],
    ['M_INCOMPATIBLE_ROOM_VERSION', refuses(400, 'M_INCOMPATIBLE_ROOM_VERSION'), { status: 400, extra: {} }],
    [
      'M_LIMIT_EXCEEDED',
      refuses(403, 'M_LIMIT_EXCEEDED', { retry_after_ms: 1_234 }),
      { status: 429, extra: { retry_after_ms: 1_234 } },
    ],
    ['M_LIMIT_EXCEEDED', refuses(429, 'M_LIMIT_EXCEEDED'), { status: 429, extra: { retry_after_ms: 60_000 } }],
    [
      'M_LIMIT_EXCEEDED',
      refuses(429, 'M_LIMIT_EXCEEDED', { retry_after_ms: 9e15 }),
      { status: 429, extra: { retry_after_ms: 86_400_000 } },
    ],
    [
      'M_LIMIT_EXCEEDED',
      refuses(429, 'M_LIMIT_EXCEEDED', { retry_after_ms: -1 }),
      { status: 429, extra: { retry_after_ms: 60_000 } },
    ],
  ] as const)('ends the asking and is passed on: %s', async (errcode, saying, more) => {
    const remotes = await servers(saying, knocks);
    const { error: message } = saying.body as { error: string };
    await expect(knockThrough(names(remotes))).rejects.toMatchObject({ errcode, message, ...more });
    expect(times(remotes)).toEqual([1, 0]);
  });
});

/** What takes connections, and ends them. */
async function closing(): Promise<Server> {
  const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return listener;
}
