/** The erasures as a file outside the database: a backup that is restored must not bring words back. */
import { mkdir, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface LedgerEntry {
  readonly kind: 'user';
  readonly subject: string;
  readonly byUser: string | null;
  /** ISO 8601, when it was asked for: never later than the stamp of its row in `erasures`. */
  readonly at: string;
}

export interface ErasureLedger {
  /** Resolves when the line is on the disk: before that the database must not commit. */
  append(entry: LedgerEntry): Promise<void>;
  /**
   * The entries, oldest first; none when there is no file yet. A last line that a crash cut short was never acted upon
   * and is passed over. Throws an Error that names any other line that cannot be read: words may depend on it.
   */
  read(): Promise<readonly LedgerEntry[]>;
}

/** One process writes a ledger at a time: the one that writes the log. */
export function openLedger(path: string): ErasureLedger {
  let last: Promise<void> = Promise.resolve();
  let mended = false;
  const append = async (entry: LedgerEntry): Promise<void> => {
    if (!mended) await mend(path);
    mended = true;
    await writeLine(path, JSON.stringify(entry));
  };
  return {
    append(entry) {
      // One after the other, whatever became of the one before.
      const written = last.catch(() => undefined).then(() => append(entry));
      last = written;
      return written;
    },
    async read() {
      const { lines, cut } = await readLines(path);
      const entries = lines.filter((line) => line !== '').map((line, at) => parseEntry(line, at + 1, path));
      const unfinished = parse(cut);
      return unfinished === null ? entries : [...entries, unfinished];
    },
  };
}

async function writeLine(path: string, line: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    await file.appendFile(`${line}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Ends the file with a whole line, so that the next one does not run into what a crash left. */
async function mend(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const { lines, cut } = await readLines(path);
  if (cut === '') return;
  if (parse(cut) !== null) return writeLine(path, '');
  await truncate(path, Buffer.byteLength(lines.map((line) => `${line}\n`).join('')));
}

async function readLines(path: string): Promise<{ readonly lines: readonly string[]; readonly cut: string }> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n');
  const cut = lines.pop() ?? '';
  return { lines, cut };
}

function parseEntry(line: string, number: number, path: string): LedgerEntry {
  const entry = parse(line);
  if (entry === null) throw new Error(`Line ${number} of the erasure ledger ${path} cannot be read.`);
  return entry;
}

function parse(line: string): LedgerEntry | null {
  try {
    const { kind, subject, byUser, at } = JSON.parse(line) as Partial<Record<keyof LedgerEntry, unknown>>;
    if (kind !== 'user' || typeof subject !== 'string' || typeof at !== 'string' || Number.isNaN(Date.parse(at)))
      return null;
    return { kind, subject, byUser: typeof byUser === 'string' ? byUser : null, at };
  } catch {
    return null;
  }
}
