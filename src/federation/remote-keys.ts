/** The keys of other servers: from memory, from the database, and from the servers themselves. */
import { LRUCache } from 'lru-cache';
import { boundedCache } from '../bounded-cache.ts';
import type { Db } from '../database/database.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';
import { readPublishedKeys, type KeyRing, type VerifyKey } from '../matrix/server-keys.ts';
import { askNotaries, type Remembered } from './notaries.ts';
import type { SendRequest } from './request.ts';
import { readServerKeys, storeServerKeys } from './server-keys-table.ts';
import { createTurns } from './turns.ts';

export interface RemoteKeys {
  /** What is known of these servers' keys; asks none of them. A server of which nothing is known has an empty ring. */
  known(servers: readonly ServerName[]): Promise<ReadonlyMap<ServerName, KeyRing>>;
  /**
   * Asks the server for its keys, once for all who want them at a time, and not again at once: what it told seconds ago
   * stands for ten seconds, and that it could not be asked for a minute. Null when it cannot be asked, or too many others are.
   */
  refreshed(server: ServerName): Promise<KeyRing | null>;
  /**
   * What the server last published about its keys, with its signatures; asked for again where that is not vouched for until
   * `until` (milliseconds). What it said before, where it cannot be asked; null where it said nothing that is remembered.
   */
  published(server: ServerName, until: number): Promise<JsonObject | null>;
}

export interface RemoteKeysDeps {
  readonly db: Db;
  readonly send: SendRequest;
  readonly now: () => number;
  /** Servers that are asked for the keys of one that does not answer. */
  readonly notaries?: readonly ServerName[];
}

const MAX_KEYS_HELD = 50_000;
const MAX_ATTEMPTS_HELD = 20_000;
const STANDS_MS = 10_000;
const FAILURE_STANDS_MS = 60_000;
const MAX_ANSWER_BYTES = 65_536;
/** In bytes. */
const MAX_OBJECTS_HELD = 16 * 1_048_576;
/** Anybody may name a server whose keys are then asked for: that must not take all that can be asked of others. */
const AT_ONCE = 200;
const MAX_WAITING = 2_000;
const TOTAL_MS = 20_000;

export function createRemoteKeys({ db, send, now, notaries = [] }: RemoteKeysDeps): RemoteKeys {
  const rings = new LRUCache<ServerName, KeyRing>({
    maxSize: MAX_KEYS_HELD,
    sizeCalculation: (ring) => ring.size + 1,
  });
  const attempts = boundedCache<{ readonly at: number; readonly told: boolean }>(MAX_ATTEMPTS_HELD);
  const objects = new LRUCache<ServerName, JsonObject>({
    maxSize: MAX_OBJECTS_HELD,
    sizeCalculation: (object) => canonicalJson(object).length,
  });
  const asking = new Map<ServerName, Promise<KeyRing | null>>();
  const turns = createTurns(AT_ONCE);

  const known = readerOf(db, rings);
  // A notary is asked for its own keys alone: two that are away would ask each other.
  const askOthers = async (server: ServerName): Promise<Remembered | null> =>
    notaries.includes(server) ? null : askNotaries({ send, notaries, now, keysOf: refreshed }, server);
  const ask = async (server: ServerName): Promise<KeyRing | null> => {
    const told = (await askItself(send, server, now)) ?? (await askOthers(server));
    const at = now();
    if (told === null) {
      attempts.set(server, { at, told: false });
      return null;
    }
    const { object, keys } = told;
    objects.set(server, object);
    await storeServerKeys(db, server, keys);
    const before = (await known([server])).get(server) ?? new Map<string, VerifyKey>();
    const ring = new Map([...before, ...ringOf(keys)]);
    rings.set(server, ring);
    // Who asks from now on finds them.
    attempts.set(server, { at, told: true });
    return ring;
  };

  const refreshed: RemoteKeys['refreshed'] = async (server) => {
    const last = attempts.get(server);
    const stands = last?.told === true ? STANDS_MS : FAILURE_STANDS_MS;
    if (last !== undefined && Math.abs(now() - last.at) < stands)
      return last.told ? ((await known([server])).get(server) ?? null) : null;
    const begun = asking.get(server);
    if (begun === undefined && turns.waiting() >= MAX_WAITING) return null;
    const open = begun ?? turns.run(() => ask(server)).finally(() => asking.delete(server));
    asking.set(server, open);
    return open;
  };

  return {
    known,
    refreshed,
    async published(server, until) {
      const said = objects.get(server);
      if (said !== undefined && Number(said['valid_until_ts']) >= until) return said;
      await refreshed(server);
      return objects.get(server) ?? null;
    },
  };
}

async function askItself(send: SendRequest, server: ServerName, now: () => number): Promise<Remembered | null> {
  const answer = await send({
    server,
    method: 'GET',
    target: '/_matrix/key/v2/server',
    signed: false,
    maxBytes: MAX_ANSWER_BYTES,
    totalMs: TOTAL_MS,
  });
  const keys = answer.ok ? readPublishedKeys(answer.value, server, now()) : '';
  return answer.ok && typeof keys !== 'string' ? { object: answer.value, keys } : null;
}

/** What is known, from memory or else from the database. */
function readerOf(db: Db, rings: LRUCache<ServerName, KeyRing>): RemoteKeys['known'] {
  return async (servers) => {
    const found = new Map(servers.flatMap((server) => entry(server, rings.get(server))));
    const missing = [...new Set(servers)].filter((server) => !found.has(server));
    if (missing.length === 0) return found;
    const stored = await readServerKeys(db, missing);
    for (const server of missing) {
      // Somebody may have asked the server meanwhile.
      const ring = rings.get(server) ?? ringOf(stored.get(server) ?? []);
      rings.set(server, ring);
      found.set(server, ring);
    }
    return found;
  };
}

function entry(server: ServerName, ring: KeyRing | undefined): readonly (readonly [ServerName, KeyRing])[] {
  return ring === undefined ? [] : [[server, ring]];
}

function ringOf(keys: readonly VerifyKey[]): KeyRing {
  return new Map(keys.map((key) => [key.keyId, key]));
}
