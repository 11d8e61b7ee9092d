/** Whatever people do, in whatever order and at once: a replay gives the live tables, and what was answered is in the log once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActResult, Actor } from '../../src/commands/act.ts';
import { banUser } from '../../src/commands/ban.ts';
import { acceptKnock, rejectKnock } from '../../src/commands/decide-knock.ts';
import { eraseUser } from '../../src/commands/erase.ts';
import { inviteUser } from '../../src/commands/invite.ts';
import { joinRoom } from '../../src/commands/join.ts';
import { knock } from '../../src/commands/knock.ts';
import { kickUser, leaveRoom, retractKnock, revokeInvite, unbanUser } from '../../src/commands/leave.ts';
import { sendState } from '../../src/commands/send-state.ts';
import { setProfileField } from '../../src/commands/set-profile-field.ts';
import { spreadProfile } from '../../src/commands/spread-profile.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { openLedger, type ErasureLedger } from '../../src/log/erasure-ledger.ts';
import { sealLog } from '../../src/log/seals.ts';
import { MatrixError } from '../../src/matrix/errors.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { rebuild } from '../../src/projections/rebuild.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { seededRandom } from '../support/dice.ts';
import { actor, makeKnockRoom, openTestLog, SERVER_NAME, type TestLog } from '../support/history.ts';

const SEEDS = Array.from({ length: 24 }, (_, seed) => seed + 1);
const ACTS = 90;

let test: TestDatabase;
let log: TestLog;
let ledger: ErasureLedger;
let directory: string;
const answered: string[] = [];

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  directory = await mkdtemp(join(tmpdir(), 'vestibule-random-'));
  ledger = openLedger(join(directory, 'erasures.jsonl'));
});

afterAll(async () => {
  await log.close();
  await test.close();
  await rm(directory, { recursive: true, force: true });
});

interface Scene {
  readonly who: Actor;
  readonly roomId: RoomId;
  readonly other: Actor;
  readonly words: string;
}

type Deed = (scene: Scene) => Promise<Partial<ActResult> | void>;

const self =
  (act: typeof knock): Deed =>
  (scene) =>
    act(log.deps, scene.who, { roomId: scene.roomId, reason: scene.words });
const about =
  (act: typeof banUser): Deed =>
  (scene) =>
    act(log.deps, scene.who, { roomId: scene.roomId, userId: scene.other.userId, reason: scene.words });
const state =
  (type: string, content: (scene: Scene) => object): Deed =>
  (scene) =>
    sendState(log.deps, scene.who, {
      roomId: scene.roomId,
      type,
      stateKey: '',
      content: jsonObject({ ...content(scene) }),
    });

/** What happens often is listed often. */
const DEEDS: readonly Deed[] = [
  ...[self(knock), self(knock), self(knock), self(joinRoom), self(joinRoom), self(leaveRoom), self(retractKnock)],
  ...[about(acceptKnock), about(acceptKnock), about(rejectKnock), about(inviteUser), about(revokeInvite)],
  ...[about(kickUser), about(banUser), about(unbanUser), about(unbanUser)],
  state('m.room.topic', ({ words }) => ({ topic: words })),
  state('m.room.join_rules', ({ words }) => ({ join_rule: words.length % 3 === 0 ? 'public' : 'knock' })),
  ({ who, words }) =>
    setProfileField(log.deps, who, { userId: who.userId, key: 'displayname', value: words.slice(0, -1) }),
  ({ who }) =>
    spreadProfile(log.deps, { signal: new AbortController().signal, log: pino({ level: 'silent' }) }, who.userId),
  ({ who, other }) =>
    eraseUser({ ...log.deps, ledger }, { ...who, admin: true }, { userId: other.userId }).then(() => undefined),
];

/** One history: its acts come in bursts of one to sixteen at once. */
async function play(seed: number): Promise<number> {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const people = ['boss', 'ada', 'bob', 'cleo', 'dan'].map((name) => actor(`${name}${seed}`));
  const versions = ['7', '9', '10', '11', '12'] as const;
  const rooms = await Promise.all([1, 2].map(() => makeKnockRoom(log.deps, `boss${seed}`, pick(versions))));
  let refused = 0;
  for (let done = 0; done < ACTS;) {
    const burst = Array.from({ length: 1 + Math.floor(random() * 16) }, () => {
      const scene = { roomId: pick(rooms), other: pick(people), words: `word ${Math.floor(random() * 1e6)}\u0000` };
      // Half of all is done by whoever has the power to.
      return pick(DEEDS)({ ...scene, who: random() < 0.5 ? people[0]! : pick(people) });
    });
    done += burst.length;
    for (const outcome of await Promise.allSettled(burst)) {
      if (outcome.status === 'fulfilled' && outcome.value?.eventId != null) answered.push(outcome.value.eventId);
      if (outcome.status === 'fulfilled') continue;
      if (!(outcome.reason instanceof MatrixError)) throw outcome.reason;
      refused += 1;
    }
  }
  return refused;
}

function replay(): ReturnType<typeof rebuild> {
  return rebuild({ pool: test.database.pool, serverName: SERVER_NAME }, { replace: 'never' });
}

describe('a random history', () => {
  for (const seed of SEEDS) {
    it(`of seed ${seed} replays to the live tables`, async () => {
      expect(await play(seed)).toBeLessThan(ACTS);
      expect((await replay()).differences).toEqual([]);
      await sealLog({
        pool: test.database.pool,
        identity: log.identity,
        now: Date.now,
        logger: { info: () => undefined },
      });
    });
  }
});

it('every event that was answered is in the log, once', async () => {
  const sent = [...new Set(answered)];
  expect(sent.length).toBeGreaterThan(SEEDS.length * 10);
  const { rows } = await test.database.pool.query<{ events: number; ids: number }>(
    `select count(*)::int4 as events, count(distinct e.event_id)::int4 as ids
       from events e join verdicts v on v.room_id = e.room_id and v.event = e.position where e.event_id = any($1)`,
    [sent],
  );
  expect(rows).toEqual([{ events: sent.length, ids: sent.length }]);
});

it('all of it verifies, and many kinds of transition came about', async () => {
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ clean: true, unsealedRows: 0 });
  const { rows } = await test.database.pool.query<{ kinds: number }>(
    'select count(distinct kind)::int4 as kinds from transitions',
  );
  expect(rows[0]!.kinds).toBeGreaterThan(12);
});

it('a process that starts anew on it goes on where it stood', async () => {
  await log.close();
  log = await openTestLog(test.database);
  await play(SEEDS.length + 1);
  expect((await replay()).differences).toEqual([]);
});
