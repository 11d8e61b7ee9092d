/** Checks the whole log: hashes, signatures, counters, effects, seals and projections; names the first bad row. */
import type { KeyObject } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { Db } from '../../database/database.ts';
import { toBase64 } from '../../matrix/base64.ts';
import type { ServerName } from '../../matrix/identifiers.ts';
import { ownKey } from '../../matrix/server-keys.ts';
import type { ServerIdentity } from '../../matrix/signatures.ts';
import { publicKeyFromBase64 } from '../../matrix/signing-keys.ts';
import { rebuild } from '../../projections/rebuild.ts';
import { verifyEffects } from './verify-effects.ts';
import { verifyEvents, type EvidenceCheck } from './verify-evidence.ts';
import { deepMemory, verifyDeep } from './verify-deep.ts';
import { followGraph, graphMemory } from './verify-graph.ts';
import { verifyVerdicts, type JudgementMemory } from './verify-judgement.ts';
import { verifyHeldOutside } from './verify-outside.ts';
import { readPage } from './verify-page.ts';
import { verifyActs, verifyOutside, verifyPositions, verifyStrayWords } from './verify-positions.ts';
import { collectFindings, projectionFinding, type Findings, type VerifyReport } from './verify-report.ts';
import { verifySeals, type KnownSeal } from './verify-seals.ts';

export interface VerifyDeps {
  readonly pool: Pool;
  readonly identity: ServerIdentity;
}

export interface VerifyProgress {
  readonly phase: 'log' | 'seals' | 'projections';
  readonly position: number;
  readonly head: number;
  readonly findings: number;
}

export interface VerifyOptions {
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly signal?: AbortSignal;
  /** Seals as they were printed and kept elsewhere; each must be in the database as it was. */
  readonly knownSeals?: readonly KnownSeal[];
  /** Judges every event again and resolves every merge again, reading through this. */
  readonly deep?: Db;
}

const PAGE = 2_000;

/**
 * Reads the log in pages, each a short snapshot, while commands go on; it is checked up to where its head was at the
 * start. Writes nothing but temporary tables.
 */
export async function verify(deps: VerifyDeps, options: VerifyOptions = {}): Promise<VerifyReport> {
  const findings = collectFindings();
  const head = await readHead(deps.pool, findings);
  const report = (phase: VerifyProgress['phase'], position: number): void =>
    options.onProgress?.({ phase, position, head, findings: findings.count() });
  const client = await deps.pool.connect();
  let facts;
  try {
    facts = await verifyRows(client, deps.identity, findings, head, options, report);
  } finally {
    client.release();
  }
  await verifyProjections(deps, findings, options, report);
  const sorted = findings.sorted();
  const clean = sorted.length === 0;
  return { clean, head, ...facts, first: sorted[0] ?? null, findings: sorted, counts: findings.counts() };
}

type Report = (phase: VerifyProgress['phase'], position: number) => void;

async function verifyRows(
  client: PoolClient,
  identity: ServerIdentity,
  findings: Findings,
  head: number,
  options: VerifyOptions,
  report: Report,
): Promise<Pick<VerifyReport, 'events' | 'erased' | 'seals' | 'sealedUpTo' | 'unsealedRows'>> {
  const { serverName } = identity;
  const keys = keyLookup(identity, await readServerKeys(client));
  const log = await verifyLog(client, findings, { serverName, keys }, head, options, report);
  const sealed = await verifySeals({
    client,
    findings,
    serverName,
    ownKey: (keyId) => keys(serverName, keyId),
    known: options.knownSeals ?? [],
    onProgress: (position) => report('seals', position),
  });
  return { ...log, ...sealed, unsealedRows: await countBeyond(client, sealed.sealedUpTo) };
}

async function verifyLog(
  client: PoolClient,
  findings: Findings,
  evidence: Pick<EvidenceCheck, 'serverName' | 'keys'>,
  head: number,
  { signal, deep }: VerifyOptions,
  report: Report,
): Promise<{ readonly events: number; readonly erased: number }> {
  const check: EvidenceCheck = { findings, ...evidence, versions: new Map() };
  const judgement: JudgementMemory = { roomPositions: new Map(), decidedAt: 0 };
  const graph = graphMemory();
  const again = deep === undefined ? null : deepMemory(deep);
  let [events, erased, seenTransition] = [0, 0, 0];
  for (let after = 0; after < head; after += PAGE) {
    signal?.throwIfAborted();
    const page = await snapshot(client, (at) => readPage(at, after, Math.min(head, after + PAGE), seenTransition));
    await verifyPositions(client, findings, page);
    erased += verifyEvents(check, page);
    const around = followGraph(graph, page);
    if (again !== null) await verifyDeep(again, findings, page, around, check.versions);
    verifyVerdicts(findings, judgement, page, around);
    verifyEffects(findings, page, around);
    verifyActs(findings, page);
    seenTransition = page.transitions.at(-1)?.position ?? seenTransition;
    events += page.events.length;
    report('log', page.upto);
  }
  await snapshot(client, (at) => verifyOutside(at, findings));
  await snapshot(client, (at) => verifyStrayWords(at, findings));
  await snapshot(client, (at) => verifyHeldOutside(at, findings));
  return { events, erased };
}

async function verifyProjections(
  deps: VerifyDeps,
  findings: Findings,
  { signal }: VerifyOptions,
  report: Report,
): Promise<void> {
  try {
    const { differences } = await rebuild(
      { pool: deps.pool, serverName: deps.identity.serverName },
      {
        replace: 'never',
        onProgress: ({ position }) => report('projections', position),
        ...(signal === undefined ? {} : { signal }),
      },
    );
    for (const difference of differences) findings.add(projectionFinding(difference));
  } catch (error) {
    if (findings.count() === 0) throw error;
    // A log that was tampered with may not replay at all; the findings above say why.
    const reason = `the log cannot be replayed: ${error instanceof Error ? error.message : String(error)}`;
    findings.add({ check: 'projections', table: 'rooms', key: '', position: null, column: null, reason });
  }
}

async function snapshot<T>(client: PoolClient, read: (client: PoolClient) => Promise<T>): Promise<T> {
  await client.query('begin isolation level repeatable read read only');
  try {
    return await read(client);
  } finally {
    await client.query('rollback');
  }
}

/** Our keys, the present and the old ones, and those that other servers told of. */
function keyLookup(
  identity: ServerIdentity,
  others: ReadonlyMap<string, KeyObject>,
): (server: ServerName, keyId: string) => KeyObject | null {
  return (server, keyId) =>
    server === identity.serverName ? ownKey(identity, keyId) : (others.get(`${server} ${keyId}`) ?? null);
}

async function readServerKeys(client: PoolClient): Promise<ReadonlyMap<string, KeyObject>> {
  const { rows } = await client.query<{ server_name: string; key_id: string; key: Buffer }>(
    'select server_name, key_id, key from server_keys',
  );
  return new Map(rows.map((row) => [`${row.server_name} ${row.key_id}`, publicKeyFromBase64(toBase64(row.key))]));
}

// A head that was set far beyond the newest row is one finding, and not a position by position search for the rest.
async function readHead(pool: Pool, findings: Findings): Promise<number> {
  const { rows } = await pool.query<{ head: number; newest: number }>(
    `select h.position as head, greatest(n.position, (select max(position) from events where position > n.position)) as newest
       from log_head h, (select greatest(0, (select max(position) from verdicts), (select max(position) from transitions),
              (select max(position) from actions), (select max(position) from erasures)) as position) n`,
  );
  const { head, newest } = rows[0] ?? { head: 0, newest: 0 };
  if (head <= newest + PAGE) return head;
  const reason = `stands at ${head}, and the newest row at ${newest}`;
  findings.add({ check: 'positions', table: 'log_head', key: 'true', position: newest, column: 'position', reason });
  return newest;
}

async function countBeyond(client: PoolClient, position: number): Promise<number> {
  const { rows } = await client.query<{ rows: number }>(
    `select (select count(*) from events where position > $1) + (select count(*) from verdicts where position > $1)
          + (select count(*) from transitions where position > $1) + (select count(*) from state_lines where position > $1)
          + (select count(*) from state_changes where position > $1) + (select count(*) from actions where position > $1)
          + (select count(*) from erasures where position > $1) as rows`,
    [position],
  );
  return rows[0]?.rows ?? 0;
}
