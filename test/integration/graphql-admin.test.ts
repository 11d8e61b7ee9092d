/** What admins do through GraphQL: erasing a person's words, checking and rebuilding; and that nobody else does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { startRedis } from '../support/redis.ts';
import { act, ask, makeRoom, openDesk, refusal, revealReasons, type Desk } from '../support/graphql.ts';

let desk: Desk;
let admin: Client;
let owner: Client;
let kim: Client;
let roomId: string;
let knockId: string;

beforeAll(async () => {
  desk = await openDesk();
  [owner, kim] = await Promise.all([desk.join('owner'), desk.join('kim')]);
  admin = await desk.admin('root');
  await kim.ok('PUT', `/profile/${kim.userId}/displayname`, { displayname: 'Kim of the marsh' });
  roomId = await makeRoom(owner);
  await act(kim, 'knock', { roomId, reason: 'words to be forgotten' });
  knockId = (await act(owner, 'rejectKnock', { roomId, userId: kim.userId, reason: 'about kims words' })).knock.id;
});

afterAll(() => desk.close());

const JOB = 'id name state progress result error requestedAt finishedAt';

async function ended(id: string): Promise<Record<string, unknown>> {
  for (let waited = 0; waited < 60_000; waited += 100) {
    const { job } = await ask(admin, `query ($id: ID!) { job(id: $id) { ${JOB} } }`, { id });
    if (job.state === 'COMPLETED' || job.state === 'FAILED') return job;
    expect(job).toMatchObject({ id, result: null, error: null, finishedAt: null });
    await sleep(100);
  }
  throw new Error('the job did not end');
}

async function outcomes(operation: string): Promise<readonly string[]> {
  const { rows } = await desk.test.database.pool.query<{ outcome: string }>(
    'select outcome from actions where operation = $1 order by position',
    [operation],
  );
  return rows.map(({ outcome }) => outcome);
}

describe('the admin’s acts', () => {
  it('are refused to everybody else, and that is recorded', async () => {
    for (const client of [owner, kim]) {
      for (const [name, document] of [
        ['eraseUser', `mutation { eraseUser(input: { userId: "${kim.userId}" }) { events } }`],
        ['startVerify', 'mutation { startVerify { job { id } } }'],
        ['startRebuild', 'mutation { startRebuild(input: { force: true }) { job { id } } }'],
      ] as const) {
        expect((await refusal(client, document)).extensions, name).toEqual({ code: 'M_FORBIDDEN' });
      }
      expect((await refusal(client, '{ job(id: "admin-1") { id } }')).extensions).toEqual({ code: 'M_FORBIDDEN' });
    }
    for (const name of ['eraseUser', 'startVerify', 'startRebuild']) {
      expect(await outcomes(name), name).toEqual(['M_FORBIDDEN', 'M_FORBIDDEN']);
    }
  });

  it('viewer tells an admin from others', async () => {
    const query = '{ viewer { isAdmin user { userId } } }';
    expect(await ask(admin, query)).toEqual({ viewer: { isAdmin: true, user: { userId: admin.userId } } });
    expect(await ask(owner, query)).toEqual({ viewer: { isAdmin: false, user: { userId: owner.userId } } });
  });
});

describe('a check of the log', () => {
  it('runs as a job, and its progress and result can be read', async () => {
    const { startVerify } = await ask(admin, `mutation { startVerify { job { ${JOB} } } }`);
    expect(startVerify.job).toMatchObject({ name: 'verify', requestedAt: expect.stringMatching(/Z$/) });
    const job = await ended(startVerify.job.id);
    expect(job).toMatchObject({
      name: 'verify',
      state: 'COMPLETED',
      error: null,
      result: { clean: true, findings: [] },
    });
    expect(job['progress']).toMatchObject({ head: expect.any(Number) });
    expect(Date.parse(String(job['finishedAt']))).toBeGreaterThanOrEqual(Date.parse(String(job['requestedAt'])));
    expect(await outcomes('startVerify')).toContain('ok');
  });

  it('finds what was tampered with, and a rebuild mends what can be mended', async () => {
    await desk.test.owner.pool.query("update knocks set status = 'ACCEPTED'");
    const { startRebuild } = await ask(admin, 'mutation { startRebuild { job { id name } } }');
    expect(startRebuild.job.name).toBe('rebuild');
    expect(await ended(startRebuild.job.id)).toMatchObject({
      state: 'COMPLETED',
      result: { replaced: true, differences: [{ table: 'knocks' }] },
    });
    const query = 'query ($id: ID!) { knock(id: $id) { status } }';
    expect(await ask(admin, query, { id: knockId })).toEqual({ knock: { status: 'REJECTED' } });
    const forced = await ask(admin, 'mutation { startRebuild(input: { force: true }) { job { id } } }');
    expect(await ended(forced.startRebuild.job.id)).toMatchObject({ result: { replaced: true, differences: [] } });
  });

  it('that nobody started is null, whatever its id looks like', async () => {
    for (const id of ['admin-987654', '', 'minute-x', '__proto__', 'admin-\u0000', "admin-1' or 1=1"]) {
      expect(await ask(admin, 'query ($id: ID!) { job(id: $id) { id } }', { id }), id).toEqual({ job: null });
    }
  });
});

describe('while the job queue is away', () => {
  it('starting and asking say so, and everything else goes on', async () => {
    const redis = await startRedis();
    const other = await openDesk(null, { REDIS_URL: redis.url });
    const boss = await other.admin('boss');
    const { startVerify } = await ask(boss, 'mutation { startVerify { job { id name } } }');
    await redis.kill();
    const away = { message: 'The job queue cannot be reached.', extensions: { code: 'M_UNKNOWN' } };
    expect(await refusal(boss, 'mutation { startVerify { job { id } } }')).toMatchObject(away);
    const look = 'query ($id: ID!) { job(id: $id) { id } }';
    expect(await refusal(boss, look, { id: startVerify.job.id })).toMatchObject(away);
    const room = await makeRoom(boss);
    const erase = 'mutation ($input: EraseUserInput!) { eraseUser(input: $input) { events } }';
    expect(await ask(boss, erase, { input: { userId: '@nobody:localhost:8448' } })).toEqual({
      eraseUser: { events: 0 },
    });
    expect(room).toMatch(/^!/);
    await other.close();
    await redis.stop();
  });
});

describe('an erasure', () => {
  it('takes a person’s words away and leaves what happened, to be seen as erased', async () => {
    const look = `query ($id: ID!) { knock(id: $id) {
      status reason decisionReason decidedBy { userId } user { userId displayName }
      event { eventId content pdu erased verdict } transitions { nodes { kind reason occurredAt event { erased } } } } }`;
    await revealReasons(admin);
    const { knock: before } = await ask(admin, look, { id: knockId });
    expect(before).toMatchObject({
      ...{ reason: 'words to be forgotten', event: { erased: false, content: { displayname: 'Kim of the marsh' } } },
      ...{ user: { displayName: 'Kim of the marsh' }, decisionReason: 'about kims words' },
    });
    const { eraseUser } = await ask(
      admin,
      'mutation ($input: EraseUserInput!) { eraseUser(input: $input) { events user { userId displayName } } }',
      { input: { userId: kim.userId } },
    );
    expect(eraseUser).toEqual({ events: 2, user: { userId: kim.userId, displayName: null } });
    const { knock: after } = await ask(admin, look, { id: knockId });
    expect(after).toMatchObject({
      ...{ status: 'REJECTED', reason: null, decisionReason: null, decidedBy: { userId: owner.userId } },
      ...{ user: { userId: kim.userId, displayName: null } },
      event: {
        ...{ eventId: before.event.eventId, erased: true, verdict: 'ACCEPTED', content: { membership: 'knock' } },
        pdu: { hashes: before.event.pdu.hashes, signatures: before.event.pdu.signatures },
      },
      transitions: {
        nodes: [
          { kind: 'KNOCK_REQUESTED', reason: null, event: { erased: true } },
          { kind: 'KNOCK_REJECTED', reason: null, event: { erased: true } },
        ],
      },
    });
    expect(JSON.stringify(after)).not.toMatch(/forgotten|marsh|kims words/);
    expect(await outcomes('eraseUser')).toEqual(['M_FORBIDDEN', 'M_FORBIDDEN', 'ok']);
    const { startVerify } = await ask(admin, 'mutation { startVerify { job { id } } }');
    expect(await ended(startVerify.job.id)).toMatchObject({ result: { clean: true } });
  });

  it('of what is no user id is refused', async () => {
    const document = 'mutation { eraseUser(input: { userId: "kim" }) { events } }';
    expect((await refusal(admin, document)).extensions).toEqual({ code: 'M_INVALID_PARAM' });
  });
});
