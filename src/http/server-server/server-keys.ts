/** What is told of servers' keys: of our own, and of others as they said it, with our signature beside theirs. */
import { Type } from 'typebox';
import { createGate } from '../../accounts/gate.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { ServerName } from '../../matrix/identifiers.ts';
import type { JsonObject } from '../../matrix/json.ts';
import { publishedKeys } from '../../matrix/server-keys.ts';
import { signJson } from '../../matrix/signatures.ts';
import type { HttpParts } from '../parts.ts';

const VALID_MS = 86_400_000;

const Keys = Type.Record(Type.String(), Type.Object({ key: Type.String() }));
const OldKeys = Type.Record(Type.String(), Type.Object({ key: Type.String(), expired_ts: Type.Integer() }));

export const OwnKeys = Type.Object({
  server_name: Type.String(),
  verify_keys: Keys,
  old_verify_keys: OldKeys,
  valid_until_ts: Type.Integer(),
  signatures: Type.Record(Type.String(), Type.Record(Type.String(), Type.String())),
});

/** Other servers' objects are told as they are, with whatever else they hold. */
export const KeysOfServers = Type.Object({
  server_keys: Type.Array(Type.Object({ server_name: Type.String(), valid_until_ts: Type.Integer() })),
});

export function ownKeys({ identity, now }: Pick<HttpParts, 'identity' | 'now'>): JsonObject {
  return publishedKeys(identity, now() + VALID_MS);
}

/** Anybody may have us ask anybody: no more than these at a time. */
const asking = createGate({ atOnce: 20, waiting: 200 });

/**
 * The keys of each server, vouched for until the time given if they can be had so; servers that cannot be asked, and of
 * which nothing is remembered, are left out.
 */
export async function keysOf(
  { identity, now, federation: { keys } }: Pick<HttpParts, 'identity' | 'now' | 'federation'>,
  asked: ReadonlyMap<ServerName, number>,
): Promise<readonly JsonObject[]> {
  const found = await Promise.all(
    [...asked].map(async ([server, until]) => {
      if (server === identity.serverName) return ownKeys({ identity, now });
      const said = await asking.pass(() => keys.published(server, until)).catch(whileOverloaded);
      return said === null ? null : signJson(said, identity.serverName, identity.key);
    }),
  );
  return found.filter((each) => each !== null);
}

function whileOverloaded(error: unknown): null {
  if (error instanceof MatrixError) return null;
  throw error;
}
