/** The minute seal: a signed, chained digest over every row of the log up to a position, with a short hash of each row. */
import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { JsonObject } from '../matrix/json.ts';
import { signJson } from '../matrix/signatures.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import { PINNED_SETTINGS, ROWS_IN_RANGE } from './sealed-tables.ts';

/** A row of `log_seals`. */
export interface Seal {
  readonly uptoPosition: number;
  readonly rows: number;
  /** The first 8 bytes of each row's sha256, in sealing order: names the bad row. */
  readonly rowHashes: Buffer;
  readonly digest: Buffer;
  readonly previous: Buffer | null;
  /** `<key id> <unpadded base64>` over {@link sealStatement}. */
  readonly signature: string;
  readonly at: Date;
}

export interface SealDeps {
  readonly pool: Pool;
  readonly identity: ServerIdentity;
  readonly now: () => number;
  /** Where a seal is printed: a copy outside the database convicts whoever replaces the newest seal. */
  readonly logger: { info(fields: object, message: string): void };
}

/** A backlog is sealed in pieces of this many positions, so that one statement never hashes the whole log. */
const POSITIONS_PER_SEAL = 50_000;

const SHORT = 8;
const LONG = 32;

/**
 * Seals what the log holds beyond the newest seal and returns the new seals, oldest first; none when nothing is new or
 * when another process is sealing now.
 */
export async function sealLog(deps: SealDeps, positionsPerSeal: number = POSITIONS_PER_SEAL): Promise<readonly Seal[]> {
  const made: Seal[] = [];
  for (;;) {
    const seal = await sealOnce(deps, positionsPerSeal);
    if (seal === null) return made;
    made.push(seal);
    deps.logger.info(
      {
        uptoPosition: seal.uptoPosition,
        rows: seal.rows,
        digest: seal.digest.toString('hex'),
        previous: seal.previous?.toString('hex') ?? null,
        signature: seal.signature,
        at: seal.at.toISOString(),
      },
      'log sealed',
    );
  }
}

async function sealOnce(deps: SealDeps, positionsPerSeal: number): Promise<Seal | null> {
  const client = await deps.pool.connect();
  try {
    await client.query('begin isolation level read committed');
    const seal = await writeSeal(client, deps, positionsPerSeal);
    await client.query('commit');
    return seal;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

// The lock comes first and the snapshots after it (read committed takes one a statement): a second sealer sees the
// first one's seal or does not get the lock. Rows up to a head that was read as committed are all committed with it.
async function writeSeal(client: PoolClient, deps: SealDeps, positionsPerSeal: number): Promise<Seal | null> {
  const lock = await client.query<{ mine: boolean }>(
    "select pg_try_advisory_xact_lock(hashtext('vestibule log seals')) as mine",
  );
  if (lock.rows[0]?.mine !== true) return null;
  await client.query(PINNED_SETTINGS);
  const { rows } = await client.query<{ head: number; upto: number | null; digest: Buffer | null }>(
    `select head.position as head, seal.upto_position as upto, seal.digest
       from log_head head left join (select upto_position, digest from log_seals order by upto_position desc limit 1) seal on true`,
  );
  const last = rows[0];
  const after = last?.upto ?? 0;
  if (last === undefined || last.head <= after) return null;
  const uptoPosition = Math.min(last.head, after + positionsPerSeal);
  const hashes = await hashRows(client, after, uptoPosition);
  const seal = signSeal(deps.identity, {
    uptoPosition,
    rows: hashes.length / LONG,
    rowHashes: shortHashes(hashes),
    digest: sealDigest(last.digest, uptoPosition, hashes),
    previous: last.digest,
    at: new Date(deps.now()),
  });
  await client.query(
    'insert into log_seals (upto_position, rows, row_hashes, digest, previous, signature, at) values ($1, $2, $3, $4, $5, $6, $7)',
    [seal.uptoPosition, seal.rows, seal.rowHashes, seal.digest, seal.previous, seal.signature, seal.at],
  );
  return seal;
}

/** The whole sha256 of every row in (after, upto], 32 bytes each, in sealing order. The transaction's settings are pinned. */
export async function hashRows(client: PoolClient, after: number, upto: number): Promise<Buffer> {
  const { rows } = await client.query<{ hashes: Buffer | null }>(
    `select string_agg(h, ''::bytea order by position, t, k) as hashes from (${ROWS_IN_RANGE}) rows`,
    [after, upto],
  );
  return rows[0]?.hashes ?? Buffer.alloc(0);
}

/** What is kept in `log_seals.row_hashes`: 8 of each row's 32 bytes. */
export function shortHashes(hashes: Buffer): Buffer {
  const short = Buffer.alloc((hashes.length / LONG) * SHORT);
  for (let row = 0; row * LONG < hashes.length; row++) hashes.copy(short, row * SHORT, row * LONG, row * LONG + SHORT);
  return short;
}

/**
 * sha256(previous digest ‖ upto ‖ rows ‖ row hashes), integers as 8 bytes big endian. It covers the rows' whole
 * hashes: the short ones that are stored could be matched by a forged row, these cannot.
 */
export function sealDigest(previous: Buffer | null, uptoPosition: number, hashes: Buffer): Buffer {
  const numbers = Buffer.alloc(16);
  numbers.writeBigInt64BE(BigInt(uptoPosition), 0);
  numbers.writeBigInt64BE(BigInt(hashes.length / LONG), 8);
  const hash = createHash('sha256');
  if (previous !== null) hash.update(previous);
  return hash.update(numbers).update(hashes).digest();
}

/** The JSON object that is signed: every column of the seal, with `row_hashes` by its sha256. */
export function sealStatement(seal: Omit<Seal, 'signature'>): JsonObject {
  return {
    at: seal.at.toISOString(),
    digest: seal.digest.toString('hex'),
    previous: seal.previous?.toString('hex') ?? null,
    row_hashes: createHash('sha256').update(seal.rowHashes).digest('hex'),
    rows: seal.rows,
    upto_position: seal.uptoPosition,
  };
}

function signSeal(identity: ServerIdentity, seal: Omit<Seal, 'signature'>): Seal {
  const signed = signJson(sealStatement(seal), identity.serverName, identity.key);
  const ours = (signed['signatures'] as JsonObject)[identity.serverName] as Readonly<Record<string, string>>;
  return { ...seal, signature: `${identity.key.keyId} ${ours[identity.key.keyId]}` };
}
