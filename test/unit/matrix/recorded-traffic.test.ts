// Every event that Synapse put on the wire in the recorded runs is well formed, hashed, signed and named as we do it.
import { describe, expect, test } from 'vitest';
import { checkAuthEvents, checkRules } from '../../../src/matrix/event-auth.ts';
import { checkContentHash, createIdOfRoom, eventIdOf } from '../../../src/matrix/hashes.ts';
import type { EventId, ServerName } from '../../../src/matrix/identifiers.ts';
import { isJsonArray, isJsonObject, type JsonObject } from '../../../src/matrix/json.ts';
import { checkPduFormat } from '../../../src/matrix/pdu-format.ts';
import { objectIn, stringIn, type Pdu } from '../../../src/matrix/pdu.ts';
import { redact } from '../../../src/matrix/redaction.ts';
import { isRejection } from '../../../src/matrix/rejection.ts';
import type { StateEvent } from '../../../src/matrix/room-state.ts';
import type { RoomVersion } from '../../../src/matrix/room-versions.ts';
import { signaturesBy, verifyEvent, verifyJson } from '../../../src/matrix/signatures.ts';
import { publicKeyFromBase64 } from '../../../src/matrix/signing-keys.ts';
import {
  eventsWithVersions,
  keyLookup,
  readExchanges,
  readServerKeys,
  type Exchange,
  type FoundEvent,
} from '../../support/traces.ts';

const exchanges = readExchanges();
const published = readServerKeys();
const keys = keyLookup(published);
// No event is left out: the scripted server altered its *answers*, leaving keys away, and signed what it did send; the
// runs with events altered after signing were noted as text only (traces/probe*.txt).
const checked = eventsWithVersions(exchanges);

/** What an exchange itself calls an event: its path, or the answer to a transaction with one event. */
function namesOf({ exchange, at }: FoundEvent): readonly string[] {
  const [endpoint, , id] = exchange.path.split('/').slice(4);
  const { request, response } = exchange;
  if (endpoint === 'send' && isJsonObject(request) && isJsonObject(response)) {
    const pdus = request['pdus'];
    const names = Object.keys(objectIn(response, 'pdus') ?? {});
    return isJsonArray(pdus) && pdus.length === 1 && at === 'request.pdus[0]' ? names : [];
  }
  const isNamed = /^(send_knock|send_join|send_leave|invite)$/.test(endpoint ?? '') && id !== undefined;
  const places = endpoint === 'invite' ? ['request.event', 'response.event'] : ['request', 'response.event'];
  return isNamed && places.includes(at) ? [decodeURIComponent(id)] : [];
}

interface JoinAnswer {
  readonly version: RoomVersion;
  readonly events: ReadonlyMap<EventId, StateEvent>;
}

/** State and auth chain of every answer to send_join, by the ids we compute. */
function joinAnswers(): readonly JoinAnswer[] {
  const lists = Map.groupBy(
    checked.filter(({ at }) => /^response\.(state|auth_chain)\[/.test(at)),
    ({ exchange }) => exchange,
  );
  return [...lists.values()].map((list) => ({
    version: list[0]!.version,
    events: new Map(
      list.map(({ event, version }) => {
        const eventId = eventIdOf(event as Pdu, version);
        return [eventId, { eventId, pdu: event as Pdu }];
      }),
    ),
  }));
}

/** The one event that is not complete yet: a restricted join on its way to the server that will vouch for it. */
function isUnvouchedJoin({ event, exchange, at }: FoundEvent): boolean {
  const vouched = stringIn(objectIn(event, 'content') ?? {}, 'join_authorised_via_users_server') !== null;
  return vouched && at === 'request' && exchange.path.includes('/send_join/');
}

describe('the recorded events', () => {
  test('are more than a thousand, of versions 7, 10, 11 and 12, from four servers', () => {
    expect(checked.length).toBeGreaterThan(1_150);
    expect([...new Set(checked.map(({ version }) => version.id))].sort()).toEqual(['10', '11', '12', '7']);
    const senders = checked.map(({ event }) => String(event['sender']).replace(/^[^:]*:/, ''));
    expect(new Set(senders).size).toBe(4);
  });

  test('have the shape of their version, a right content hash, and the signatures they need', () => {
    const bad = checked.flatMap(({ event, version, exchange, at }) => {
      const where = `${exchange.file}:${exchange.line} ${at}`;
      const pdu = checkPduFormat(event, version);
      if (isRejection(pdu)) return [`${where}: ${pdu.rule} ${pdu.message}`];
      if (!checkContentHash(pdu)) return [`${where}: content hash`];
      const signed = verifyEvent(pdu, version, keys);
      if (isRejection(signed) && isUnvouchedJoin({ event, exchange, at })) return [];
      return isRejection(signed) ? [`${where}: ${signed.rule} ${signed.message}`] : [];
    });
    expect(bad).toEqual([]);
  });

  test('that are restricted joins are sent without the signature of who vouches for them, and come back with it', () => {
    const sent = checked.filter(isUnvouchedJoin);
    expect(sent).toHaveLength(3);
    for (const { event, version, exchange } of sent) {
      expect(verifyEvent(event as Pdu, version, keys)).toMatchObject({ rule: 'signature.missing' });
      const answer = objectIn(exchange.response as JsonObject, 'event') as Pdu;
      expect(isRejection(verifyEvent(answer, version, keys))).toBe(false);
      expect(eventIdOf(answer, version)).toBe(eventIdOf(event as Pdu, version));
    }
  });

  test('carry no signature at all that does not verify', () => {
    const signatures = checked.flatMap(({ event, version }) => {
      const form = redact(event as Pdu, version);
      return Object.keys(objectIn(event, 'signatures') ?? {}).flatMap((server) =>
        Object.keys(signaturesBy(event, server)).map((keyId) => {
          const key = keys(server as ServerName, keyId);
          return key !== null && verifyJson(form, server, keyId, key);
        }),
      );
    });
    expect(signatures.filter((isGood) => !isGood)).toEqual([]);
    // Invites and restricted joins carry two.
    expect(signatures.length).toBeGreaterThan(checked.length + 80);
  });

  test('have the ids that paths and answers name them by', () => {
    const named = checked.flatMap((each) =>
      namesOf(each).map((name) => [name, eventIdOf(each.event as Pdu, each.version)]),
    );
    expect(named.filter(([name, id]) => name !== id)).toEqual([]);
    expect(named.length).toBeGreaterThan(300);
  });

  test('of an answer to send_join cite each other by the ids we compute, and every citation is found', () => {
    let citations = 0;
    for (const { events, version } of joinAnswers()) {
      for (const { pdu } of events.values()) {
        const ids = pdu.type === 'm.room.create' ? [] : [...pdu.auth_events];
        if (version.roomIdIsCreateHash && pdu.room_id !== undefined) ids.push(createIdOfRoom(pdu.room_id));
        expect(ids.filter((id) => !events.has(id))).toEqual([]);
        citations += ids.length;
      }
    }
    expect(citations).toBeGreaterThan(1_000);
  });

  test('of an answer to send_join pass the rules on the state that their auth events make', () => {
    const verdicts = joinAnswers().flatMap(({ events, version }) =>
      [...events.values()].map(({ pdu }) => {
        const cited = pdu.auth_events.map((id) => events.get(id)!);
        const create = [...events.values()].filter((event) => event.pdu.type === 'm.room.create');
        const state = new Map(
          [...create, ...cited].map((event) => [`${event.pdu.type} ${event.pdu.state_key}`, event]),
        );
        const byKey = { get: (type: string, key: string) => state.get(`${type} ${key}`) };
        return checkAuthEvents(pdu, version, cited) ?? checkRules(pdu, version, byKey);
      }),
    );
    expect(verdicts.filter((verdict) => verdict !== null)).toEqual([]);
    expect(verdicts.length).toBeGreaterThan(350);
  });
});

test('the servers have signed the keys they publish', () => {
  expect(published.size).toBe(4);
  for (const [server, object] of published) {
    for (const [keyId, entry] of Object.entries(objectIn(object, 'verify_keys') ?? {})) {
      const key = publicKeyFromBase64(isJsonObject(entry) ? (stringIn(entry, 'key') ?? '') : '');
      expect(verifyJson(object, server, keyId, key)).toBe(true);
    }
  }
});

test('the servers have signed their requests: method, raw target, origin, destination and body', () => {
  const signed = exchanges.flatMap((exchange) => {
    const header = stringIn(objectIn(exchange.entry, 'headers') ?? {}, 'Authorization');
    return header === null ? [] : [isSignedRequest(exchange, header)];
  });
  expect(signed.filter((isGood) => !isGood)).toEqual([]);
  expect(signed.length).toBeGreaterThan(500);
});

function isSignedRequest({ entry, path, request }: Exchange, header: string): boolean {
  const fields = new Map([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
  const origin = fields.get('origin')!;
  const keyId = fields.get('key')!;
  const query = stringIn(entry, 'query') ?? '';
  const target = {
    method: entry['method']!,
    uri: query === '' ? path : `${path}?${query}`,
    origin,
    destination: fields.get('destination')!,
    ...(request === null ? {} : { content: request }),
    signatures: { [origin]: { [keyId]: fields.get('sig')! } },
  };
  const key = keys(origin as ServerName, keyId);
  return key !== null && verifyJson(target, origin, keyId, key);
}
