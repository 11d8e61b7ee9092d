/** Projections are nothing but a replay of the log: ten thousand events, every local kind of transition, knocks going on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { eraseUser } from '../../src/commands/erase.ts';
import { knock } from '../../src/commands/knock.ts';
import { retractKnock } from '../../src/commands/leave.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { openLedger } from '../../src/log/erasure-ledger.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { rebuild, type RebuildOptions, type RebuildReport } from '../../src/projections/rebuild.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  actor,
  everyKind,
  LOCAL_KINDS,
  makeKnockRoom,
  openTestLog,
  redactions,
  SERVER_NAME,
  userId,
  type TestLog,
} from '../support/history.ts';

const ROOMS = 40;
const ROUNDS = 10;

let test: TestDatabase;
let log: TestLog;
let busyRoom: RoomId;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  const versions = ['7', '8', '9', '10', '11', '12'] as const;
  await Promise.all(
    Array.from({ length: ROOMS }, async (_, room) => {
      const roomId = await makeKnockRoom(log.deps, `owner${room}`, versions[room % versions.length]);
      for (let round = 0; round < ROUNDS; round++)
        await everyKind(log.deps, roomId, `owner${room}`, `r${room}-${round}`);
      await redactions(log.deps, roomId, `owner${room}`, `r${room}`);
    }),
  );
  busyRoom = await makeKnockRoom(log.deps, 'busy');
}, 600_000);

afterAll(async () => {
  await log.close();
  await test.close();
});

function rebuildAll(options: Partial<RebuildOptions> = {}): Promise<RebuildReport> {
  return rebuild({ pool: test.database.pool, serverName: SERVER_NAME }, { replace: 'never', ...options });
}

/** Knocks and retractions until stopped; resolves to how many were answered. */
function keepKnocking(): () => Promise<number> {
  let [answered, going] = [0, true];
  const people = Array.from({ length: 8 }, async (_, person) => {
    for (let round = 0; going; round++) {
      await knock(log.deps, actor(`busy${person}`), { roomId: busyRoom, reason: `round ${round}` });
      await retractKnock(log.deps, actor(`busy${person}`), { roomId: busyRoom });
      answered += 2;
    }
  });
  return async () => {
    going = false;
    await Promise.all(people);
    return answered;
  };
}

it('a replay equals the live tables while knocks go on', async () => {
  const { rows } = await test.database.pool.query<{ events: number; kinds: string[] }>(
    'select (select count(*) from events) as events, (select array_agg(distinct kind) from transitions) as kinds',
  );
  expect(rows[0]!.events).toBeGreaterThanOrEqual(10_000);
  expect(new Set(rows[0]!.kinds)).toEqual(new Set(LOCAL_KINDS));
  const before = log.writer.recorder.head();
  const stop = keepKnocking();
  const seen: number[] = [];
  const report = await rebuildAll({ onProgress: ({ position }) => void seen.push(position) });
  expect(await stop()).toBeGreaterThan(0);
  expect(report.differences).toEqual([]);
  expect(report.replaced).toBe(false);
  expect(report.position).toBeGreaterThan(before);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.length).toBeGreaterThan(3);
});

it('what differs is named, mended under the writer, and knocks go on through it', async () => {
  const { pool } = test.owner;
  await pool.query(
    "update knocks set status = 'REJECTED' where (room_id, opened) = (select room_id, opened from knocks where status = 'PENDING' order by 1, 2 limit 1)",
  );
  await pool.query("delete from room_state where type = 'm.room.topic'");
  await pool.query("insert into extremities (room_id, event) values ('!ghost:vestibule.test', 1)");
  await pool.query('update rooms set joined = joined + 1 where room_id = $1', [busyRoom]);
  const stop = keepKnocking();
  const report = await rebuildAll({ replace: 'when_different' });
  const mended = await rebuildAll();
  expect(await stop()).toBeGreaterThan(0);
  expect(report.replaced).toBe(true);
  expect(report.differences).toMatchObject([
    { table: 'rooms', rows: 1, firstKey: { room_id: busyRoom }, reason: 'changed', columns: ['joined'] },
    { table: 'extremities', rows: 1, firstKey: { room_id: '!ghost:vestibule.test', event: '1' }, reason: 'added' },
    { table: 'room_state', rows: ROOMS + 1, reason: 'missing' },
    { table: 'knocks', rows: 1, reason: 'changed', columns: ['status'] },
  ]);
  expect(mended.differences).toEqual([]);
});

it('a forced rebuild writes every row again and changes none', async () => {
  const stop = keepKnocking();
  const report = await rebuildAll({ replace: 'always' });
  expect(await stop()).toBeGreaterThan(0);
  expect(report).toMatchObject({ differences: [], replaced: true });
  expect((await rebuildAll()).differences).toEqual([]);
});

it('one projection can be rebuilt alone, and an unknown one is refused by name', async () => {
  await test.owner.pool.query('delete from knocks');
  const rooms = await rebuildAll({ only: ['rooms'] });
  expect(rooms.differences).toEqual([]);
  const knocks = await rebuildAll({ only: ['knocks'], replace: 'when_different' });
  expect(knocks.differences).toMatchObject([{ table: 'knocks', reason: 'missing' }]);
  expect((await rebuildAll()).differences).toEqual([]);
  await expect(rebuildAll({ only: ['doors'] })).rejects.toThrow('"doors"');
});

it('words that are erased while a rebuild runs do not come back with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vestibule-rebuild-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const ledger = openLedger(join(folder, 'erasures.jsonl'));
  await knock(log.deps, actor('forgetful'), { roomId: busyRoom, reason: 'an unforgettable reason' });
  const erasing: Promise<unknown>[] = [];
  const onProgress = (): void => {
    if (erasing.length > 0) return;
    const erased = eraseUser({ ...log.deps, ledger }, actor('busy', true), { userId: userId('forgetful') });
    erasing.push(erased);
  };
  const report = await rebuildAll({ replace: 'always', onProgress });
  expect(erasing).toHaveLength(1);
  await Promise.all(erasing);
  expect(report.differences).toEqual([]);
  const { rows } = await test.database.pool.query('select reason, display_name from knocks where user_id = $1', [
    userId('forgetful'),
  ]);
  expect(rows).toEqual([{ reason: null, display_name: null }]);
});

it('the log verifies after all of it', async () => {
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
  expect(report.clean).toBe(true);
});
