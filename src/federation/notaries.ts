/** Keys of a server that does not answer, as others remember them that are trusted with it (server-server API, Querying keys through another server). */
import type { ServerName } from '../matrix/identifiers.ts';
import { isJsonObject, type JsonObject } from '../matrix/json.ts';
import { countsForRequest, readPublishedKeys, type KeyRing, type VerifyKey } from '../matrix/server-keys.ts';
import { verifyJson } from '../matrix/signatures.ts';
import type { SendRequest } from './request.ts';

export interface NotaryDeps {
  readonly send: SendRequest;
  /** In the order in which they are asked. */
  readonly notaries: readonly ServerName[];
  /** A notary's own keys, asked of itself alone; null where it does not answer. */
  readonly keysOf: (notary: ServerName) => Promise<KeyRing | null>;
  readonly now: () => number;
}

const MAX_ANSWER_BYTES = 262_144;
const MAX_OBJECTS = 20;
const TOTAL_MS = 20_000;

/** What was told, and the keys in it, of which the newest word on each counts. */
export interface Remembered {
  readonly object: JsonObject;
  readonly keys: readonly VerifyKey[];
}

/** By the first notary that knows any. What it tells counts where it signed it, and the server itself did. Null: none does. */
export async function askNotaries(deps: NotaryDeps, server: ServerName): Promise<Remembered | null> {
  for (const notary of deps.notaries) {
    const found = await askOne(deps, notary, server);
    if (found !== null) return found;
  }
  return null;
}

async function askOne(
  { send, keysOf, now }: NotaryDeps,
  notary: ServerName,
  server: ServerName,
): Promise<Remembered | null> {
  const ring = await keysOf(notary);
  if (ring === null) return null;
  const answer = await send({
    server: notary,
    method: 'GET',
    target: `/_matrix/key/v2/query/${encodeURIComponent(server)}?minimum_valid_until_ts=${now()}`,
    signed: false,
    maxBytes: MAX_ANSWER_BYTES,
    totalMs: TOTAL_MS,
  });
  const told = answer.ok ? answer.value['server_keys'] : undefined;
  if (!Array.isArray(told)) return null;
  const at = now();
  const counting = [...ring.values()].filter((key) => countsForRequest(key, at));
  const believed = told.slice(0, MAX_OBJECTS).flatMap((object) => {
    if (!isJsonObject(object)) return [];
    if (!counting.some(({ keyId, publicKey }) => verifyJson(object, notary, keyId, publicKey))) return [];
    const keys = readPublishedKeys(object, server, at);
    return typeof keys === 'string' ? [] : [{ object, keys }];
  });
  const newestLast = believed.toSorted((a, b) => validUntil(a.object) - validUntil(b.object));
  const newest = newestLast.at(-1);
  if (newest === undefined) return null;
  const byId = new Map(newestLast.flatMap(({ keys }) => keys.map((key) => [key.keyId, key] as const)));
  return { object: newest.object, keys: [...byId.values()] };
}

function validUntil(object: JsonObject): number {
  return Number(object['valid_until_ts']);
}
