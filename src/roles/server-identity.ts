/** Who this server is: its name, which the data remembers, and its signing key, which a file holds. */
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sql } from 'kysely';
import { newSeed, randomId } from '../accounts/secrets.ts';
import { DEFAULT_SERVER_NAME, type Config } from '../config.ts';
import type { Database } from '../database/database.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import {
  formatSigningKeyFile,
  generateSigningKey,
  parseSigningKeyFile,
  type SigningKey,
} from '../matrix/signing-keys.ts';

/** Throws an Error when the data belongs to a server of another name, and when its key is gone. */
export async function loadIdentity(database: Database, config: Config, now: number): Promise<ServerIdentity> {
  const serverName = await rememberName(database, config.serverName);
  const [key, ...older] = parseSigningKeyFile(await readKeyFile(database, config.signingKeyFile));
  const retired = await rememberKeys(database, key.keyId, older, now);
  const oldKeys = older.map(({ keyId, publicKey, publicKeyBase64 }) => ({
    keyId,
    publicKey,
    publicKeyBase64,
    expiredTs: retired.get(keyId) ?? now,
  }));
  return { serverName, key, oldKeys };
}

/** Notes which key is in use since when; resolves to when the others of the file were replaced. */
async function rememberKeys(
  { db }: Database,
  current: string,
  older: readonly SigningKey[],
  now: number,
): Promise<ReadonlyMap<string, number>> {
  const at = new Date(now);
  const keys = [
    { key_id: current, retired_at: null },
    ...older.map(({ keyId }) => ({ key_id: keyId, retired_at: at })),
  ];
  const remembered = await db
    .insertInto('signing_keys')
    .values(keys)
    .onConflict((conflict) =>
      conflict.column('key_id').doUpdateSet({
        retired_at: sql`case when excluded.retired_at is not null
          then coalesce(signing_keys.retired_at, excluded.retired_at) end`,
      }),
    )
    .returning(['key_id', 'retired_at'])
    .execute();
  return new Map(
    remembered.flatMap(({ key_id, retired_at }) => (retired_at === null ? [] : [[key_id, retired_at.getTime()]])),
  );
}

async function rememberName({ db }: Database, wanted: ServerName | null): Promise<ServerName> {
  const name = wanted ?? DEFAULT_SERVER_NAME;
  const known = await db.selectFrom('server_identity').select('server_name').executeTakeFirst();
  if (known === undefined) {
    await db
      .insertInto('server_identity')
      .values({ server_name: name })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return name;
  }
  if (wanted !== null && known.server_name !== wanted) {
    throw new Error(
      `SERVER_NAME is ${wanted}, but this data belongs to ${known.server_name}, and a name cannot change.`,
    );
  }
  return known.server_name as ServerName;
}

async function readKeyFile(database: Database, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const head = await database.db.selectFrom('log_head').select('position').executeTakeFirstOrThrow();
  if (head.position > 0) {
    throw new Error(
      `The signing key ${path} is gone, and this log is signed with it. Restore it, or set SIGNING_KEY_FILE.`,
    );
  }
  await makeKeyFile(path);
  return readFile(path, 'utf8');
}

async function makeKeyFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const key = generateSigningKey(`a_${randomId(6)}`, newSeed());
  try {
    // Never over a file that appeared meanwhile, and on the disk before anything is signed with it.
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(formatSigningKeyFile([key]));
    await file.sync();
    await file.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
