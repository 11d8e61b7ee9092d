/** Seals: chained, signed, made by one sealer at a time, blind to how a session formats values. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { knock } from '../../src/commands/knock.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { describeReport } from '../../src/commands/verify/verify-report.ts';
import { openDatabase } from '../../src/database/database.ts';
import { sealLog, sealStatement, type Seal } from '../../src/log/seals.ts';
import { verifyJson } from '../../src/matrix/signatures.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, everyKind, makeKnockRoom, openTestLog, testIdentity, type TestLog } from '../support/history.ts';

let test: TestDatabase;
let log: TestLog;
const printed: Record<string, unknown>[] = [];
const logger = { info: (fields: object) => void printed.push({ ...fields }) };

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  const roomId = await makeKnockRoom(log.deps, 'boss', '11');
  await everyKind(log.deps, roomId, 'boss', 'sealed');
});

afterAll(async () => {
  await log.close();
  await test.close();
});

function seal(positionsPerSeal?: number): Promise<readonly Seal[]> {
  return sealLog({ pool: test.database.pool, identity: log.identity, now: Date.now, logger }, positionsPerSeal);
}

async function rowsUpTo(position: number): Promise<number> {
  const tables = ['events', 'verdicts', 'transitions', 'state_lines', 'state_changes', 'actions', 'erasures'];
  const counts = tables.map((table) => `(select count(*) from ${table} where position <= ${position})`);
  const { rows } = await test.database.pool.query<{ total: number }>(`select ${counts.join(' + ')} as total`);
  return rows[0]!.total;
}

it('a backlog becomes several seals, each chained to the one before and signed', async () => {
  const seals = await seal(40);
  expect(seals.length).toBeGreaterThan(2);
  expect(seals.at(-1)!.uptoPosition).toBe(log.writer.recorder.head());
  expect(seals.reduce((sum, { rows }) => sum + rows, 0)).toBe(await rowsUpTo(log.writer.recorder.head()));
  for (const [i, made] of seals.entries()) {
    expect(made.previous).toEqual(seals[i - 1]?.digest ?? null);
    expect(made.rowHashes.length).toBe(made.rows * 8);
    const [keyId, signature] = made.signature.split(' ');
    const signed = { ...sealStatement(made), signatures: { [log.identity.serverName]: { [keyId!]: signature! } } };
    expect(verifyJson(signed, log.identity.serverName, keyId!, log.identity.key.publicKey)).toBe(true);
    const forged = { ...signed, rows: made.rows + 1 };
    expect(verifyJson(forged, log.identity.serverName, keyId!, log.identity.key.publicKey)).toBe(false);
  }
});

it('every seal is printed with all that convicts a forger', async () => {
  const { rows } = await test.database.pool.query<{ upto_position: number; digest: Buffer; signature: string }>(
    'select * from log_seals order by 1',
  );
  expect(printed).toMatchObject(
    rows.map((row) => ({
      uptoPosition: row.upto_position,
      digest: row.digest.toString('hex'),
      signature: row.signature,
    })),
  );
});

it('nothing new makes no seal, and seals take no position', async () => {
  const head = log.writer.recorder.head();
  expect(await seal()).toEqual([]);
  const { rows } = await test.database.pool.query<{ position: number }>('select position from log_head');
  expect(rows[0]!.position).toBe(head);
});

it('sealers that run at once, while knocks go on, make one chain', async () => {
  const roomId = await makeKnockRoom(log.deps, 'boss', '12');
  const knocks = Array.from({ length: 60 }, (_, i) =>
    knock(log.deps, actor(`racer${i}`), { roomId, reason: `run ${i}` }),
  );
  const sealers = Array.from({ length: 20 }, () => seal(25));
  await Promise.all([...knocks, ...sealers]);
  await seal();
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ clean: true, unsealedRows: 0, sealedUpTo: log.writer.recorder.head() });
});

it('a row hash is the sha256 of the row as text, whatever the session that seals has set', async () => {
  const strange = openDatabase({ url: test.database.url, max: 1 });
  await strange.pool.query("set timezone = 'Asia/Kathmandu'; set datestyle = 'German'; set bytea_output = 'escape'");
  await makeKnockRoom(log.deps, 'stranger', '12');
  const [made] = await sealLog({ pool: strange.pool, identity: log.identity, now: Date.now, logger });
  await strange.close();
  expect(made!.rows).toBeGreaterThan(10);
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
  const { rows } = await test.database.pool.query<{ text: string; hashes: Buffer }>(
    `select row('events'::text, room_id, position, event_id, type, state_key, sender, depth, origin_server_ts, origin, received_at,
            auth, auth_rejection, redacts, words, auth_extra, proof)::text as text,
            (select row_hashes from log_seals order by upto_position limit 1) as hashes from events where position = 1`,
  );
  const hash = createHash('sha256').update(rows[0]!.text).digest();
  expect(rows[0]!.hashes.subarray(0, 8)).toEqual(hash.subarray(0, 8));
});

it('a seal of another key is no seal', async () => {
  const report = await verify({ pool: test.database.pool, identity: testIdentity(2) });
  expect(report.clean).toBe(false);
  expect(report.findings.filter(({ check }) => check === 'seals').length).toBe(report.seals);
});

it('a key that was replaced still verifies what it signed', async () => {
  const { key } = log.identity;
  const identity = {
    ...testIdentity(2),
    key: { ...testIdentity(2).key, keyId: 'ed25519:new' },
    oldKeys: [{ ...key, expiredTs: 1 }],
  };
  await knock(log.deps, actor('newcomer'), { roomId: await makeKnockRoom(log.deps, 'boss'), reason: 'hello' });
  await sealLog({ pool: test.database.pool, identity, now: Date.now, logger });
  const report = await verify({ pool: test.database.pool, identity });
  expect(describeReport(report)).toContain('Clean.');
});
