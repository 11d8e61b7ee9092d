// Rule 5.4.1 (4.4.1 before version 12): an invite that redeems a third-party invite.
import { publicKeyFromBase64 } from './signing-keys.ts';
import { canonicalJson } from './canonical-json.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { objectIn, stringIn, type PduFields } from './pdu.ts';
import { reject, type Rejection } from './rejection.ts';
import { membershipIn, type RoomState } from './room-state.ts';
import { verifyText } from './signatures.ts';

/** An identity server lists one or two keys; signatures × keys beyond this many only burn our time. */
const MAX_VERIFICATIONS = 100;

/**
 * Judges an invite whose content has `third_party_invite`; null allows it.
 * https://spec.matrix.org/latest/rooms/v12/#authorization-rules
 */
export function checkThirdPartyInvite(pdu: PduFields, target: string, state: RoomState): Rejection | null {
  // If target user is banned, reject.
  if (membershipIn(state, target) === 'ban') {
    return reject('member.third_party_invite.banned', `${target} is banned from this room.`);
  }
  // If content.third_party_invite does not have a signed property, reject.
  const signed = objectIn(objectIn(pdu.content, 'third_party_invite') ?? {}, 'signed');
  if (signed === null) return reject('member.third_party_invite.signed', 'The third-party invite is not signed.');
  // If signed does not have mxid and token properties, reject.
  const mxid = stringIn(signed, 'mxid');
  const token = stringIn(signed, 'token');
  if (mxid === null || token === null) {
    return reject('member.third_party_invite.signed', 'The third-party invite names no user or no token.');
  }
  // If mxid does not match state_key, reject.
  if (mxid !== target) return reject('member.third_party_invite.mxid', 'The third-party invite is for somebody else.');
  // If there is no m.room.third_party_invite event in the current room state with state_key matching token, reject.
  const original = state.get('m.room.third_party_invite', token);
  if (original === undefined) {
    return reject('member.third_party_invite.token', 'There is no such third-party invite in the room.');
  }
  // If sender does not match sender of the m.room.third_party_invite, reject.
  if (original.pdu.sender !== pdu.sender) {
    return reject('member.third_party_invite.sender', 'Somebody else sent the third-party invite.');
  }
  // If any signature in signed matches any public key in the m.room.third_party_invite event, allow. Otherwise, reject.
  if (isSignedByAny(signed, publicKeysOf(original.pdu.content))) return null;
  return reject('member.third_party_invite.signature', 'No key of the third-party invite has signed its redemption.');
}

/** The keys in `public_key`, and in each entry of `public_keys`. */
function publicKeysOf(content: JsonObject): readonly string[] {
  const listed = Object.hasOwn(content, 'public_keys') ? content['public_keys'] : [];
  const entries: readonly JsonValue[] = isJsonArray(listed) ? listed : [];
  const keys = [content, ...entries].map((entry) => (isJsonObject(entry) ? stringIn(entry, 'public_key') : null));
  return keys.filter((key) => key !== null);
}

function isSignedByAny(signed: JsonObject, publicKeys: readonly string[]): boolean {
  const { signatures, unsigned: _unsigned, ...rest } = signed;
  const text = canonicalJson(rest);
  const byServer = isJsonObject(signatures) ? Object.values(signatures).filter(isJsonObject) : [];
  const texts = byServer.flatMap((entries) => Object.entries(entries)).filter(([id]) => id.startsWith('ed25519:'));
  const pairs = texts.flatMap(([, signature]) => publicKeys.map((key) => [signature, key] as const));
  return pairs.slice(0, MAX_VERIFICATIONS).some(([signature, key]) => isGood(text, signature, key));
}

function isGood(text: string, signature: JsonValue, publicKey: string): boolean {
  if (typeof signature !== 'string') return false;
  try {
    return verifyText(text, signature, publicKeyFromBase64(publicKey));
  } catch {
    // Not a key at all: it verifies nothing.
    return false;
  }
}
