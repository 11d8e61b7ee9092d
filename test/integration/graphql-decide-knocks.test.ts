/** Deciding many knocks at once: each for itself, foretold by a dry run, and once for each key, whatever is killed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientWith, type Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, refusal, type Data, type Desk } from '../support/graphql.ts';
import { makeToken } from '../support/service-tokens.ts';
import { startServer, type TestServer } from '../support/server.ts';

let desk: Desk;
let owner: Client;
let mod: Client;
let knockers: readonly Client[];

beforeAll(async () => {
  desk = await openDesk();
  [owner, mod] = (await Promise.all(['owner', 'mod'].map((name) => desk.join(name)))) as [Client, Client];
  knockers = await Promise.all(Array.from({ length: 12 }, (_, n) => desk.join(`knocker${n}`)));
});

afterAll(() => desk.close());

const DECIDE = `mutation ($input: DecideKnocksInput!) { decideKnocks(input: $input) {
  hasMore results { ok errorCode message knock { id status decisionReason user { userId } room { roomId } } }
} }`;

async function decide(client: Client, input: object): Promise<Data> {
  return (await ask(client, DECIDE, { input })).decideKnocks;
}

async function staffed(): Promise<string> {
  const roomId = await makeRoom(owner);
  await act(owner, 'inviteUser', { roomId, userId: mod.userId });
  await act(mod, 'joinRoom', { roomId });
  await setPower(roomId, 50);
  return roomId;
}

async function setPower(roomId: string, level: number): Promise<void> {
  const levels = await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  const users = { ...levels.users, [mod.userId]: level };
  await owner.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, users });
}

/** The ids of their knocks. */
function knockAll(roomId: string, who: readonly Client[] = knockers): Promise<readonly string[]> {
  return Promise.all(who.map(async (client) => (await act(client, 'knock', { roomId })).knock.id));
}

async function pending(roomId: string): Promise<number> {
  const { knocks } = await ask(owner, `{ knocks(where: {roomId: "${roomId}", status: [PENDING]}) { totalCount } }`);
  return knocks.totalCount;
}

async function head(): Promise<number> {
  return (await desk.test.database.pool.query('select position from log_head')).rows[0].position;
}

describe('a decision on many knocks', () => {
  it('by their ids is carried out for each that can be decided, and says of each other why not', async () => {
    const [roomId, foreign] = [await staffed(), await makeRoom(owner)];
    const [one, two, three] = (await knockAll(roomId, knockers.slice(0, 3))) as [string, string, string];
    const [hidden] = await knockAll(foreign, knockers.slice(0, 1));
    await act(knockers[1]!, 'retractKnock', { roomId });
    const { results, hasMore } = await decide(mod, {
      knockIds: [three, two, hidden, one],
      decision: 'ACCEPT',
      reason: 'Come in.',
    });
    expect(hasMore).toBe(false);
    expect(results.map(({ ok, errorCode }: Data) => errorCode ?? ok)).toEqual([
      ...[true, 'KNOCK_ALREADY_DECIDED', 'M_NOT_FOUND', true],
    ]);
    expect(results.map(({ knock }: Data) => knock?.status ?? null)).toEqual([
      'ACCEPTED',
      'RETRACTED',
      null,
      'ACCEPTED',
    ]);
    expect(results[0].knock).toMatchObject({ id: three, decisionReason: 'Come in.' });
    expect(await pending(foreign)).toBe(1);
  });

  it('does not touch a newer knock of the same user than the one that was named', async () => {
    const roomId = await staffed();
    const [first] = await knockAll(roomId, knockers.slice(0, 1));
    await act(knockers[0]!, 'retractKnock', { roomId });
    await knockAll(roomId, knockers.slice(0, 1));
    const { results } = await decide(mod, { knockIds: [first], decision: 'BAN' });
    expect(results[0]).toMatchObject({ ok: false, errorCode: 'KNOCK_ALREADY_DECIDED' });
    expect(await pending(roomId)).toBe(1);
  });

  it('by a filter is about the pending knocks like it where the viewer keeps the door, and about no others', async () => {
    const [roomId, other] = [await staffed(), await staffed()];
    await knockAll(roomId);
    await knockAll(other, knockers.slice(0, 2));
    // The viewer's own knock is like the filter, too, and nothing that the viewer decides.
    const elsewhere = await makeRoom(owner);
    await act(mod, 'knock', { roomId: elsewhere });
    const { results } = await decide(mod, { where: { roomIds: [roomId, elsewhere] }, decision: 'REJECT' });
    expect(results).toHaveLength(knockers.length);
    expect(results.every(({ ok, knock }: Data) => ok && knock.status === 'REJECTED')).toBe(true);
    expect(results.map(({ knock }: Data) => knock.room.roomId)).toEqual(knockers.map(() => roomId));
    expect([await pending(roomId), await pending(other), await pending(elsewhere)]).toEqual([0, 2, 1]);
    const banned = await decide(mod, { where: { roomId: other }, decision: 'BAN' });
    expect(banned.results.map(({ knock }: Data) => knock.status)).toEqual(['BANNED', 'BANNED']);
  });

  it('by a filter is about no room that an admin sees without keeping its door by power', async () => {
    const admin = await desk.admin('overseer');
    const [own, foreign] = [await makeRoom(admin), await staffed()];
    await knockAll(foreign, knockers.slice(0, 2));
    const [id] = await knockAll(own, knockers.slice(0, 1));
    const { results } = await decide(admin, { where: {}, decision: 'REJECT' });
    expect(results).toMatchObject([{ ok: true, knock: { id, status: 'REJECTED' } }]);
    expect(await pending(foreign)).toBe(2);
  });

  it('amid which the power is taken away is done as far as the power reached, and tells which', async () => {
    const roomId = await staffed();
    await knockAll(roomId);
    const [{ results }] = await Promise.all([
      decide(mod, { where: { roomId }, decision: 'REJECT' }),
      setPower(roomId, 0),
    ]);
    for (const { ok, errorCode } of results)
      expect([ok, errorCode]).toEqual(ok ? [true, null] : [false, 'M_FORBIDDEN']);
    const done = results.filter(({ ok }: Data) => ok).length;
    expect(await pending(roomId)).toBe(knockers.length - done);
  });

  it('that is only tried out foretells the results, and leaves no trace', async () => {
    const [roomId, powerless] = [await staffed(), await staffed()];
    const ids = [
      ...(await knockAll(roomId, knockers.slice(0, 2))),
      ...(await knockAll(powerless, knockers.slice(0, 1))),
    ];
    const levels = await owner.ok('GET', `/rooms/${powerless}/state/m.room.power_levels`);
    await owner.ok('PUT', `/rooms/${powerless}/state/m.room.power_levels`, { ...levels, kick: 60 });
    await act(knockers[1]!, 'retractKnock', { roomId });
    const before = await head();
    const foretold = await decide(mod, { knockIds: ids, decision: 'REJECT', dryRun: true, idempotencyKey: 'try' });
    expect(await head()).toBe(before);
    expect(foretold.results.map(({ ok, errorCode }: Data) => errorCode ?? ok)).toEqual([
      ...[true, 'KNOCK_ALREADY_DECIDED', 'M_FORBIDDEN'],
    ]);
    const { results } = await decide(mod, { knockIds: ids, decision: 'REJECT', idempotencyKey: 'try' });
    expect(results.map(({ ok, errorCode }: Data) => ({ ok, errorCode }))).toEqual(
      foretold.results.map(({ ok, errorCode }: Data) => ({ ok, errorCode })),
    );
  });

  it('names the knocks in one way, and only pending ones', async () => {
    const roomId = await staffed();
    const codeOf = async (input: object) =>
      (await refusal(mod, DECIDE, { input: { decision: 'REJECT', ...input } })).extensions.code;
    expect(await codeOf({})).toBe('M_INVALID_PARAM');
    expect(await codeOf({ knockIds: [], where: { roomId } })).toBe('M_INVALID_PARAM');
    expect(await codeOf({ where: { roomId, status: ['ACCEPTED'] } })).toBe('M_INVALID_PARAM');
    expect(await codeOf({ where: { roomId: 'none' } })).toBe('M_INVALID_PARAM');
    expect(await codeOf({ knockIds: ['none'] })).toBe('M_INVALID_PARAM');
    expect(await codeOf({ knockIds: Array.from({ length: 501 }, () => 'x') })).toBe('M_INVALID_PARAM');
    expect(await codeOf({ knockIds: [], idempotencyKey: '' })).toBe('M_INVALID_PARAM');
  });
});

describe('an idempotency key', () => {
  it('gives the same knocks and the same results again, and decides nothing new', async () => {
    const roomId = await staffed();
    await knockAll(roomId, knockers.slice(0, 3));
    const input = { where: { roomId }, decision: 'REJECT', idempotencyKey: 'clear the queue' };
    const first = await decide(mod, input);
    expect(first.results).toHaveLength(3);
    await knockAll(roomId, knockers.slice(3, 5));
    const before = await head();
    expect(await decide(mod, input)).toEqual(first);
    expect(await head()).toBe(before);
    expect(await pending(roomId)).toBe(2);
    const other = { ...input, decision: 'BAN' };
    expect((await refusal(mod, DECIDE, { input: other })).extensions.code).toBe('M_INVALID_PARAM');
    const reworded = { ...input, reason: 'Another one.' };
    expect((await refusal(mod, DECIDE, { input: reworded })).extensions.code).toBe('M_INVALID_PARAM');
    // Everybody has keys of their own.
    expect((await decide(owner, input)).results).toHaveLength(2);
  });

  it('gives the same results to requests that come at the same time', async () => {
    const roomId = await staffed();
    await knockAll(roomId);
    const input = { where: { roomId }, decision: 'REJECT', idempotencyKey: 'twice at once' };
    const answers = await Promise.all([decide(mod, input), decide(mod, input), decide(mod, input)]);
    for (const { results } of answers) {
      expect(results.map(({ ok, errorCode }: Data) => errorCode ?? ok)).toEqual(knockers.map(() => true));
    }
    expect(await pending(roomId)).toBe(0);
  });

  it('is that of one service token: another one of the same user has its own', async () => {
    const [here, there] = [await staffed(), await staffed()];
    await knockAll(here, knockers.slice(0, 3));
    await knockAll(there, knockers.slice(0, 1));
    const admin = await desk.admin('root');
    const scopes = ['KNOCKS_READ', 'KNOCKS_DECIDE'];
    const one = await makeToken(desk, admin, mod, { name: 'Here', scopes, roomIds: [here] });
    const other = await makeToken(desk, admin, mod, { name: 'There', scopes, roomIds: [there] });
    const input = { where: {}, decision: 'REJECT', idempotencyKey: 'nightly' };
    expect((await decide(one.client, input)).results).toHaveLength(3);
    expect((await decide(other.client, input)).results).toMatchObject([
      { ok: true, knock: { room: { roomId: there } } },
    ]);
  });

  it('survives a server that is killed amid the decisions: asked again, the next one finishes them, none twice', async () => {
    const roomId = await staffed();
    await knockAll(roomId);
    const input = { where: { roomId }, decision: 'ACCEPT', idempotencyKey: 'killed' };
    const asked = mod.graphql(DECIDE, { input }).catch(() => null);
    while ((await transitions(roomId)) === 0) await new Promise((next) => setTimeout(next, 2));
    await desk.server.kill();
    await asked;
    const before = await transitions(roomId);
    const { dataDir, port } = desk.server;
    const server: TestServer = await startServer({ databaseUrl: desk.test.url, dataDir, port });
    const again = clientWith(server.url, mod.token, mod.userId);
    const { results } = await decide(again, input);
    expect(results).toHaveLength(knockers.length);
    expect(results.every(({ ok, knock }: Data) => ok && knock.status === 'ACCEPTED')).toBe(true);
    expect(before).toBeLessThanOrEqual(knockers.length);
    expect(await transitions(roomId)).toBe(knockers.length);
    expect(await decide(again, input)).toMatchObject({ results });
    await server.stop();
  });
});

/** How many knocks on the room were accepted. */
async function transitions(roomId: string): Promise<number> {
  const { rows } = await desk.test.database.pool.query(
    "select count(*)::int4 as n from transitions where room_id = $1 and kind = 'KNOCK_ACCEPTED'",
    [roomId],
  );
  return rows[0].n;
}

describe('a decision that has to wait', () => {
  it('does not fall on what its user asked for anew meanwhile', async () => {
    const slow = await openDesk(null, { RATE_LIMITS: 'on', RATE_LIMIT_DECISION: '0.5/s burst 1' });
    const [keeper, first, second] = (await Promise.all(
      ['keeper', 'first', 'second'].map((name) => slow.join(name)),
    )) as [...[Client, Client, Client]];
    const roomId = await makeRoom(keeper);
    const ids = [await knockOf(first, roomId), await knockOf(second, roomId)];
    const decided = decide(keeper, { knockIds: ids, decision: 'REJECT' });
    // The first takes what there is for two seconds.
    const { rows } = await waitFor(slow, roomId);
    expect(rows).toHaveLength(1);
    const waiting = rows[0].user_id === first.userId ? second : first;
    await act(waiting, 'retractKnock', { roomId });
    const anew = await knockOf(waiting, roomId);
    const { results } = await decided;
    expect(results.map(({ errorCode }: Data) => errorCode).toSorted()).toEqual(['KNOCK_ALREADY_DECIDED', null]);
    expect((await ask(keeper, `{ knock(id: "${anew}") { status } }`)).knock.status).toBe('PENDING');
    await slow.close();
  });
});

async function knockOf(client: Client, roomId: string): Promise<string> {
  return (await act(client, 'knock', { roomId })).knock.id;
}

/** Who was rejected, once anybody was. */
async function waitFor({ test }: Desk, roomId: string) {
  for (;;) {
    const asked = "select user_id from transitions where room_id = $1 and kind = 'KNOCK_REJECTED'";
    const found = await test.database.pool.query(asked, [roomId]);
    if (found.rows.length > 0) return found;
    await new Promise((next) => setTimeout(next, 5));
  }
}
