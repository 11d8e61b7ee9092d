/**
 * Pages of history: this server, PostGraphile 5 and one bare statement over fastify, on the same table in the same run. A
 * page of 50 at the start and at any depth, of all rooms and of one. What each is asked for is the same; this server looks up
 * the caller's token and what they may see besides.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatSigningKeyFile } from '../src/matrix/signing-keys.ts';
import { makeKnockRoom, openTestLog, SERVER_NAME } from '../test/support/history.ts';
import { startServer, temporaryFolder } from '../test/support/server.ts';
import { startBareHistory } from './support/bare-history.ts';
import { startCluster, type BenchDatabase } from './support/cluster.ts';
import { runLoad, type Request } from './support/http-load.ts';
import { withCpu } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { makePeople } from './support/people.ts';
import { startPostgraphile } from './support/postgraphile.ts';
import type { Program } from './support/program.ts';
import { printBudget, printTable, printValue, progress, say } from './support/report.ts';
import { figures, interleave, ratios, type Contender } from './support/rounds.ts';

const options = readOptions('history', 'Pages of 50 transitions through GraphQL, against PostGraphile and bare SQL.', {
  rounds: { default: 5, help: 'rounds that count' },
  transitions: { default: 5_000_000, help: 'rows of the table' },
  rooms: { default: 100, help: 'rooms that they are of' },
  requests: { default: 2_000, help: 'of each kind a round' },
  connections: { default: 16, help: 'callers at a time' },
});

/** Where in the log a page begins: a stretch that all kinds of requests share. */
interface Stretch {
  readonly name: string;
  readonly room: boolean;
  readonly after: (n: number) => number;
}

const FIRST_ROW = 1_000_000;
// The same places for every contender, spread over the whole table.
const deep = (n: number): number => FIRST_ROW + ((n * 7_919_993) % Math.max(1, options.transitions - 10_000));
const STRETCHES: readonly Stretch[] = [
  { name: 'first page', room: false, after: () => FIRST_ROW },
  { name: 'deep page', room: false, after: deep },
  { name: 'deep page of a room', room: true, after: deep },
];

interface Side {
  readonly name: string;
  readonly program: Pick<Program, 'port' | 'pid'>;
  readonly request: (after: number, room: string | null) => Request;
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  const dataDir = await temporaryFolder();
  const database = await cluster.create('history');
  try {
    const roomIds = await fill(database, join(dataDir, 'signing.key'));
    const [admin] = await makePeople(database.owner, SERVER_NAME, 'auditor', 1);
    await database.owner.pool.query('update users set admin = true where user_id = $1', [admin!.userId]);
    await database.owner.pool.query('vacuum analyze');
    // As `npm start` and the container have it.
    const env = { SERVER_NAME, LOG_LEVEL: 'info', NODE_ENV: 'production' };
    const server = await startServer({ databaseUrl: database.url, dataDir, env });
    const postgraphile = await startPostgraphile(database.url);
    const bare = await startBareHistory(database.url);
    try {
      const ours = { port: server.port, pid: server.process.pid! };
      const sides = [
        { name: 'this server', program: ours, request: askOurs(admin!.token) },
        { name: 'PostGraphile', program: postgraphile, request: await askPostgraphile(postgraphile) },
        { name: 'bare SQL', program: bare, request: askBare },
      ];
      await expectAlike(sides, roomIds[0]!);
      await compare(cluster.pid, sides, roomIds);
    } finally {
      await Promise.all([server.stop(), postgraphile.stop(), bare.stop()]);
    }
  } finally {
    await database.close();
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Rooms as they are made, and transitions in them that nobody made. */
async function fill({ owner, service }: BenchDatabase, keyFile: string): Promise<readonly string[]> {
  const log = await openTestLog(service);
  await writeFile(keyFile, formatSigningKeyFile([log.identity.key]));
  const roomIds: string[] = [];
  for (let n = 0; n < options.rooms; n += 1) roomIds.push(await makeKnockRoom(log.deps, 'keeper'));
  await log.close();
  for (let done = 0; done < options.transitions; done += 500_000) {
    progress(`${done} of ${options.transitions} transitions`);
    await owner.pool.query(
      `insert into transitions (position, room_id, at, user_id, "from", "to", kind, cause, actor, recorded_at, in_room)
       select $3 + n, ($1::text[])[1 + n % $2], $3 + n, '@guest' || n % 100003 || ':elsewhere.example', 'none', 'knock', 'KNOCK_REQUESTED', 'federation',
              '@guest' || n % 100003 || ':elsewhere.example', timestamptz '2026-01-01' + n * interval '1 second', true
         from generate_series($4::int8, $5::int8) n`,
      [roomIds, options.rooms, FIRST_ROW, done + 1, Math.min(options.transitions, done + 500_000)],
    );
  }
  const last = FIRST_ROW + options.transitions + 1;
  await owner.pool.query('update log_head set position = $1', [last]);
  // Nobody is owed any of it: the server would look through all of it while it is asked.
  await owner.pool.query(
    `insert into reader_positions (reader, position) values ('deliveries', $1)
     on conflict (reader) do update set position = excluded.position`,
    [last],
  );
  return roomIds;
}

const cursorOf = (position: number): string => Buffer.from(`transition:${position}`).toString('base64url');
const post = (path: string, token: string, body: object): Request => ({ path, token, body: JSON.stringify(body) });

const OURS = `query ($after: String, $where: TransitionFilter) { transitions(first: 50, after: $after, where: $where) {
  nodes { position user { userId } from to kind cause actor { userId } recordedAt } pageInfo { hasNextPage endCursor } } }`;

const askOurs =
  (token: string) =>
  (after: number, roomId: string | null): Request =>
    post('/graphql', token, { query: OURS, variables: { after: cursorOf(after), where: { roomId } } });

const THEIRS = `query ($after: Cursor, $condition: TransitionCondition) { transitions: allTransitions(first: 50, after: $after, condition: $condition, orderBy: [POSITION_ASC]) {
  nodes { position userId from to kind cause actor recordedAt } pageInfo { hasNextPage endCursor } } }`;

/** Its cursors say which order they are of, in a word of its own: one is asked for, and the others are made like it. */
async function askPostgraphile({ port }: Program): Promise<Side['request']> {
  const query = '{ transitions: allTransitions(first: 1, orderBy: [POSITION_ASC]) { pageInfo { endCursor } } }';
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
    ...{ method: 'POST', headers, body: JSON.stringify({ query }) },
  });
  const { data } = (await answer.json()) as { data: { transitions: { pageInfo: { endCursor: string } } } };
  const known = JSON.parse(Buffer.from(data.transitions.pageInfo.endCursor, 'base64').toString()) as unknown[];
  return (after, roomId) => {
    const cursor = Buffer.from(JSON.stringify([...known.slice(0, -1), String(after)])).toString('base64');
    const condition = roomId === null ? null : { roomId };
    return post('/graphql', '', { query: THEIRS, variables: { after: cursor, condition } });
  };
}

const askBare = (after: number, room: string | null): Request => post('/', '', { after: String(after), room });

/** All of them must answer the same rows, or nothing is compared. */
async function expectAlike(sides: readonly Side[], roomId: string): Promise<void> {
  for (const room of [null, roomId]) {
    const answers = await Promise.all(
      sides.map(async ({ name, program, request }) => {
        const { path, token, body } = request(deep(17), room);
        const answer = await fetch(`http://127.0.0.1:${program.port}${path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          },
          body,
        });
        const text = await answer.text();
        const positions = [...text.matchAll(/"position":"?(\d+)/g)].map(([, position]) => Number(position));
        if (positions.length !== 50) throw new Error(`${name} answered ${text.slice(0, 1_000)}`);
        return { name, positions: positions.join() };
      }),
    );
    const [first] = answers;
    for (const { name, positions } of answers) {
      if (positions !== first!.positions) throw new Error(`${name} answered ${positions}, not ${first!.positions}`);
    }
  }
}

async function compare(postmaster: number, sides: readonly Side[], roomIds: readonly string[]): Promise<void> {
  const contenders: readonly Contender[] = STRETCHES.flatMap((stretch) =>
    sides.map(({ name, program, request }) => ({
      name: `${stretch.name}, ${name}`,
      run: (round: number) => {
        const requests = Array.from({ length: options.requests }, (_, n) => {
          const place = round * options.requests + n;
          return request(stretch.after(place), stretch.room ? roomIds[place % roomIds.length]! : null);
        });
        const load = { port: program.port, connections: options.connections, requests };
        return withCpu(postmaster, options.requests, () => runLoad(load), program.pid);
      },
    })),
  );
  const results = await interleave(options.rounds, contenders, progress);
  say(`history: pages of 50 of ${options.transitions} transitions, ${options.connections} callers\n`);
  printTable(results, 'pages/s');
  say('(own: the server that is asked)\n');
  for (const { name } of STRETCHES) {
    const over = (base: string) => ratios(results, `${name}, this server`, `${name}, ${base}`);
    printBudget(`times PostGraphile’s pages, ${name}`, over('PostGraphile'), { atLeast: 1 });
    printBudget(`times bare SQL’s pages, ${name}`, over('bare SQL'), { atLeast: 0.5 });
  }
  const [first, later] = ['first page', 'deep page'].map((name) =>
    figures(results, `${name}, this server`, ({ p99 }) => p99),
  );
  const worse = later!.map((p99, round) => p99 / first![round]!);
  printBudget('p99 of a deep page over that of the first', worse, { atMost: 2 });
  printValue('p99 of a deep page, ms', later!, 1);
}

await main();
