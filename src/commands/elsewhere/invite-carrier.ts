/** Carries invites to the servers of those invited, who have to sign them (server-server API, Inviting to a room). */
import type { Db } from '../../database/database.ts';
import type { RemoteFailure } from '../../federation/answer.ts';
import type { Calls } from '../../federation/calls.ts';
import type { CheckEventSignatures } from '../../federation/event-signatures.ts';
import { canonicalJson } from '../../matrix/canonical-json.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { serverOf, type ServerName, type UserId } from '../../matrix/identifiers.ts';
import { isJsonObject, jsonObject, type JsonObject } from '../../matrix/json.ts';
import { checkPduFormat } from '../../matrix/pdu-format.ts';
import { stringIn, type SignedPdu } from '../../matrix/pdu.ts';
import { isRejection } from '../../matrix/rejection.ts';
import { ROOM_VERSIONS } from '../../matrix/room-versions.ts';
import { signaturesBy } from '../../matrix/signatures.ts';
import { noteAnswer, type Intent } from '../../outbox/handshakes.ts';
import { createKeyedTurns, type KeyedTurns } from '../keyed-turns.ts';
import type { Receiver } from '../receive/receive-pdu.ts';

export interface CarrierDeps {
  readonly db: Db;
  readonly calls: Pick<Calls, 'sendInvite' | 'queryProfile'>;
  readonly checkSignatures: CheckEventSignatures;
  readonly receiver: Receiver;
}

/** An intent under its number, with what was answered already. */
export type BegunInvite = Intent & { readonly id: number; readonly answered: { readonly answer: JsonObject } | null };

export interface InviteCarrier {
  readonly receiver: Receiver;
  /** Those of one user to one room one after the other, by `room user`. */
  readonly inTurn: KeyedTurns;
  /** The name and picture that a user's server tells of; nothing when it does not tell in time. */
  profileOf(userId: UserId): Promise<JsonObject>;
  /**
   * The invite with the signature of the invitee's server; what it answered is noted before it is looked at. Throws
   * M_FORBIDDEN and M_INVITE_BLOCKED as the server says, M_UNSUPPORTED_ROOM_VERSION, M_UNKNOWN (502) for all else; see
   * isSilence().
   */
  carry(invite: BegunInvite, shown: readonly JsonObject[]): Promise<SignedPdu>;
}

const PROFILE_MS = 3_000;
const MAX_WORDS = 1_000;

export function createInviteCarrier(deps: CarrierDeps): InviteCarrier {
  return {
    receiver: deps.receiver,
    inTurn: createKeyedTurns(),
    async profileOf(userId) {
      const told = await deps.calls.queryProfile(serverOf(userId), { userId }, AbortSignal.timeout(PROFILE_MS));
      if (!told.ok) return {};
      const { value } = told;
      const fields = ['displayname', 'avatar_url'].flatMap((name) => {
        const text = stringIn(value, name);
        return text === null || text.length > MAX_WORDS ? [] : [[name, text] as const];
      });
      return jsonObject(Object.fromEntries(fields));
    },
    carry: (invite, shown) => carry(deps, invite, shown),
  };
}

async function carry(
  { db, calls, checkSignatures }: CarrierDeps,
  invite: BegunInvite,
  shown: readonly JsonObject[],
): Promise<SignedPdu> {
  const { id, roomId, eventId, version, pdu, userId, answered } = invite;
  const server = serverOf(userId);
  const signed = async (back: JsonObject): Promise<SignedPdu> => {
    const event = withSignatureOf(server, pdu, back);
    const checked = checkPduFormat(event, ROOM_VERSIONS[version]);
    if (isRejection(checked)) throw unusable(server);
    const [verdict] = await checkSignatures([{ pdu: checked, version: ROOM_VERSIONS[version], besides: [server] }]);
    if (verdict === undefined || isRejection(verdict)) throw unusable(server);
    return verdict;
  };
  if (answered !== null) return signed(answered.answer);
  const asked = { roomId, eventId, version, event: pdu, inviteRoomState: shown };
  const answer = await calls.sendInvite(server, asked);
  if (!answer.ok) throw refusalOf(server, answer.failure);
  const both = await signed(answer.value);
  await noteAnswer(db, id, server, answer.value);
  return both;
}

/** Our event with the signatures that the server put under it: nothing else of what it sent back is taken. */
function withSignatureOf(server: ServerName, event: SignedPdu, back: JsonObject): JsonObject {
  if (textOf(back) !== textOf(event)) throw unusable(server);
  const signatures = isJsonObject(event.signatures) ? event.signatures : {};
  return jsonObject({ ...event, signatures: jsonObject({ ...signatures, [server]: signaturesBy(back, server) }) });
}

function textOf(event: JsonObject): string {
  const { signatures: _signatures, unsigned: _unsigned, ...rest } = event;
  return canonicalJson(rest);
}

/** Errors that only say that a server was not heard. */
const silences = new WeakSet<MatrixError>();

/** Whether a server was not heard, and may say something yet. */
export function isSilence(error: unknown): boolean {
  return error instanceof MatrixError && silences.has(error);
}

function refusalOf(server: ServerName, failure: RemoteFailure): MatrixError {
  if (failure.kind !== 'refused') {
    return failure.kind === 'malformed' || failure.kind === 'too_large' ? unusable(server) : unreachable(server);
  }
  const { errcode, error, status } = failure;
  if (errcode === 'M_INVITE_BLOCKED' || errcode === 'M_FORBIDDEN') return new MatrixError(errcode, error ?? undefined);
  if (errcode === 'M_INCOMPATIBLE_ROOM_VERSION' || errcode === 'M_UNSUPPORTED_ROOM_VERSION')
    return new MatrixError('M_UNSUPPORTED_ROOM_VERSION', error ?? undefined);
  // What it does not say in Matrix' words may be a proxy's that stands before it.
  return status >= 500 ? unreachable(server) : unusable(server, `refused the invite (${status})`);
}

/** The server of somebody who is to be invited says nothing. */
export function unreachable(server: ServerName): MatrixError {
  const error = new MatrixError('M_UNKNOWN', `The server ${server} is not to be reached.`, { status: 502 });
  silences.add(error);
  return error;
}

function unusable(server: ServerName, what = 'did not sign the invite as it is'): MatrixError {
  return new MatrixError('M_UNKNOWN', `The server ${server} ${what}.`, { status: 502 });
}
