/** The evidence of a knock: its events as they were signed, the keys of who signed them, and what the check of both gives. */
import type { Db } from '../database/database.ts';
import { readServerKeys } from '../federation/server-keys-table.ts';
import { redactedEvents, type RedactedEvent } from '../log/redacted-events.ts';
import type { TransitionRow } from '../log/transition-queries.ts';
import { toBase64 } from '../matrix/base64.ts';
import { eventIdOf, referenceForm } from '../matrix/hashes.ts';
import { parseServerName, type ServerName } from '../matrix/identifiers.ts';
import { isJsonObject, jsonObject, type JsonObject } from '../matrix/json.ts';
import type { RoomVersion } from '../matrix/room-versions.ts';
import { countsForEvent, ownKey, type VerifyKey } from '../matrix/server-keys.ts';
import { requiredSigners, signaturesBy, signJson, verifyText, type ServerIdentity } from '../matrix/signatures.ts';
import { rawPublicKey } from '../matrix/signing-keys.ts';

export const EVIDENCE_FORMAT = 'org.vestibule.knock-evidence.v1';

/** What the check of a signature gives; `expired_key`: the key does not count for an event of that time. */
export type SignatureStatus = 'valid' | 'invalid' | 'unknown_key' | 'expired_key';

export interface CheckedSignature {
  readonly server: string;
  readonly keyId: string;
  /** Without a good one of this server the event would not have been taken. */
  readonly isRequired: boolean;
  readonly status: SignatureStatus;
}

export interface CheckedEvent extends RedactedEvent {
  readonly transition: TransitionRow;
  /** The hash of the event is its id. */
  readonly idMatches: boolean;
  readonly signatures: readonly CheckedSignature[];
  /** The id is the event's, and every server that has to sign it did. */
  readonly isValid: boolean;
}

export interface KnockEvidence {
  readonly checkedAt: Date;
  readonly events: readonly CheckedEvent[];
  readonly isValid: boolean;
  /** All of it in one signed object, to be checked by anybody. */
  readonly file: JsonObject;
}

export interface EvidenceDeps {
  readonly db: Db;
  readonly identity: ServerIdentity;
  readonly now: () => number;
}

/** A knock, and the transitions whose events are its evidence. */
export interface EvidenceOf {
  readonly knock: { readonly roomId: string; readonly userId: string; readonly status: string };
  readonly version: RoomVersion;
  readonly transitions: readonly TransitionRow[];
}

/** Reads and checks it anew. Events in redacted form: what their ids and signatures cover, and nobody's words. */
export async function knockEvidence(deps: EvidenceDeps, asked: EvidenceOf): Promise<KnockEvidence> {
  const { db, identity, now } = deps;
  const { knock, version } = asked;
  const withEvent = asked.transitions.filter((transition) => transition.event !== null);
  const stored = await redactedEvents(
    db,
    withEvent.map(({ roomId, event }) => ({ roomId, position: event! })),
  );
  const byPosition = new Map(stored.map((event) => [event.position, event]));
  const events = withEvent.flatMap((transition) => {
    const event = byPosition.get(transition.event!);
    return event === undefined ? [] : [{ transition, ...event }];
  });
  const servers = [...new Set(events.flatMap(({ pdu }) => signersOf(pdu)))];
  const rings = await readServerKeys(
    db,
    servers.filter((server) => server !== identity.serverName),
  );
  const checked = events.map((event) => checkEvent(event, version, identity, rings));
  const checkedAt = new Date(now());
  const unsigned = jsonObject({
    format: EVIDENCE_FORMAT,
    server_name: identity.serverName,
    checked_at: checkedAt.getTime(),
    knock: { room_id: knock.roomId, room_version: version.id, user_id: knock.userId, status: knock.status },
    events: checked.map(({ eventId, pdu, transition }) => ({
      event_id: eventId,
      event: pdu,
      kind: transition.kind,
      position: transition.position,
      recorded_at: transition.recordedAt.getTime(),
    })),
    server_keys: keysOf(checked, identity, rings),
  });
  const file = signJson(unsigned, identity.serverName, identity.key);
  return { checkedAt, events: checked, isValid: checked.every(({ isValid }) => isValid), file };
}

type Rings = ReadonlyMap<ServerName, readonly VerifyKey[]>;

function signersOf(pdu: JsonObject): readonly ServerName[] {
  const signatures = pdu['signatures'];
  return Object.keys(isJsonObject(signatures) ? signatures : {}).flatMap((name) => parseServerName(name) ?? []);
}

function checkEvent(
  event: RedactedEvent & { readonly transition: TransitionRow },
  version: RoomVersion,
  identity: ServerIdentity,
  rings: Rings,
): CheckedEvent {
  const { pdu, eventId } = event;
  const required = requiredSigners(pdu, version);
  const form = referenceForm(pdu, version);
  const signatures = signersOf(pdu).flatMap((server) =>
    Object.entries(signaturesBy(pdu, server)).map(([keyId, signature]): CheckedSignature => {
      const isRequired = required.includes(server);
      const known = rings.get(server)?.find((key) => key.keyId === keyId);
      const own = server === identity.serverName ? ownKey(identity, keyId) : null;
      const key = own ?? known?.publicKey ?? null;
      if (key === null) return { server, keyId, isRequired, status: 'unknown_key' };
      const isGood = typeof signature === 'string' && verifyText(form, signature, key);
      const counts = own !== null || countsForEvent(known!, pdu.origin_server_ts);
      return { server, keyId, isRequired, status: !isGood ? 'invalid' : counts ? 'valid' : 'expired_key' };
    }),
  );
  const idMatches = eventIdOf(pdu, version) === eventId;
  const isSigned = required.every((server) =>
    signatures.some((one) => one.server === server && one.status === 'valid'),
  );
  return { ...event, idMatches, signatures, isValid: idMatches && isSigned };
}

/** The keys of those who signed, as this server has them: others' as they last told of them. */
function keysOf(
  events: readonly CheckedEvent[],
  { serverName, key, oldKeys }: ServerIdentity,
  rings: Rings,
): JsonObject {
  const all: Record<string, JsonObject> = {};
  for (const server of new Set([serverName, ...events.flatMap(({ pdu }) => signersOf(pdu))])) {
    const others = (rings.get(server) ?? []).map((one) => [
      one.keyId,
      {
        ...{ key: toBase64(rawPublicKey(one.publicKey)), fetched_at: one.fetchedAt },
        ...(one.validUntilTs === null ? { expired_ts: one.expiredTs } : { valid_until_ts: one.validUntilTs }),
      },
    ]);
    const ours = [
      [key.keyId, { key: key.publicKeyBase64 }],
      ...oldKeys.map((old) => [old.keyId, { key: old.publicKeyBase64, expired_ts: old.expiredTs }]),
    ];
    all[server] = jsonObject(Object.fromEntries(server === serverName ? ours : others) as JsonObject);
  }
  return jsonObject(all);
}
