/** The first checks of a received event, which need no room: its form, its id, its signatures, its content hash. */
import { checkContentHash, eventIdOf, roomIdOfCreate } from '../../matrix/hashes.ts';
import type { EventId, RoomId } from '../../matrix/identifiers.ts';
import type { JsonObject } from '../../matrix/json.ts';
import { checkNameSizes, checkPduFormat } from '../../matrix/pdu-format.ts';
import type { Pdu, PduFields, SignedPdu } from '../../matrix/pdu.ts';
import { redact } from '../../matrix/redaction.ts';
import { isRejection, type Rejection } from '../../matrix/rejection.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { requiredSigners } from '../../matrix/signatures.ts';
import { createBreather } from '../breather.ts';
import type { CheckSignatures } from './remotes.ts';

/** An event of the right form, under the id that it has. */
export interface NamedPdu {
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly pdu: Pdu;
}

/** An event with good signatures; its redacted copy where the content did not match its hash. */
export interface CheckedPdu extends NamedPdu {
  readonly pdu: SignedPdu;
}

/** Why an event is not kept: for good, or (`later`) because something that decides it cannot be had just now. */
export interface Unfit {
  readonly unfit: 'dropped' | 'later';
  readonly reason: string;
}

const SIGNATURES_AT_ONCE = 500;

export function isUnfit(value: NamedPdu | Unfit): value is Unfit {
  return Object.hasOwn(value, 'unfit') && !Object.hasOwn(value, 'pdu');
}

/** Form and id (server-server API, Checks performed on receipt of a PDU, 1). Null: no JSON that Matrix knows. */
export function nameEvent(value: JsonObject | null, version: RoomVersion): NamedPdu | Unfit {
  if (value === null) return { unfit: 'dropped', reason: 'The event holds a value that Matrix does not know.' };
  const pdu = checkPduFormat(value, version);
  if (isRejection(pdu)) return { unfit: 'dropped', reason: pdu.message };
  const eventId = eventIdOf(pdu, version);
  return { eventId, roomId: pdu.room_id ?? roomIdOfCreate(eventId), pdu };
}

/**
 * Signatures and content hash (2, 3) of events in the form that `nameEvent` gives, in the order given. Lets others work in
 * between.
 */
export async function checkEvents(
  named: readonly NamedPdu[],
  version: RoomVersion,
  checkSignatures: CheckSignatures,
  signal?: AbortSignal,
): Promise<readonly (CheckedPdu | Unfit)[]> {
  const checked: (CheckedPdu | Unfit)[] = [];
  const breathe = createBreather();
  for (let from = 0; from < named.length; from += SIGNATURES_AT_ONCE) {
    const part = named.slice(from, from + SIGNATURES_AT_ONCE);
    const signed = await checkSignatures(
      part.map(({ pdu }) => ({ pdu, version })),
      signal,
    );
    for (const [n, event] of part.entries()) {
      checked.push(checkedEvent(event, signed[n], version));
      await breathe();
    }
  }
  return checked;
}

function checkedEvent(
  { eventId, roomId }: NamedPdu,
  signed: SignedPdu | Rejection | undefined,
  version: RoomVersion,
): CheckedPdu | Unfit {
  if (signed === undefined) return { unfit: 'later', reason: 'Its signatures were not checked.' };
  // Without the keys nobody knows yet whether the signatures are good.
  if (isRejection(signed))
    return { unfit: signed.rule === 'signature.no_keys' ? 'later' : 'dropped', reason: signed.message };
  // What does not match its hash was altered on the way or is withheld: what the signatures cover is still good.
  if (checkContentHash(signed)) return { eventId, roomId, pdu: signed };
  const pdu = redact(signed, version) as SignedPdu;
  // A third-party invite is spared its sender's signature for words that the copy need not hold.
  const looked = requiredSigners(signed, version);
  return requiredSigners(pdu, version).every((server) => looked.includes(server))
    ? { eventId, roomId, pdu }
    : { unfit: 'dropped', reason: 'Its content does not match its hash, and what is left of it is not signed.' };
}

/** What an event's names say against it, where it is kept for those who cite it. */
export function refusedNames(pdu: PduFields): Rejection | null {
  return checkNameSizes(pdu as Pdu);
}
