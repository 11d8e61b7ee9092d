/** What clients piece together of a room that forks: after each event, the state that its branches resolve to. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { syncText } from '../../src/http/client-server/sync/answer.ts';
import { filterIn } from '../../src/http/client-server/sync/filter-in.ts';
import { readSync } from '../../src/http/client-server/sync/read-sync.ts';
import type { UserId } from '../../src/matrix/identifiers.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { seededRandom } from '../support/dice.ts';
import type { StateMap } from '../support/forked-room.ts';
import { naiveServer, type World } from '../support/forked-world.ts';
import { openTestLog, userId, type TestLog } from '../support/history.ts';
import { randomWorld, KEEPER } from '../support/random-world.ts';
import { fold, NOTHING_KNOWN, type Known } from '../support/sync-fold.ts';
import { startWorld } from '../support/world-log.ts';

const SEED = Number(process.env['DAG_SEED'] ?? Math.floor(Math.random() * 1e9));
const SIZE = Number(process.env['DAG_SIZE'] ?? 40);
const READERS: readonly UserId[] = [KEEPER, userId('dan')];

let test: TestDatabase;
let log: TestLog;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
});

afterAll(async () => {
  await log.close();
  await test.close();
});

interface Reader {
  readonly userId: UserId;
  readonly useStateAfter: boolean;
  /** Syncs after each event, or now and then. */
  readonly every: number;
  known: Known;
}

async function sync(reader: Reader, since: string | null, timelineLimit: number): Promise<object> {
  const { db } = test.database;
  const { userId: id, useStateAfter } = reader;
  const filter = await filterIn(db, id, JSON.stringify({ room: { timeline: { limit: timelineLimit } } }));
  const request = { userId: id, deviceId: 'D', since, filter, fullState: false, useStateAfter, now: 0 };
  return JSON.parse(syncText(await readSync(db, request)));
}

/** The contents of a state's events by key; a client is never told that a key became absent, and may hold on to it. */
function contents(world: World, state: StateMap): ReadonlyMap<string, string> {
  return new Map(
    [...state].map(([name, position]) => [
      name.replace('\u0000', ' '),
      JSON.stringify(world.events.get(position)!.pdu.content),
    ]),
  );
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? null : JSON.parse(text);
}

function expectKnown(reader: Reader, known: Known, world: World, current: StateMap): void {
  const room = known.rooms.get(world.roomId);
  const expected = contents(world, current);
  const membership = JSON.parse(expected.get(`m.room.member ${reader.userId}`) ?? '{}').membership ?? 'none';
  const section = membership === 'ban' || membership === 'none' ? 'leave' : membership;
  // Nobody is told of rooms that were over before.
  if (room === undefined && section === 'leave') return;
  expect(room?.section, JSON.stringify({ ...reader, known: undefined })).toBe(section);
  if (section !== 'join') return;
  const held = [...expected.keys()].map((name) => [name, parsed(room?.state.get(name))]);
  expect(Object.fromEntries(held), JSON.stringify({ ...reader, known: undefined })).toEqual(
    Object.fromEntries([...expected].map(([name, text]) => [name, parsed(text)])),
  );
}

for (const version of ['10', '12'] as const) {
  it(`56: in version ${version} each client, and a fresh one, knows the resolved state (seed ${SEED})`, async () => {
    const random = seededRandom(SEED + Number(version));
    const one = randomWorld(random, version, `syncs${version}`, SIZE);
    const { world, first, rest } = one;
    const naive = naiveServer(world);
    for (const event of [world.create, ...first]) naive.take(event);
    const stored = await startWorld(log, world, first);
    const readers: readonly Reader[] = READERS.flatMap((id) =>
      [false, true].flatMap((useStateAfter) =>
        [1, 5].map((every) => ({ userId: id, useStateAfter, every, known: NOTHING_KNOWN })),
      ),
    );
    for (const [n, event] of rest.entries()) {
      await stored.receive(event);
      naive.take(event);
      for (const reader of readers) {
        if (n % reader.every !== 0) continue;
        const limit = 1 + Math.floor(random() * 12);
        reader.known = fold(reader.known, await sync(reader, reader.known.since, limit));
        expectKnown(reader, reader.known, world, naive.current);
        if (reader.every > 1)
          expectKnown(reader, fold(NOTHING_KNOWN, await sync(reader, null, limit)), world, naive.current);
      }
    }
  });
}
