/** Whether received events are signed as they must be (PROTOCOL §2.3, §3.4), by keys that are fetched where they are missing. */
import { setImmediate } from 'node:timers/promises';
import type { ServerName } from '../matrix/identifiers.ts';
import type { Pdu, SignedPdu } from '../matrix/pdu.ts';
import { isRejection, reject, type Rejection } from '../matrix/rejection.ts';
import type { RoomVersion } from '../matrix/room-versions.ts';
import { countsForEvent, ownKey, type KeyRing } from '../matrix/server-keys.ts';
import {
  requiredSigners,
  signaturesBy,
  verifyEvent,
  type KeyLookup,
  type ServerIdentity,
} from '../matrix/signatures.ts';
import type { RemoteKeys } from './remote-keys.ts';

/** An event of the right shape (`checkPduFormat`), and the version of its room. */
export interface EventToCheck {
  readonly pdu: Pdu;
  readonly version: RoomVersion;
  /** Servers whose signatures it has to have besides those that it must have anywhere. */
  readonly besides?: readonly ServerName[];
}

/**
 * Checks the signatures that events must have, those of many at once: each server is asked for its keys at most once. Gives,
 * in the order asked, the event or a rejection; `signature.no_keys` means that a server could not be asked and that
 * the same event may pass another time. Once `signal` aborts no further server is asked.
 */
export type CheckEventSignatures = (
  events: readonly EventToCheck[],
  signal?: AbortSignal,
) => Promise<readonly (SignedPdu | Rejection)[]>;

export interface EventSignaturesDeps {
  readonly identity: ServerIdentity;
  readonly keys: RemoteKeys;
}

/** Verifying some of them takes about a millisecond. */
const STRIDE = 16;
const ASKED_AT_ONCE = 100;

export function createCheckEventSignatures({ identity, keys }: EventSignaturesDeps): CheckEventSignatures {
  return async (events, signal) => {
    const servers = new Set(events.flatMap(signersOf));
    servers.delete(identity.serverName);
    const rings = new Map(await keys.known([...servers]));
    const lookupFor = ({ pdu }: EventToCheck): KeyLookup => keyLookup(identity, rings, pdu.origin_server_ts);
    const verdicts = await inStrides(events, (event) =>
      verifyEvent(event.pdu, event.version, lookupFor(event), event.besides),
    );
    const wanted = verdicts.map((verdict, at) =>
      isRejection(verdict) ? signersWithOtherKeys(events[at]!, lookupFor(events[at]!)) : [],
    );
    const missing = [...new Set(wanted.flat())];
    if (missing.length === 0) return verdicts;
    const unasked = await refresh(keys, rings, missing, signal);
    return inStrides(events, (event, at) => {
      if (wanted[at]!.length === 0) return verdicts[at]!;
      const verdict = verifyEvent(event.pdu, event.version, lookupFor(event), event.besides);
      const silent = isRejection(verdict) ? wanted[at]!.find((server) => unasked.has(server)) : undefined;
      return silent === undefined
        ? verdict
        : reject('signature.no_keys', `The keys of ${silent} could not be fetched.`);
    });
  };
}

function signersOf({ pdu, version, besides = [] }: EventToCheck): readonly ServerName[] {
  return [...requiredSigners(pdu, version), ...besides];
}

/** Required signers that signed with a key that does not count as far as is known: those of whom newer keys would help. */
function signersWithOtherKeys(event: EventToCheck, lookup: KeyLookup): readonly ServerName[] {
  return signersOf(event).filter((server) =>
    Object.keys(signaturesBy(event.pdu, server)).some((id) => id.startsWith('ed25519:') && lookup(server, id) === null),
  );
}

/** Asks these servers and puts what they tell into the rings; resolves to those that could not be asked. */
async function refresh(
  keys: RemoteKeys,
  rings: Map<ServerName, KeyRing>,
  servers: readonly ServerName[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<ServerName>> {
  const unasked = new Set(servers);
  const waiting = servers.values();
  const askInTurn = async (): Promise<void> => {
    for (const server of waiting) {
      if (signal?.aborted === true) return;
      const ring = await unlessAborted(keys.refreshed(server), signal);
      if (ring === null) continue;
      rings.set(server, ring);
      unasked.delete(server);
    }
  };
  await Promise.all(Array.from({ length: Math.min(ASKED_AT_ONCE, servers.length) }, askInTurn));
  return unasked;
}

/** What comes of it, or null when nobody waits for it any longer. */
async function unlessAborted<T>(coming: Promise<T>, signal: AbortSignal | undefined): Promise<T | null> {
  if (signal === undefined) return coming;
  const { promise: aborted, resolve } = Promise.withResolvers<null>();
  const stop = (): void => resolve(null);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([coming, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function keyLookup(
  identity: ServerIdentity,
  rings: ReadonlyMap<ServerName, KeyRing>,
  originServerTs: number,
): KeyLookup {
  return (server, keyId) => {
    if (server === identity.serverName) return ownKey(identity, keyId);
    const key = rings.get(server)?.get(keyId);
    return key !== undefined && countsForEvent(key, originServerTs) ? key.publicKey : null;
  };
}

/** Lets others work between one stride and the next. */
async function inStrides<T>(
  events: readonly EventToCheck[],
  check: (event: EventToCheck, at: number) => T,
): Promise<readonly T[]> {
  const results: T[] = [];
  for (const [at, event] of events.entries()) {
    if (at > 0 && at % STRIDE === 0) await setImmediate();
    results.push(check(event, at));
  }
  return results;
}
