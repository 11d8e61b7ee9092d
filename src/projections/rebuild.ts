/** Replays the log into copies of the projections, compares them with the live tables at one position, and mends those. */
import type { Pool, PoolClient } from 'pg';
import type { TxClient } from '../database/tx.ts';
import { PROJECTIONS } from './index.ts';
import type { Projection, ProjectionContext } from './projection.ts';
import { compareTable, createCopy, replaceTable, type TableDifference } from './rebuild-compare.ts';
import { readStretches, replayMemory, type ReplayMemory } from './rebuild-facts.ts';

export interface RebuildDeps extends ProjectionContext {
  readonly pool: Pool;
}

export interface RebuildOptions {
  /** Names of projections; all of them by default. */
  readonly only?: readonly string[];
  /** `never` compares only; `always` writes every row again even when nothing differs. */
  readonly replace: 'never' | 'when_different' | 'always';
  readonly onProgress?: (progress: RebuildProgress) => void;
  readonly signal?: AbortSignal;
}

export interface RebuildProgress {
  readonly phase: 'replay' | 'compare' | 'replace';
  readonly position: number;
  readonly head: number;
}

export interface RebuildReport {
  /** Copies and live tables were compared as of this position. */
  readonly position: number;
  readonly differences: readonly TableDifference[];
  readonly replaced: boolean;
}

/** Tells writers, whose lanes remember rooms, that the tables were written behind their backs. */
export const REBUILT_CHANNEL = 'vestibule_rebuilt';

const PAGE = 5_000;

/**
 * Rebuilds while commands go on: pages are short transactions, the comparison is one snapshot, and only a replacement
 * holds the writer up, for as long as writing the differing rows takes. Throws an Error for an unknown projection.
 */
export async function rebuild(deps: RebuildDeps, options: RebuildOptions): Promise<RebuildReport> {
  const projections = pick(options.only);
  const tables = projections.flatMap((projection) => projection.tables);
  const client = await deps.pool.connect();
  try {
    for (const table of tables) await createCopy(client, table);
    const replay: Replay = { client, deps, projections, memory: replayMemory(), position: 0, analyzeAt: PAGE, options };
    await catchUp(replay);
    const report = await compareInOneSnapshot(replay);
    const differ = report.differences.length > 0;
    const replaced = options.replace === 'always' || (options.replace === 'when_different' && differ);
    if (replaced) await replaceUnderLock(replay);
    return { ...report, replaced };
  } finally {
    // The connection ends and the copies with it: whoever got it next would find them in the live tables' place.
    client.release(true);
  }
}

interface Replay {
  readonly client: PoolClient;
  readonly deps: RebuildDeps;
  readonly projections: readonly Projection[];
  readonly memory: ReplayMemory;
  readonly options: RebuildOptions;
  /** The log is replayed up to here. */
  position: number;
  analyzeAt: number;
}

function pick(only: readonly string[] | undefined): readonly Projection[] {
  if (only === undefined) return PROJECTIONS;
  for (const name of only) {
    if (!PROJECTIONS.some((projection) => projection.name === name)) {
      throw new Error(`There is no projection "${name}": ${PROJECTIONS.map((p) => p.name).join(', ')}.`);
    }
  }
  return PROJECTIONS.filter((projection) => only.includes(projection.name));
}

async function catchUp(replay: Replay): Promise<void> {
  const { client, options } = replay;
  for (let head = -1; head !== replay.position;) {
    options.signal?.throwIfAborted();
    await client.query('begin isolation level repeatable read');
    head = await readHead(client);
    const upto = Math.min(head, ((await nextRow(client, replay.position)) ?? head) + PAGE);
    await replayTo(replay, upto);
    await client.query('commit');
    options.onProgress?.({ phase: 'replay', position: upto, head });
    await analyzeCopies(replay);
  }
}

// Pages begin where there is something: a counter that somebody set far ahead must not keep us turning empty ones.
async function nextRow(client: PoolClient, position: number): Promise<number | null> {
  const { rows } = await client.query<{ next: number | null }>(
    `select least((select min(position) from verdicts where position > $1),
                  (select min(position) from erasures where position > $1)) as next`,
    [position],
  );
  return rows[0]?.next ?? null;
}

// Temporary tables have no autovacuum, and joins against a table that was never analysed are planned badly.
async function analyzeCopies(replay: Replay): Promise<void> {
  if (replay.position < replay.analyzeAt) return;
  replay.analyzeAt = replay.position * 4;
  for (const { tables } of replay.projections)
    for (const table of tables) await replay.client.query(`analyze pg_temp.${table}`);
}

/** Applies (position, upto] to the copies, in the transaction that is open. */
async function replayTo(replay: Replay, upto: number): Promise<void> {
  // Without their names: a statement that was prepared on this connection before would still mean the live table.
  const tx: TxClient = { inTransaction: true, query: ({ text, values }) => replay.client.query(text, values) };
  for (const { facts, erased } of await readStretches(replay.client, replay.memory, replay.position, upto)) {
    for (const projection of replay.projections) {
      if (facts.length > 0) await projection.apply(tx, facts, { serverName: replay.deps.serverName });
    }
    for (const projection of replay.projections) if (erased.length > 0) await projection.erase?.(tx, erased);
  }
  replay.position = upto;
}

async function compareInOneSnapshot(replay: Replay): Promise<Omit<RebuildReport, 'replaced'>> {
  const { client, options } = replay;
  await client.query('begin isolation level repeatable read');
  const head = await readHead(client);
  await replayTo(replay, head);
  options.onProgress?.({ phase: 'compare', position: head, head });
  const differences: TableDifference[] = [];
  for (const { name, tables } of replay.projections) {
    for (const table of tables) {
      const difference = await compareTable(client, name, table);
      if (difference !== null) differences.push(difference);
    }
  }
  await client.query('commit');
  return { position: head, differences };
}

// The writer draws every position from this row: while we hold it nothing is appended and no projection moves.
async function replaceUnderLock(replay: Replay): Promise<void> {
  const { client, options } = replay;
  await client.query('begin isolation level read committed');
  const { rows } = await client.query<{ position: number }>('select position from log_head for update');
  const head = rows[0]?.position ?? 0;
  await replayTo(replay, head);
  options.onProgress?.({ phase: 'replace', position: head, head });
  for (const { tables } of replay.projections) {
    for (const table of tables) await replaceTable(client, table, options.replace === 'always');
  }
  await client.query(`notify ${REBUILT_CHANNEL}`);
  await client.query('commit');
}

async function readHead(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ position: number }>('select position from log_head');
  return rows[0]?.position ?? 0;
}
