/** The ledger through GraphQL: for moderators what became of a knock's events, for admins how other servers stand. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signInAs } from '../support/accounts.ts';
import { createAuthority } from '../support/certificates.ts';
import type { Client } from '../support/client.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { act, ask, refusal } from '../support/graphql.ts';
import { SERVER_NAME } from '../support/history.ts';
import { startReceivers, type Receivers } from '../support/receivers.ts';
import { startServer, temporaryFolder, type TestServer } from '../support/server.ts';
import { shareRoom } from '../support/shared-room.ts';

let folder: string;
let test: TestDatabase;
let receivers: Receivers;
let server: TestServer;
let roomId: string;
let [boss, kim, root] = [] as unknown as [Client, Client, Client];
let knockId: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  test = await openTestDatabase();
  const authority = await createAuthority();
  receivers = await startReceivers(authority, 3);
  const shared = await shareRoom(test.database, folder, authority, receivers.all);
  roomId = shared.roomId;
  const env = { ...shared.env, DELIVERY_RETRY: '1h to 1h' };
  server = await startServer({ databaseUrl: test.url, dataDir: join(folder, 'data'), env });
  [boss, kim, root] = (await signInAs(test.database, server.url, ['boss', 'kim', 'root'], SERVER_NAME)) as [
    Client,
    Client,
    Client,
  ];
  await test.owner.pool.query(`update users set admin = true where user_id = $1`, [root.userId]);
  const rule = { roomId, joinRule: 'KNOCK' };
  await ask(boss, 'mutation ($input: SetJoinRuleInput!) { setJoinRule(input: $input) { room { id } } }', {
    input: rule,
  });
  knockId = (await act(kim, 'knock', { roomId, reason: 'please' })).knock.id;
  await act(boss, 'rejectKnock', { roomId, userId: kim.userId, reason: 'no' });
  await settled();
});

afterAll(async () => {
  await server.stop();
  await receivers.close();
  await test.close();
  await rm(folder, { recursive: true, force: true });
});

async function settled(): Promise<void> {
  const open = `select (select count(*) from deliveries where settled_at is null)
    + (select position from log_head) - coalesce((select position from reader_positions where reader = 'deliveries'), 0) as open`;
  while (Number((await test.owner.pool.query<{ open: number }>(open)).rows[0]?.open) > 0) await sleep(20);
}

const PAGE = `totalCount pageInfo { hasNextPage endCursor }
  nodes { server state error owedAt settledAt transactionId event { type eventId } room { roomId } }`;
const DELIVERIES = `query ($id: ID!, $first: Int, $after: String) { knock(id: $id) { deliveries(first: $first, after: $after) { ${PAGE} } } }`;
const DESTINATIONS = `query ($where: DestinationFilter, $first: Int, $after: String) {
  destinations(where: $where, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
    nodes { server owed failures retryAt lastError lastSuccessAt lastFailureAt } } }`;
const RETRY =
  'mutation ($input: RetryDestinationInput!) { retryDestination(input: $input) { destination { server failures retryAt } } }';
const GIVE_UP =
  'mutation ($input: GiveUpDeliveriesInput!) { giveUpDeliveries(input: $input) { deliveries destination { server owed } } }';

describe('the deliveries of a knock', () => {
  it('tell whoever keeps the door that every server has taken the knock and its end, in pages', async () => {
    const { knock } = await ask(boss, DELIVERIES, { id: knockId });
    expect(knock.deliveries.totalCount).toBe(6);
    const servers = receivers.all.map(({ name }) => name).sort();
    expect(knock.deliveries.nodes.map((node: { server: string }) => node.server)).toEqual([...servers, ...servers]);
    for (const node of knock.deliveries.nodes) {
      expect(node).toMatchObject({
        state: 'ACKNOWLEDGED',
        error: null,
        event: { type: 'm.room.member' },
        room: { roomId },
      });
      expect(Date.parse(node.settledAt)).toBeGreaterThanOrEqual(Date.parse(node.owedAt));
    }
    const paged: object[] = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const page: { nodes: object[]; pageInfo: { hasNextPage: boolean; endCursor: string } } = (
        await ask(boss, DELIVERIES, { id: knockId, first: 4, after })
      ).knock.deliveries;
      paged.push(...page.nodes);
      more = page.pageInfo.hasNextPage;
      after = page.pageInfo.endCursor;
    }
    expect(paged).toEqual(knock.deliveries.nodes);
  });

  it('stand at their transitions and events, too', async () => {
    const document = `query ($id: ID!) { knock(id: $id) { transitions { nodes { kind deliveries { totalCount nodes { state } }
      event { deliveries { totalCount } } } } } }`;
    const { knock } = await ask(boss, document, { id: knockId });
    const told = knock.transitions.nodes.map((node: { kind: string; deliveries: object; event: object }) => [
      node.kind,
      node.deliveries,
      node.event,
    ]);
    const all = { totalCount: 3, nodes: Array.from({ length: 3 }, () => ({ state: 'ACKNOWLEDGED' })) };
    expect(told).toEqual([
      ['KNOCK_REQUESTED', all, { deliveries: { totalCount: 3 } }],
      ['KNOCK_REJECTED', all, { deliveries: { totalCount: 3 } }],
    ]);
  });

  it('are not told to the knocker', async () => {
    const { knock } = await ask(kim, DELIVERIES, { id: knockId });
    expect(knock.deliveries).toMatchObject({ totalCount: 0, nodes: [] });
  });
});

describe('the servers', () => {
  const [gone] = [0];

  it('are told to admins alone', async () => {
    for (const client of [boss, kim]) {
      const input = { server: receivers.all[0]!.name };
      expect((await refusal(client, DESTINATIONS)).extensions.code).toBe('M_FORBIDDEN');
      expect((await refusal(client, '{ destination(server: "a.test") { owed } }')).extensions.code).toBe('M_FORBIDDEN');
      expect((await refusal(client, RETRY, { input })).extensions.code).toBe('M_FORBIDDEN');
      expect((await refusal(client, GIVE_UP, { input })).extensions.code).toBe('M_FORBIDDEN');
    }
    const { rows } = await test.owner.pool.query(
      `select operation, outcome, count(*)::int4 as n from actions where operation in ('retryDestination', 'giveUpDeliveries') group by 1, 2 order by 1`,
    );
    expect(rows).toEqual([
      { operation: 'giveUpDeliveries', outcome: 'M_FORBIDDEN', n: 2 },
      { operation: 'retryDestination', outcome: 'M_FORBIDDEN', n: 2 },
    ]);
  });

  it('stand with what they are owed, how they failed and when they are tried again', async () => {
    const failing = receivers.all[gone]!;
    failing.react = () => ({ status: 503, body: { errcode: 'M_UNKNOWN', error: 'Down for cleaning.' } });
    await boss.ok('PUT', `/rooms/${roomId}/send/m.room.message/one`, { msgtype: 'm.text', body: 'one' });
    const failed = async () => (await ask(root, DESTINATIONS, { where: { failing: true } })).destinations;
    while ((await failed()).totalCount === 0) await sleep(20);
    const [node] = (await failed()).nodes;
    expect(node).toMatchObject({
      server: failing.name,
      owed: 1,
      failures: 1,
      lastError: '503 M_UNKNOWN Down for cleaning.',
      lastSuccessAt: expect.any(String),
    });
    expect(Date.parse(node.retryAt) - Date.parse(node.lastFailureAt)).toBeGreaterThan(2_000_000);
    const all = (await ask(root, DESTINATIONS)).destinations;
    expect(all.nodes.map(({ server }: { server: string }) => server)).toEqual(
      receivers.all.map(({ name }) => name).sort(),
    );
    const second = (
      await ask(root, DESTINATIONS, {
        first: 1,
        after: (await ask(root, DESTINATIONS, { first: 1 })).destinations.pageInfo.endCursor,
      })
    ).destinations;
    expect(second).toMatchObject({ totalCount: 3, nodes: [all.nodes[1]], pageInfo: { hasNextPage: true } });
    const { destination } = await ask(
      root,
      'query ($server: String!) { destination(server: $server) { owed deliveries(first: 1) { totalCount nodes { state server event { type } } } } }',
      { server: failing.name },
    );
    expect(destination).toMatchObject({
      owed: 1,
      deliveries: { nodes: [{ state: 'SENT', server: failing.name, event: { type: 'm.room.message' } }] },
    });
    expect((await ask(root, '{ destination(server: "never.test") { owed } }')).destination).toBeNull();
  });

  it('are tried at once when an admin wants it', async () => {
    const failing = receivers.all[gone]!;
    failing.react = () => 'take';
    const { retryDestination } = await ask(root, RETRY, { input: { server: failing.name } });
    expect(retryDestination.destination).toEqual({ server: failing.name, failures: 0, retryAt: null });
    await settled();
    expect(failing.complaints).toEqual([]);
    expect((await ask(root, DESTINATIONS, { where: { owed: true } })).destinations.totalCount).toBe(0);
  });

  it('are given up on, in one room or altogether', async () => {
    const failing = receivers.all[gone]!;
    failing.react = () => ({ status: 503 });
    await boss.ok('PUT', `/rooms/${roomId}/send/m.room.message/two`, { msgtype: 'm.text', body: 'two' });
    while ((await ask(root, DESTINATIONS, { where: { failing: true } })).destinations.totalCount === 0) await sleep(20);
    const other = { server: failing.name, roomId: '!other:vestibule.test' };
    expect((await ask(root, GIVE_UP, { input: other })).giveUpDeliveries.deliveries).toBe(0);
    const { giveUpDeliveries } = await ask(root, GIVE_UP, { input: { server: failing.name, roomId } });
    expect(giveUpDeliveries).toEqual({ deliveries: 1, destination: { server: failing.name, owed: 0 } });
    const document =
      'query ($server: String!) { destination(server: $server) { deliveries(first: 1) { nodes { state } } } }';
    expect((await ask(root, document, { server: failing.name })).destination.deliveries.nodes).toEqual([
      { state: 'GIVEN_UP' },
    ]);
    expect((await refusal(root, RETRY, { input: { server: 'never.test' } })).extensions.code).toBe('M_NOT_FOUND');
    expect((await refusal(root, RETRY, { input: { server: 'no server' } })).extensions.code).toBe('M_INVALID_PARAM');
  });
});
