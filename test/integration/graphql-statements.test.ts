/** How many statements a page costs the database: as many for fifty knocks in many rooms as for one. */
import { ApolloServer } from '@apollo/server';
import { Kysely, PostgresDialect } from 'kysely';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashSecret, newSecret } from '../../src/accounts/secrets.ts';
import { acceptKnock, rejectKnock } from '../../src/commands/decide-knock.ts';
import { knock } from '../../src/commands/knock.ts';
import type { DB } from '../../src/database/tables.generated.ts';
import { actorOf } from '../../src/graphql/authenticate.ts';
import { createContext, type Context, type GraphqlParts } from '../../src/graphql/context.ts';
import { answerFromPlans } from '../../src/graphql/engine/answer-planned.ts';
import { resolvers } from '../../src/graphql/resolvers/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import type { Data } from '../support/graphql.ts';
import { actor, makeKnockRoom, openTestLog, userId, type TestLog } from '../support/history.ts';

const ROOMS = 12;
const PEOPLE = 6;

let test: TestDatabase;
let log: TestLog;
/** By plans, and by graphql-js. */
let engines: readonly ApolloServer<Context>[];
const tokens = { boss: newSecret('vst'), root: newSecret('vst') };

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  const { pool } = test.owner;
  for (const [name, token] of Object.entries(tokens)) {
    await pool.query('insert into users (user_id, admin, created_at) values ($1, $2, now())', [
      userId(name),
      name === 'root',
    ]);
    await pool.query("insert into devices values ($1, 'D', null, now())", [userId(name)]);
    await pool.query(
      "insert into access_tokens (id, hash, user_id, device_id, created_at) values ($1, $2, $3, 'D', now())",
      [...[name, hashSecret(token), userId(name)]],
    );
  }
  for (let room = 0; room < ROOMS; room += 1) await fillRoom(`guest${room}`);
  await pool.query(
    `insert into deliveries (destination, position, room_id, event, kept, state, owed_at)
     select 'remote.example', position, room_id, event, false, 'queued', now() from verdicts where room_position > 6`,
  );
  const typeDefs = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');
  engines = [[answerFromPlans()], []].map((plugins) => new ApolloServer<Context>({ typeDefs, resolvers, plugins }));
});

afterAll(async () => {
  await Promise.all(engines.map((apollo) => apollo.stop()));
  await log.close();
  await test.close();
});

/** A room with knocks that were decided, and that are made again. */
async function fillRoom(prefix: string): Promise<void> {
  const { deps } = log;
  const roomId = await makeKnockRoom(deps, 'boss');
  for (let n = 0; n < PEOPLE; n += 1) {
    const guest = actor(`${prefix}-${n}`);
    await test.owner.pool.query('insert into profiles (user_id, displayname) values ($1, $2)', [
      guest.userId,
      `Guest ${n}`,
    ]);
    await knock(deps, guest, { roomId, reason: 'let me in' });
    await rejectKnock(deps, actor('boss'), { roomId, userId: guest.userId, reason: 'no' });
    await knock(deps, guest, { roomId, reason: 'please' });
    if (n % 2 === 0) await acceptKnock(deps, actor('boss'), { roomId, userId: guest.userId, reason: 'well' });
  }
}

/** Asks as a request does, with its token, and tells what the database was asked. */
async function statementsOf(
  apollo: ApolloServer<Context>,
  token: string,
  query: string,
): Promise<{ data: Data; statements: readonly string[] }> {
  const statements: string[] = [];
  const db = new Kysely<DB>({
    dialect: new PostgresDialect({ pool: test.database.pool }),
    log: ({ query: { sql } }) => void statements.push(sql),
  });
  // What a query has no need of is not there.
  const parts = {
    ...{ db, commands: { ...log.deps, db }, lastSeen: { note: () => undefined } },
    settings: { introspection: 'on', maxCost: 20_000, timeoutMs: 60_000 },
  } as unknown as GraphqlParts;
  const viewer = await actorOf(parts, `Bearer ${token}`, '127.0.0.1');
  const { body } = await apollo.executeOperation({ query }, { contextValue: createContext(parts, viewer) });
  if (body.kind !== 'single') throw new Error('an answer in pieces');
  expect(body.singleResult.errors).toBeUndefined();
  return { data: body.singleResult.data, statements };
}

const KNOCKS = (first: number): string => `{ knocks(first: ${first}) { nodes {
  id status knockedAt decidedAt viewerCanAccept viewerCannotRejectReason
  room { roomId name viewerCanSeeKnocks }
  user { userId displayName }
  decidedBy { userId displayName }
  attempts(first: 3) { nodes { id status decidedBy { userId } } }
  deliveries(first: 10) { nodes { server state room { roomId } } }
} } }`;

it('a page of fifty knocks with room, user, decider, attempts and deliveries takes eight at most', async () => {
  const asked = engines.flatMap((apollo) => [tokens.boss, tokens.root].map((token) => ({ apollo, token })));
  for (const { apollo, token } of asked) {
    const { data, statements } = await statementsOf(apollo, token, KNOCKS(50));
    const { nodes } = data.knocks;
    expect(nodes).toHaveLength(50);
    expect(new Set(nodes.map(({ room }: Data) => room.roomId)).size).toBeGreaterThan(3);
    expect(nodes.some((one: Data) => one.decidedBy?.displayName === null)).toBe(true);
    expect(nodes.every((one: Data) => one.room.name.length > 0 && one.user.displayName.length > 0)).toBe(true);
    expect(nodes.some((one: Data) => one.attempts.nodes.length > 0)).toBe(true);
    expect(nodes.every((one: Data) => one.deliveries.nodes.length > 0)).toBe(true);
    expect(statements.length, statements.join('\n\n')).toBeLessThanOrEqual(8);
    expect((await statementsOf(apollo, token, KNOCKS(1))).statements).toHaveLength(statements.length);
  }
});
