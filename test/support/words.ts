/** Looks for words wherever a database may keep them: every table, a dump, every file of the server. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Database } from '../../src/database/database.ts';

const run = promisify(execFile);

/** `<word> in <table>` for every table of every schema, the system's own included, that has a word as text or as bytes. */
export async function wordsInTables({ pool }: Database, words: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await tablesOf(pool)) {
    const { rows } = await pool.query<{ word: string }>(
      `select w.word from unnest($1::text[], $2::text[]) as w (word, hex)
        where exists (select from ${name} t where position(w.word in t::text) > 0 or position(w.hex in t::text) > 0)`,
      [words, words.map(hexOf)],
    );
    for (const { word } of rows) found.push(`${word} in ${name}`);
  }
  return found;
}

/** The words in a dump of the database: of a pg_dump that the machine has and that knows this server, else of all tables' text. */
export async function wordsInDump(database: Database, words: readonly string[]): Promise<readonly string[]> {
  const text = (await dumped(database.url)) ?? (await copied(database));
  if (!text.includes('vestibule.test')) throw new Error('the dump is empty');
  return words.filter((word) => text.includes(word) || text.includes(hexOf(word)));
}

/**
 * The words in the files of the server: of this database and of all that databases share, its log too. Other databases
 * are other tests'; the write-ahead log keeps what was written until it is recycled, and the guide says so.
 */
export async function wordsInFiles({ pool }: Database, words: readonly string[]): Promise<readonly string[]> {
  const { rows: files } = await pool.query<{ path: string }>(
    `with recursive files (path, is_folder) as (
       select name, (pg_stat_file(name, true)).isdir from pg_ls_dir('.', true, false) name
       union all
       select path || '/' || name, (pg_stat_file(path || '/' || name, true)).isdir from files, pg_ls_dir(path, true, false) name
        where is_folder and path <> 'pg_wal')
     select path from files where not is_folder and path not like '%.s.PGSQL%' and
       (path not like 'base/%' or path like 'base/' || (select oid from pg_database where datname = current_database()) || '/%')`,
  );
  if (files.length < 100) throw new Error(`the server has only ${files.length} files`);
  const { rows } = await pool.query<{ word: string }>(
    `select w.word from unnest($1::text[]) as w (word) where exists (
       select from unnest($2::text[]) as f (path)
        where position(convert_to(w.word, 'UTF8') in
          coalesce(pg_read_binary_file(f.path, 0, (pg_stat_file(f.path, true)).size, true), '')) > 0)`,
    [words, files.map(({ path }) => path)],
  );
  return rows.map(({ word }) => word);
}

function hexOf(word: string): string {
  return Buffer.from(word).toString('hex');
}

async function tablesOf(pool: Database['pool']): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'm', 'p') and c.relpersistence <> 't' and n.nspname <> 'information_schema'`,
  );
  if (!rows.some(({ name }) => name.startsWith('bullmq.'))) throw new Error('the tables of the queue are not there');
  return rows.map(({ name }) => name);
}

async function dumped(url: string): Promise<string | null> {
  const installed = '/usr/lib/postgresql';
  const versions = existsSync(installed) ? await readdir(installed) : [];
  for (const program of [...versions.map((version) => `${installed}/${version}/bin/pg_dump`), 'pg_dump']) {
    // One that is older than the server refuses.
    const dump = await run(program, ['--inserts', '--dbname', url], { maxBuffer: 1 << 28 }).catch(() => null);
    if (dump !== null) return dump.stdout;
  }
  return null;
}

async function copied({ pool }: Database): Promise<string> {
  const texts: string[] = [];
  for (const name of (await tablesOf(pool)).filter((table) => !table.startsWith('pg_'))) {
    const { rows } = await pool.query<{ text: string }>(
      `select coalesce(string_agg(t::text, ' '), '') as text from ${name} t`,
    );
    texts.push(rows[0]!.text);
  }
  return texts.join(' ');
}
