/** Checks the chain of seals, and every row they cover against the hash that was sealed of it. */
import type { KeyObject } from 'node:crypto';
import type { PoolClient } from 'pg';
import { PINNED_SETTINGS, ROWS_IN_RANGE, SEALED_TABLES } from '../../log/sealed-tables.ts';
import { hashRows, sealDigest, sealStatement, shortHashes, type Seal } from '../../log/seals.ts';
import { verifyJson } from '../../matrix/signatures.ts';
import type { ServerName } from '../../matrix/identifiers.ts';
import { nameMissing, type Place } from './verify-missing.ts';
import type { Findings } from './verify-report.ts';

/** A seal as it was printed, kept outside the database. */
export interface KnownSeal {
  readonly uptoPosition: number;
  /** Hex. */
  readonly digest: string;
}

export interface SealCheck {
  readonly client: PoolClient;
  readonly findings: Findings;
  readonly serverName: ServerName;
  readonly ownKey: (keyId: string) => KeyObject | null;
  readonly known: readonly KnownSeal[];
  readonly onProgress: (position: number) => void;
}

/** Returns how many seals there are and up to where they reach. */
export async function verifySeals(check: SealCheck): Promise<{ readonly seals: number; readonly sealedUpTo: number }> {
  const { client, findings } = check;
  const { rows: uptos } = await client.query<{ upto: number }>(
    'select upto_position as upto from log_seals order by 1',
  );
  let before: Seal | null = null;
  for (const { upto } of uptos) {
    const seal = await readSeal(client, upto);
    if (seal === null) continue;
    await verifySeal(check, seal, before);
    before = seal;
    check.onProgress(upto);
  }
  const sealedUpTo = before?.uptoPosition ?? 0;
  for (const known of check.known) await compareKnown(check, known);
  const { rows: heads } = await client.query<{ position: number }>('select position from log_head');
  const head = heads[0]?.position;
  if (head === undefined || head < sealedUpTo) {
    const reason = head === undefined ? 'the row is missing' : `stands at ${head}, behind the seals`;
    findings.add({ check: 'seals', table: 'log_head', key: 'true', position: head ?? 0, column: 'position', reason });
  }
  return { seals: uptos.length, sealedUpTo };
}

async function readSeal(client: PoolClient, upto: number): Promise<Seal | null> {
  const { rows } = await client.query<Seal>(
    `select upto_position as "uptoPosition", rows, row_hashes as "rowHashes", digest, previous, signature, at
       from log_seals where upto_position = $1`,
    [upto],
  );
  return rows[0] ?? null;
}

async function verifySeal(check: SealCheck, seal: Seal, before: Seal | null): Promise<void> {
  const { client } = check;
  const after = before?.uptoPosition ?? 0;
  await client.query('begin isolation level repeatable read read only');
  try {
    await client.query(PINNED_SETTINGS);
    const hashes = await hashRows(client, after, seal.uptoPosition);
    const digest = sealDigest(before?.digest ?? null, seal.uptoPosition, hashes);
    if (!isSigned(check, seal)) {
      // Nothing it says can be held against a row.
      addSealFinding(check, seal, ...wrongPart(seal, before, hashes, digest));
    } else if (!equal(seal.previous, before?.digest ?? null)) {
      addSealFinding(check, seal, null, 'the seal before this one is missing or was replaced');
    } else if (!digest.equals(seal.digest)) {
      await nameBadRows(check, seal, after);
    }
  } finally {
    await client.query('rollback');
  }
}

function isSigned(check: SealCheck, seal: Seal): boolean {
  const [keyId, signature] = seal.signature.split(' ');
  const key = keyId === undefined ? null : check.ownKey(keyId);
  if (key === null || keyId === undefined || signature === undefined) return false;
  const signed = { ...sealStatement(seal), signatures: { [check.serverName]: { [keyId]: signature } } };
  return verifyJson(signed, check.serverName, keyId, key);
}

// The signature says that something was changed; comparing with what it should be tells what.
function wrongPart(
  seal: Seal,
  before: Seal | null,
  hashes: Buffer,
  digest: Buffer,
): [column: string | null, reason: string] {
  const changed = 'changed: the signature does not cover it';
  const short = shortHashes(hashes);
  const rowsFit = short.equals(seal.rowHashes);
  if (!equal(seal.previous, before?.digest ?? null)) return ['previous', changed];
  if (!rowsFit && digest.equals(seal.digest)) return ['row_hashes', changed];
  if (rowsFit && seal.rows * 8 !== short.length) return ['rows', changed];
  if (rowsFit && !digest.equals(seal.digest)) return ['digest', changed];
  return [null, 'the signature does not match the seal'];
}

async function nameBadRows(check: SealCheck, seal: Seal, after: number): Promise<void> {
  const { rows } = await check.client.query<Row>(
    `select position, t, k, encode(substring(h for 8), 'hex') as hash from (${ROWS_IN_RANGE}) rows order by position, t, k`,
    [after, seal.uptoPosition],
  );
  const sealed: string[] = [];
  for (let at = 0; at < seal.rowHashes.length; at += 8) sealed.push(seal.rowHashes.toString('hex', at, at + 8));
  const edges = [
    { position: after, t: -1 },
    { position: seal.uptoPosition + 1, t: -1 },
  ] as const;
  const differences = align(sealed, rows, edges);
  for (const { row, what, between } of differences) {
    if (row === null) {
      const missing = await nameMissing(check.client, between);
      check.findings.add({ check: 'seals', ...missing, column: null, reason: 'missing: it was sealed and is gone' });
    } else {
      const table = SEALED_TABLES[row.t]?.name ?? '';
      check.findings.add({
        check: 'seals',
        table,
        key: row.k,
        position: row.position,
        column: null,
        reason: REASONS[what],
      });
    }
  }
  if (differences.length === 0)
    addSealFinding(check, seal, 'digest', 'a row has the short hash that was sealed, and not the long one');
}

interface Row {
  readonly position: number;
  readonly t: number;
  readonly k: string;
  readonly hash: string;
}

type What = 'changed' | 'missing' | 'added' | 'moved';

const REASONS: Readonly<Record<What, string>> = {
  changed: 'changed since it was sealed',
  missing: 'missing: it was sealed and is gone',
  added: 'added: it was not there when its position was sealed',
  moved: 'moved: another row was sealed at this place',
};

interface Difference {
  /** Null: a sealed row that is gone. */
  readonly row: Row | null;
  readonly what: What;
  /** What was found on both sides of the place. */
  readonly between: readonly [Place, Place];
}

/** Walks the sealed hashes and the rows found side by side, and says of each place where they part what happened there. */
function align(sealed: readonly string[], rows: readonly Row[], edges: readonly [Place, Place]): readonly Difference[] {
  const wanted = new Set(sealed);
  const found = new Set(rows.map((row) => row.hash));
  const differences: Difference[] = [];
  let [i, j] = [0, 0];
  while (i < sealed.length || j < rows.length) {
    const hash = sealed[i];
    const row = rows[j] ?? null;
    if (row !== null && hash === row.hash) {
      i += 1;
      j += 1;
      continue;
    }
    const gone = hash !== undefined && !found.has(hash);
    const strange = row !== null && !wanted.has(row.hash);
    const between = [rows[j - 1] ?? edges[0], row ?? edges[1]] as const;
    if (gone && !strange) {
      differences.push({ row: null, what: 'missing', between });
      i += 1;
    } else if (strange && !gone) {
      differences.push({ row, what: 'added', between });
      j += 1;
    } else {
      if (row !== null) differences.push({ row, what: strange ? 'changed' : 'moved', between });
      i += 1;
      j += 1;
    }
  }
  return differences;
}

async function compareKnown(check: SealCheck, known: KnownSeal): Promise<void> {
  const seal = await readSeal(check.client, known.uptoPosition);
  if (seal !== null && seal.digest.toString('hex') === known.digest) return;
  const reason = seal === null ? 'a seal that was printed is gone' : 'not the seal that was printed';
  const { uptoPosition: position } = known;
  check.findings.add({ check: 'seals', table: 'log_seals', key: String(position), position, column: 'digest', reason });
}

function addSealFinding(check: SealCheck, seal: Seal, column: string | null, reason: string): void {
  const { uptoPosition: position } = seal;
  check.findings.add({ check: 'seals', table: 'log_seals', key: String(position), position, column, reason });
}

function equal(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}
