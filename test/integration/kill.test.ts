/** Nothing answered is lost: the server is killed again and again while many people knock, and the log is asked for each knock. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/database/database.ts';
import type { StoredEvent } from '../../src/log/read.ts';
import { signInAs } from '../support/accounts.ts';
import { clientWith, knockRoom, type Client } from '../support/client.ts';
import { startCrowd, type Attempt } from '../support/crowd.ts';
import { seededRandom } from '../support/dice.ts';
import { embeddedProcess, postmasters } from '../support/embedded.ts';
import { knocksOf } from '../support/log-story.ts';
import { runRole, startServer, temporaryFolder, type TestServer } from '../support/server.ts';

const KILLS = 20;
const PEOPLE = 64;
const ROOMS = 4;
const LATEST_KILL_MS = 300;

const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);

let dataDir: string;
let server: TestServer;
let database: Database;
let postgres: number;
let owner: Client;
let people: readonly Client[];
const everything: Attempt[] = [];

beforeAll(async () => {
  dataDir = await temporaryFolder();
  server = await startServer({ dataDir });
  const { pid, url } = await embeddedProcess(dataDir);
  postgres = pid;
  database = openDatabase({ url, max: 4 });
  const names = Array.from({ length: PEOPLE }, (_, i) => `knocker-${i}`);
  [owner, ...people] = (await signInAs(database, server.url, ['owner', ...names])) as [Client, ...Client[]];
});

afterAll(async () => {
  await database.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

interface Round {
  readonly roomIds: readonly string[];
  readonly attempts: readonly Attempt[];
  readonly outstanding: number;
}

/** A crowd, a kill at a random instant, and the server again. */
async function killOnce(round: number): Promise<Round> {
  const roomIds = await Promise.all(Array.from({ length: ROOMS }, () => knockRoom(owner)));
  const crowd = startCrowd(server.port, people, roomIds, `round ${round}`);
  // A server that has just started answers late: every other kill waits for its first answer.
  const begun = (): boolean =>
    round % 2 === 0 ? crowd.outstanding().length > 0 : crowd.attempts.some(({ status }) => status !== null);
  while (!begun()) await sleep(1);
  await sleep(random() * LATEST_KILL_MS);
  const outstanding = crowd.outstanding().length;
  await server.kill();
  await crowd.over;
  server = await startServer({ dataDir });
  owner = clientWith(server.url, owner.token, owner.userId);
  return { roomIds, attempts: crowd.attempts, outstanding };
}

/** What the log, the room's members and the moderator's list say, against what people were told. */
async function checkRound({ roomIds, attempts }: Round): Promise<{ readonly unheard: number }> {
  const stored = new Map<string, StoredEvent[]>();
  for (const roomId of roomIds) {
    const newest = new Map<string, StoredEvent>();
    for (const event of await knocksOf(database, roomId)) {
      const reason = String(event.content['reason']);
      stored.set(reason, [...(stored.get(reason) ?? []), event]);
      newest.set(event.sender, event);
    }
    const { chunk } = await owner.ok('GET', `/rooms/${roomId}/members?membership=knock`);
    const shown = chunk.map((event: { event_id: string }) => event.event_id);
    expect(shown.sort()).toEqual([...newest.values()].map(({ eventId }) => eventId).sort());
    const query =
      'query($room: String) { room(roomId: $room) { knocks(where: { status: [PENDING] }) { totalCount } } }';
    const answer = await owner.graphql(query, { room: roomId });
    expect(answer.data?.room.knocks.totalCount, JSON.stringify(answer.errors)).toBe(newest.size);
  }
  for (const { userId, roomId, reason, status } of attempts) {
    const found = stored.get(reason) ?? [];
    expect(found.map((event) => [event.sender, event.roomId])).toEqual(found.map(() => [userId, roomId]));
    if (status === 200) expect(found, `answered: ${reason}`).toHaveLength(1);
    else expect(found.length, `not answered: ${reason}`).toBeLessThanOrEqual(1);
  }
  expect([...stored.keys()].filter((reason) => !attempts.some((attempt) => attempt.reason === reason))).toEqual([]);
  return { unheard: attempts.filter(({ reason, status }) => status === null && stored.has(reason)).length };
}

/** Who got no answer asks again, with the same words. */
async function askAgain({ roomIds, attempts }: Round): Promise<number> {
  const unanswered = attempts.filter(({ status }) => status === null);
  const ask = ({ userId, roomId, reason }: Attempt) => {
    const { token } = people.find((person) => person.userId === userId)!;
    return clientWith(server.url, token, userId).call('POST', `/knock/${encodeURIComponent(roomId)}`, { reason });
  };
  const answers = await Promise.all(unanswered.map(ask));
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  const stored = (await Promise.all(roomIds.map((roomId) => knocksOf(database, roomId)))).flat();
  const times = Map.groupBy(stored, ({ content }) => String(content['reason']));
  for (const { reason } of unanswered) expect(times.get(reason) ?? [], `asked again: ${reason}`).toHaveLength(1);
  return unanswered.length;
}

describe('a server that is killed while 64 people knock', () => {
  it(
    `60: keeps every knock that was answered, once, and takes once what is asked again, over ${KILLS} kills`,
    { timeout: 400_000 },
    async () => {
      console.log(`KILL_SEED=${seed}`);
      const told: string[] = [];
      let counted = 0;
      for (let round = 1; counted < KILLS; round += 1) {
        const done = await killOnce(round);
        const { unheard } = await checkRound(done);
        const again = await askAgain(done);
        everything.push(...done.attempts);
        const answered = done.attempts.filter(({ status }) => status !== null);
        expect(answered.filter(({ status }) => status !== 200)).toEqual([]);
        told.push(
          `kill ${round}: ${answered.length} answered, ${done.outstanding} open, ${unheard} of them stored; ${again} asked again`,
        );
        // Without an open question a kill proves nothing.
        if (done.outstanding > 0) counted += 1;
        expect(await postmasters(dataDir)).toEqual([postgres]);
        expect((await embeddedProcess(dataDir)).pid).toBe(postgres);
        expect(server.output().log).toContain('the embedded Postgres runs already');
      }
      console.log(told.join('\n'));
      expect(everything.some(({ status }) => status === 200)).toBe(true);
    },
  );

  it('leaves a log that verifies, and projections as the log would make them', async () => {
    const env = { DATA_DIR: dataDir };
    expect(await runRole(['verify'], env)).toMatchObject({ code: 0, out: expect.stringContaining('Clean.') });
    expect(await runRole(['rebuild', '--compare'], env)).toMatchObject({ code: 0 });
  });
});
