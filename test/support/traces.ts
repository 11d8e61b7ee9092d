// Reads recorded traffic: the events in it, where each stood, and the keys of the servers that signed them.
import { readFileSync, readdirSync } from 'node:fs';
import { parseServerName, type ServerName } from '../../src/matrix/identifiers.ts';
import { isJsonArray, isJsonObject, parseJsonObject, type JsonObject, type JsonValue } from '../../src/matrix/json.ts';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import { objectIn, stringIn, type Pdu } from '../../src/matrix/pdu.ts';
import { roomVersion, type RoomVersion } from '../../src/matrix/room-versions.ts';
import { publicKeyFromBase64 } from '../../src/matrix/signing-keys.ts';
import type { KeyLookup } from '../../src/matrix/signatures.ts';

const WIRE = new URL('../vectors/wire/', import.meta.url);

/** One request between servers. */
export interface Exchange {
  readonly file: string;
  readonly line: number;
  /** The raw, percent-encoded path. */
  readonly path: string;
  readonly entry: JsonObject;
  readonly request: JsonValue;
  readonly response: JsonValue;
}

/** An object in a request or a response that has the keys of a signed event. */
export interface FoundEvent {
  readonly event: JsonObject;
  readonly exchange: Exchange;
  /** Such as `request.pdus[0]`. */
  readonly at: string;
}

/** Every recorded request between servers, file by file. */
export function readExchanges(): readonly Exchange[] {
  const files = readdirSync(new URL('traces/', WIRE)).filter((file) => file.endsWith('.jsonl'));
  return files.sort().flatMap((file) => {
    const lines = readFileSync(new URL(`traces/${file}`, WIRE), 'utf8').split('\n');
    return lines.flatMap((text, at) => (text === '' ? [] : exchangeOf(file, at + 1, text)));
  });
}

/** Every signed event in an exchange, at whatever depth. */
export function eventsIn(exchange: Exchange): readonly FoundEvent[] {
  const found: FoundEvent[] = [];
  const walk = (value: JsonValue, at: string): void => {
    if (isJsonArray(value)) value.forEach((item, index) => walk(item, `${at}[${index}]`));
    if (!isJsonObject(value)) return;
    if (['type', 'hashes', 'signatures'].every((key) => Object.hasOwn(value, key))) {
      found.push({ event: value, exchange, at });
    }
    for (const [key, inner] of Object.entries(value)) walk(inner, `${at}.${key}`);
  };
  walk(exchange.request, 'request');
  walk(exchange.response, 'response');
  return found;
}

/** A recorded event with the version of its room. */
export interface FoundWithVersion extends FoundEvent {
  readonly version: RoomVersion;
}

/** Every signed event in the exchanges with the version of its room. */
export function eventsWithVersions(exchanges: readonly Exchange[]): readonly FoundWithVersion[] {
  const versions = roomVersions(exchanges);
  return exchanges.flatMap(eventsIn).map((each) => ({ ...each, version: versionOf(each, versions) }));
}

/** Where an exchange says which version a room has: answers to make_*, invites, and create events. */
function roomVersions(exchanges: readonly Exchange[]): ReadonlyMap<string, RoomVersion> {
  const known = new Map<string, RoomVersion>();
  const learn = (roomId: string, id: string | null): void => {
    const version = id === null ? null : roomVersion(id);
    if (version !== null) known.set(roomId, version);
  };
  for (const exchange of exchanges) {
    const { request, response } = exchange;
    const roomId = decodeURIComponent(exchange.path.split('/')[5] ?? '');
    for (const body of [request, response]) if (isJsonObject(body)) learn(roomId, stringIn(body, 'room_version'));
    for (const { event } of eventsIn(exchange)) {
      if (event['type'] !== 'm.room.create') continue;
      const id = stringIn(objectIn(event, 'content') ?? {}, 'room_version');
      const version = id === null ? null : roomVersion(id);
      if (version !== null) learn(stringIn(event, 'room_id') ?? `!${eventIdOf(event as Pdu, version).slice(1)}`, id);
    }
  }
  return known;
}

function versionOf({ event, exchange, at }: FoundEvent, versions: ReadonlyMap<string, RoomVersion>): RoomVersion {
  const stated = stringIn(objectIn(event, 'content') ?? {}, 'room_version');
  const version =
    event['type'] === 'm.room.create' ? roomVersion(stated ?? '') : versions.get(String(event['room_id']));
  if (version === null || version === undefined)
    throw new Error(`${exchange.file}:${exchange.line} ${at}: which version?`);
  return version;
}

/** The published key objects of the recorded servers, by server name. */
export function readServerKeys(): ReadonlyMap<ServerName, JsonObject> {
  const files = readdirSync(new URL('keys/', WIRE));
  const objects = files.map((file) => parseJsonObject(readFileSync(new URL(`keys/${file}`, WIRE))));
  return new Map(objects.map((object) => [parseServerName(stringIn(object, 'server_name') ?? '')!, object]));
}

/** Looks verify keys up in those objects. */
export function keyLookup(published: ReadonlyMap<ServerName, JsonObject>): KeyLookup {
  const keys = [...published].flatMap(([server, object]) =>
    Object.entries(objectIn(object, 'verify_keys') ?? {}).map(([keyId, entry]) => {
      const base64 = isJsonObject(entry) ? stringIn(entry, 'key') : null;
      return [`${server} ${keyId}`, publicKeyFromBase64(base64 ?? '')] as const;
    }),
  );
  const byName = new Map(keys);
  return (server, keyId) => byName.get(`${server} ${keyId}`) ?? null;
}

function exchangeOf(file: string, line: number, text: string): readonly Exchange[] {
  const entry = parseJsonObject(text, { numbers: 'any' });
  const path = stringIn(entry, 'path');
  if (entry['kind'] !== 'ss' || path === null) return [];
  return [{ file, line, path, entry, request: entry['request'] ?? null, response: entry['response'] ?? null }];
}
