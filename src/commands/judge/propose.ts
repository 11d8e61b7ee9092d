/** Builds an event on a room's head: cites, hashes, signs, and asks the rules. Pure: the state is handed in. */
import type { EventSlot } from '../../log/judged-pdu.ts';
import { stateKeysForAuth, wantedAuthKeys } from '../../matrix/auth-events.ts';
import { canonicalJson } from '../../matrix/canonical-json.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { authorize } from '../../matrix/event-auth.ts';
import { eventIdOf } from '../../matrix/hashes.ts';
import type { EventId, UserId } from '../../matrix/identifiers.ts';
import { MAX_JSON_DEPTH, type JsonObject, type JsonValue } from '../../matrix/json.ts';
import { eventTemplate, type AuthorizedPdu, type PduFields } from '../../matrix/pdu.ts';
import { isRejection, type Rejection } from '../../matrix/rejection.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { signEvent, type ServerIdentity } from '../../matrix/signatures.ts';
import type { HeadState, RoomHead, StateEntry } from '../lanes/room-head.ts';

/** What an act wants to say; `stateKey` makes it a state event. */
export interface EventDraft {
  readonly type: string;
  readonly sender: UserId;
  readonly stateKey?: string;
  readonly content: JsonObject;
  /** Of a redaction: its target. Where the event names it, is the room version's to say. */
  readonly redacts?: EventId;
  /** It is there to bring ends together: as many, and those that belong together. */
  readonly joins?: true;
}

export interface ProposedEvent {
  readonly pdu: AuthorizedPdu;
  readonly eventId: EventId;
  readonly auth: readonly EventSlot[];
  readonly prev: readonly EventSlot[];
}

// Room for the signatures that other servers add: the limit on the wire is 65,536 bytes.
const MAX_EVENT_BYTES = 65_000;
const MAX_ID_BYTES = 255;
/** So many ends of a room's graph an event of ours cites. */
export const MAX_PREV_EVENTS = 10;
/** So many are cited by one that is there for nothing else; the protocol allows no more. */
export const MAX_JOINED_ENDS = 20;
const MAX_DEPTH = Number.MAX_SAFE_INTEGER;

/** The state keys that `propose` will look up for this draft. */
export function keysToPropose(draft: EventDraft, head: RoomHead): readonly (readonly [string, string])[] {
  return stateKeysForAuth(described(draft, head.version), head.version);
}

/**
 * The event, hashed, signed and allowed by `state`, or the rule that refuses it. `now` in milliseconds.
 * Throws MatrixError M_TOO_LARGE beyond the size limits, M_BAD_JSON for content that canonical JSON refuses or that is
 * nested too deep to be read again.
 */
export function propose(
  draft: EventDraft,
  head: RoomHead,
  state: HeadState,
  identity: ServerIdentity,
  now: number,
): ProposedEvent | Rejection {
  const { fields, auth, prev } = placeOnHead(draft, head, state, now);
  const signed = signEvent(eventTemplate(fields), head.version, identity);
  if (Buffer.byteLength(canonicalJson(signed)) > MAX_EVENT_BYTES) {
    throw new MatrixError('M_TOO_LARGE', 'The event is larger than 65,000 bytes.');
  }
  const verdict = authorize(signed, head.version, state);
  if (isRejection(verdict)) return verdict;
  return { pdu: verdict, eventId: eventIdOf(signed, head.version), auth, prev };
}

/** The event on the room's head, neither hashed nor signed, and what it cites. Throws as propose(), but for the whole size. */
export function placeOnHead(
  draft: EventDraft,
  head: RoomHead,
  state: HeadState,
  now: number,
): Pick<ProposedEvent, 'auth' | 'prev'> & { readonly fields: PduFields } {
  checkSizes(draft);
  const citedState = wantedAuthKeys(described(draft, head.version), head.version)
    .map(([type, key]) => state.get(type, key))
    .filter((entry): entry is StateEntry => entry !== undefined);
  const tips = draft.joins === true ? joinedEnds(head.extremities) : citedEnds(head.extremities, draft.sender);
  const isCreate = draft.type === 'm.room.create' && draft.stateKey === '';
  const fields = {
    ...described(draft, head.version),
    ...(isCreate && head.version.roomIdIsCreateHash ? {} : { room_id: head.roomId }),
    origin_server_ts: now,
    depth: Math.min(1 + Math.max(0, ...tips.map((tip) => tip.depth)), MAX_DEPTH),
    auth_events: citedState.map((entry) => entry.eventId),
    prev_events: tips.map((tip) => tip.slot.eventId),
  };
  return { fields, auth: citedState.map((entry) => entry.slot), prev: tips.map((tip) => tip.slot) };
}

/**
 * The newest, and of too many others those from a place on that the sender's name gives: events of many people that are made at
 * one moment then cite all ends between them, where they would leave all but the same few.
 */
function citedEnds(ends: RoomHead['extremities'], sender: string): RoomHead['extremities'] {
  const [newest, ...others] = ends;
  if (newest === undefined || ends.length <= MAX_PREV_EVENTS) return ends;
  let from = 0;
  for (let n = 0; n < sender.length; n += 1) from = (from * 31 + sender.charCodeAt(n)) % others.length;
  return [newest, ...others.slice(from), ...others.slice(0, from)].slice(0, MAX_PREV_EVENTS);
}

/**
 * The deepest, which has the most behind it, and the oldest: what they say together is what the current state was at some earlier
 * time, or nearly.
 */
function joinedEnds(ends: RoomHead['extremities']): RoomHead['extremities'] {
  if (ends.length <= MAX_JOINED_ENDS) return ends;
  const deepest = ends.reduce((one, other) => (other.depth > one.depth ? other : one));
  return [deepest, ...ends.filter((end) => end !== deepest).slice(1 - MAX_JOINED_ENDS)];
}

function described({ type, sender, content, stateKey, redacts }: EventDraft, { redactsInContent }: RoomVersion) {
  const base = { type, sender, content, ...(stateKey === undefined ? {} : { state_key: stateKey }) };
  if (redacts === undefined) return base;
  return redactsInContent ? { ...base, content: { ...content, redacts } } : { ...base, redacts };
}

function checkSizes(draft: EventDraft): void {
  for (const part of [draft.type, draft.stateKey ?? '', draft.sender]) {
    if (Buffer.byteLength(part) > MAX_ID_BYTES) {
      throw new MatrixError('M_TOO_LARGE', 'type, state_key and sender take at most 255 bytes each.');
    }
    if (part.includes('\u0000')) throw new MatrixError('M_BAD_JSON', 'type and state_key cannot hold a NUL.');
  }
  // The event wraps the content: one that nobody can parse, this server included, must not be sent.
  if (isDeeper(draft.content, MAX_JSON_DEPTH - 1))
    throw new MatrixError('M_BAD_JSON', 'The content is nested too deep.');
}

function isDeeper(value: JsonValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
