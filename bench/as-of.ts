/** The members of a room of 50,000 as they are, and as they were: the first page and one in the middle, through GraphQL. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { logIn } from '../src/accounts/access-tokens.ts';
import { createUser } from '../src/accounts/users.ts';
import { banUser } from '../src/commands/ban.ts';
import { joinRoom } from '../src/commands/join.ts';
import { leaveRoom } from '../src/commands/leave.ts';
import { sendState } from '../src/commands/send-state.ts';
import { logHead } from '../src/log/read.ts';
import type { RoomId } from '../src/matrix/identifiers.ts';
import { jsonObject } from '../src/matrix/json.ts';
import { formatSigningKeyFile } from '../src/matrix/signing-keys.ts';
import { actor, makeKnockRoom, openTestLog, type TestLog } from '../test/support/history.ts';
import { startServer, temporaryFolder } from '../test/support/server.ts';
import { startCluster, type BenchDatabase } from './support/cluster.ts';
import { runLoad } from './support/http-load.ts';
import { withCpu } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { printBudget, printTable, progress, say } from './support/report.ts';
import { interleave, ratios, type Contender } from './support/rounds.ts';

const options = readOptions(
  'as-of',
  'Pages of 50 members of a big room through GraphQL, of now and of a moment before many of them left and came again.',
  {
    rounds: { default: 5, help: 'rounds that count' },
    members: { default: 50_000, help: 'members of the room' },
    changes: { default: 10_000, help: 'members who leave, and join again, after the moment' },
    requests: { default: 200, help: 'of each kind a round' },
  },
);

interface Moments {
  readonly roomId: RoomId;
  /** Before the changes. */
  readonly past: number;
  readonly token: string;
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  const dataDir = await temporaryFolder();
  const database = await cluster.create('rooms');
  try {
    const moments = await makeRoom(database, dataDir);
    const env = { SERVER_NAME: 'vestibule.test', REGISTRATION: 'open' };
    const server = await startServer({ databaseUrl: database.url, dataDir, env });
    try {
      await cluster.checkpoint();
      const own = server.process.pid;
      const run = (name: string, members: string, after: string | null): Contender => {
        const query = `query ($id: String, $after: String) { room(roomId: $id) { members(${members}after: $after) {
          nodes { membership since user { userId } } pageInfo { endCursor } } } }`;
        const body = JSON.stringify({ query, variables: { id: moments.roomId, after } });
        const request = { path: '/graphql', token: moments.token, body };
        const requests = Array.from({ length: options.requests }, () => request);
        const load = { port: server.port, connections: 4, requests };
        return { name, run: () => withCpu(cluster.pid, options.requests, () => runLoad(load), own) };
      };
      const asOf = `asOf: { position: "${moments.past}" }, `;
      const middle = Buffer.from(`member:@big-member${Math.floor(options.members / 2)}:vestibule.test`).toString(
        'base64url',
      );
      const banned = 'where: { membership: [BAN] }, ';
      const results = await interleave(
        options.rounds,
        [
          run('now, first page', '', null),
          run('then, first page', asOf, null),
          run('now, middle', '', middle),
          run('then, middle', asOf, middle),
          run('now, ten banned', banned, null),
          run('then, ten banned', asOf + banned, null),
        ],
        progress,
      );
      say(`as-of: ${options.members} members, of whom ${options.changes} left and came again\n`);
      printTable(results, 'pages/s');
      say('');
      const time = (kind: string) => ratios(results, `then, ${kind}`, `now, ${kind}`, ({ p50 }) => p50);
      printBudget('time of a page, then / now, first page', time('first page'), { atMost: 3 });
      printBudget('time of a page, then / now, in the middle', time('middle'), { atMost: 3 });
      printBudget('time of a page, then / now, ten who were banned', time('ten banned'), { atMost: 3 });
    } finally {
      await server.stop();
    }
  } finally {
    await database.close();
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function makeRoom(database: BenchDatabase, dataDir: string): Promise<Moments> {
  const log = await openTestLog(database.service);
  await writeFile(join(dataDir, 'signing.key'), formatSigningKeyFile([log.identity.key]));
  const boss = actor('boss');
  const roomId = await makeKnockRoom(log.deps, 'boss');
  const content = jsonObject({ join_rule: 'public' });
  await sendState(log.deps, boss, { roomId, type: 'm.room.join_rules', stateKey: '', content });
  const member = (n: number) => actor(`big-member${n}`);
  await many(log, 'join', options.members, (n) => joinRoom(log.deps, member(n), { roomId }));
  for (let n = 0; n < 10; n += 1) await banUser(log.deps, boss, { roomId, userId: actor(`banned${n}`).userId });
  const past = await logHead(database.service.db);
  await many(log, 'leave', options.changes, (n) => leaveRoom(log.deps, member(n), { roomId }));
  await many(log, 'join again', options.changes, (n) => joinRoom(log.deps, member(n), { roomId }));
  await log.close();
  await database.owner.pool.query('analyze');
  const { db } = database.service;
  const { userId } = boss;
  await createUser(db, { userId, passwordHash: null, admin: false, now: Date.now() });
  const { accessToken } = await logIn(db, { userId, now: Date.now() });
  return { roomId, past, token: accessToken };
}

async function many(_log: TestLog, act: string, count: number, run: (n: number) => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += 250) {
    if (done % 5_000 === 0) progress(`${done} of ${count} ${act}`);
    await Promise.all(Array.from({ length: Math.min(250, count - done) }, (_, n) => run(done + n)));
  }
}

await main();
