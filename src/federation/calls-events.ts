/** Events asked of other servers, and events sent to them. */
import { parseEventId, type EventId, type RoomId, type ServerName } from '../matrix/identifiers.ts';
import { isJsonObject, jsonObject, type JsonObject } from '../matrix/json.ts';
import { stringIn } from '../matrix/pdu.ts';
import { checked, gives, malformed, type Answer } from './answer.ts';
import { path, signalOf } from './call-target.ts';
import { readEventIds, readEvents } from './read-answer.ts';
import type { SendRequest } from './request.ts';

export interface EventCalls {
  /** GET /event/{eventId}: one event of the room. */
  event(server: ServerName, asked: EventOfRoom, signal?: AbortSignal): Promise<Answer<JsonObject>>;
  /** GET /event_auth: all that the event rests on, without itself. */
  eventAuth(server: ServerName, asked: EventOfRoom, signal?: AbortSignal): Promise<Answer<readonly JsonObject[]>>;
  /** GET /state_ids: the state before the event. */
  stateIds(server: ServerName, asked: EventOfRoom, signal?: AbortSignal): Promise<Answer<StateIds>>;
  /** POST /get_missing_events: at most `limit` events between the earliest and the latest, without either. */
  getMissingEvents(
    server: ServerName,
    asked: MissingEvents,
    signal?: AbortSignal,
  ): Promise<Answer<readonly JsonObject[]>>;
  /** GET /backfill: at most `limit` (up to 100) events before these, and these. */
  backfill(server: ServerName, asked: Backfill, signal?: AbortSignal): Promise<Answer<readonly JsonObject[]>>;
  /**
   * PUT /send/{txnId}: what became of each event of the transaction, as far as the other server says: null for one that it
   * took, its words for one that it did not. A transaction that is sent again under its id is not worked on again.
   */
  sendTransaction(server: ServerName, sent: Transaction, signal?: AbortSignal): Promise<Answer<TransactionResults>>;
}

export interface EventOfRoom {
  readonly roomId: RoomId;
  readonly eventId: EventId;
}

export interface StateIds {
  readonly state: readonly EventId[];
  readonly authChain: readonly EventId[];
}

export interface MissingEvents {
  readonly roomId: RoomId;
  /** What is known already. */
  readonly earliest: readonly EventId[];
  /** What came with gaps before it. */
  readonly latest: readonly EventId[];
  readonly limit: number;
  readonly minDepth: number;
}

export interface Backfill {
  readonly roomId: RoomId;
  readonly from: readonly EventId[];
  readonly limit: number;
}

export interface Transaction {
  readonly txnId: string;
  /** This server. */
  readonly origin: ServerName;
  /** Milliseconds. */
  readonly originServerTs: number;
  /** At most 50, signed. */
  readonly pdus: readonly JsonObject[];
  /** At most 100. */
  readonly edus?: readonly JsonObject[];
}

export type TransactionResults = ReadonlyMap<EventId, string | null>;

const MAX_BACKFILL = 100;
const MAX_RESULTS_BYTES = 1_048_576;
const MAX_REASON = 1_000;

export function eventCalls(send: SendRequest): EventCalls {
  const get = (server: ServerName, target: string, signal?: AbortSignal): Promise<Answer<JsonObject>> =>
    send({ server, method: 'GET', target, ...signalOf(signal) });
  return {
    async event(server, { roomId, eventId }, signal) {
      const answer = await get(server, path`/v1/event/${eventId}`, signal);
      const events = checked(answer, (value) => readEvents(value, 'pdus', roomId, 1));
      return checked(events, ([event]) => (event === undefined ? malformed('There is no event.') : gives(event)));
    },
    async eventAuth(server, { roomId, eventId }, signal) {
      const answer = await get(server, path`/v1/event_auth/${roomId}/${eventId}`, signal);
      return checked(answer, (value) => readEvents(value, 'auth_chain', roomId));
    },
    async stateIds(server, { roomId, eventId }, signal) {
      const answer = await get(server, path`/v1/state_ids/${roomId}?event_id=${eventId}`, signal);
      return checked(answer, (value) =>
        checked(readEventIds(value, 'pdu_ids'), (state) =>
          checked(readEventIds(value, 'auth_chain_ids'), (authChain) => gives({ state, authChain })),
        ),
      );
    },
    async getMissingEvents(server, { roomId, earliest, latest, limit, minDepth }, signal) {
      const content = { earliest_events: earliest, latest_events: latest, limit, min_depth: minDepth };
      const target = path`/v1/get_missing_events/${roomId}`;
      const answer = await send({ server, method: 'POST', target, content, ...signalOf(signal) });
      return checked(answer, (value) => readEvents(value, 'events', roomId, limit));
    },
    async backfill(server, { roomId, from, limit }, signal) {
      const query = [...from.map((eventId) => path`v=${eventId}`), `limit=${limit}`].join('&');
      const answer = await get(server, `${path`/v1/backfill/${roomId}`}?${query}`, signal);
      return checked(answer, (value) => readEvents(value, 'pdus', roomId, MAX_BACKFILL));
    },
    async sendTransaction(server, { txnId, origin, originServerTs, pdus, edus }, signal) {
      const answer = await send({
        server,
        method: 'PUT',
        target: path`/v1/send/${txnId}`,
        content: jsonObject({ origin, origin_server_ts: originServerTs, pdus, edus }),
        maxBytes: MAX_RESULTS_BYTES,
        ...signalOf(signal),
      });
      return checked(answer, readResults);
    },
  };
}

function readResults(answer: JsonObject): Answer<TransactionResults> {
  const pdus = answer['pdus'];
  if (!isJsonObject(pdus)) return malformed('pdus is no object.');
  const results = new Map<EventId, string | null>();
  for (const [key, result] of Object.entries(pdus)) {
    const eventId = parseEventId(key);
    if (eventId === null || !isJsonObject(result)) return malformed('pdus has what is no result.');
    results.set(eventId, 'error' in result ? reasonIn(result) : null);
  }
  return gives(results);
}

function reasonIn(result: JsonObject): string {
  return (stringIn(result, 'error') ?? 'It does not say why.').slice(0, MAX_REASON).toWellFormed();
}
