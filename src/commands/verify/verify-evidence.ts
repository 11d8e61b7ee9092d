/** Checks stored events: that each is the event its id and signatures name, its columns what it says, its words what it promised. */
import type { KeyObject } from 'node:crypto';
import { mergeEvent, splitEvent, subjectOf } from '../../log/content.ts';
import { canonicalJson } from '../../matrix/canonical-json.ts';
import { checkContentHash, eventIdOf, roomIdOfCreate } from '../../matrix/hashes.ts';
import { serverOf, type EventId, type ServerName } from '../../matrix/identifiers.ts';
import { parseJsonObject } from '../../matrix/json.ts';
import { checkPduFormat } from '../../matrix/pdu-format.ts';
import { stringIn, type Pdu } from '../../matrix/pdu.ts';
import { redact, redactionTarget } from '../../matrix/redaction.ts';
import { isRejection } from '../../matrix/rejection.ts';
import { ROOM_VERSIONS, roomVersion, type RoomVersion } from '../../matrix/room-versions.ts';
import { verifyEvent } from '../../matrix/signatures.ts';
import { citedName, type LogPage } from './verify-page.ts';
import type { EventRow } from './verify-rows.ts';
import type { Findings } from './verify-report.ts';

export interface EvidenceCheck {
  readonly findings: Findings;
  readonly serverName: ServerName;
  readonly keys: (server: ServerName, keyId: string) => KeyObject | null;
  /** Filled as rooms' create events pass by. */
  readonly versions: Map<string, RoomVersion>;
}

/** Returns how many events lost their words to an erasure. */
export function verifyEvents(check: EvidenceCheck, page: LogPage): number {
  let erased = 0;
  for (const row of page.events) {
    const wrong = (column: string | null, reason: string): void => {
      const key = `${row.room_id}, ${row.position}`;
      check.findings.add({ check: 'events', table: 'events', key, position: row.position, column, reason });
    };
    const pdu = parseProof(row, wrong);
    const version = pdu === null ? null : versionOf(check, row, pdu);
    if (pdu === null) continue;
    if (version === null) {
      wrong('proof', 'no room version makes its event id of it');
      continue;
    }
    verifyIdentity(check, row, pdu, version, wrong);
    verifyColumns(row, pdu, version, wrong);
    verifyAuth(row, pdu, page, wrong);
    if (row.words && row.content === null) erased += verifyErased(check.findings, row);
    else verifyWords(check, row, pdu, version);
  }
  return erased;
}

type Wrong = (column: string | null, reason: string) => void;

function parseProof(row: EventRow, wrong: Wrong): Pdu | null {
  try {
    const object = parseJsonObject(row.proof);
    if (canonicalJson(object) !== row.proof.toString()) wrong('proof', 'is not canonical JSON');
    // The newest version asks least of an event's shape: without it nothing can be read off the event.
    const shape = checkPduFormat(object, ROOM_VERSIONS['12']);
    if (!isRejection(shape)) return shape;
    wrong('proof', shape.message);
  } catch {
    wrong('proof', 'cannot be parsed');
  }
  return null;
}

function versionOf(check: EvidenceCheck, row: EventRow, pdu: Pdu): RoomVersion | null {
  const known = check.versions.get(row.room_id);
  if (known !== undefined) return known;
  if (row.out_of_band) return versionOfOutside(row, pdu);
  const version =
    namedVersion(row) ??
    Object.values(ROOM_VERSIONS).find((candidate) => eventIdOf(pdu, candidate) === row.event_id) ??
    null;
  if (version !== null) check.versions.set(row.room_id, version);
  return version;
}

/** What was told of a room from outside does not bind what its own events say later. */
function versionOfOutside(row: EventRow, pdu: Pdu): RoomVersion | null {
  const told = roomVersion(row.room_version ?? '');
  const candidates = [...(told === null ? [] : [told]), ...Object.values(ROOM_VERSIONS)];
  return candidates.find((candidate) => eventIdOf(pdu, candidate) === row.event_id) ?? null;
}

function namedVersion(row: EventRow): RoomVersion | null {
  if (row.type !== 'm.room.create') return null;
  try {
    return roomVersion(stringIn(mergeEvent(row.proof, null, row.auth_extra).content, 'room_version') ?? '');
  } catch {
    return null; // its words, compared below, tell what was done to auth_extra
  }
}

function verifyIdentity(check: EvidenceCheck, row: EventRow, pdu: Pdu, version: RoomVersion, wrong: Wrong): void {
  const shape = checkPduFormat(pdu, version);
  if (isRejection(shape)) return wrong('proof', shape.message);
  if (canonicalJson(redact(pdu, version)) !== row.proof.toString()) wrong('proof', 'is not the redacted form');
  const signed = verifyEvent(pdu, version, check.keys);
  if (isRejection(signed)) return wrong('proof', signed.message);
  if (eventIdOf(pdu, version) !== row.event_id) wrong('event_id', 'is not the hash of the event');
}

function verifyColumns(row: EventRow, pdu: Pdu, version: RoomVersion, wrong: Wrong): void {
  const roomId = pdu.room_id ?? roomIdOfCreate(eventIdOf(pdu, version));
  const said: readonly (readonly [keyof EventRow, unknown])[] = [
    ['room_id', roomId],
    ['type', pdu.type],
    ['state_key', pdu.state_key ?? null],
    ['sender', pdu.sender],
    ['depth', pdu.depth],
    ['origin_server_ts', pdu.origin_server_ts],
  ];
  for (const [column, value] of said) if (row[column] !== value) wrong(column, 'is not what the event says');
  // Before version 11 the target is among the words: it cannot be checked when those are gone.
  const isRedaction = pdu.type === 'm.room.redaction';
  if (isRedaction && !version.redactsInContent && row.content === null) return;
  const full = row.content === null ? pdu : mergeEvent(row.proof, row.content);
  if (row.redacts !== redactionTarget(full, version)) wrong('redacts', 'is not what the event says');
}

function verifyAuth(row: EventRow, pdu: Pdu, page: LogPage, wrong: Wrong): void {
  if (row.out_of_band !== (row.judged_out_of_band ?? false))
    return wrong('out_of_band', 'is not what its verdict says');
  if (row.out_of_band)
    return row.auth.length === 0 ? undefined : wrong('auth', 'of what came out of band is not known');
  const cited = pdu.auth_events.map((id: EventId) => page.cited.get(citedName(row.room_id, id)) ?? 0);
  if (cited.length !== row.auth.length || cited.some((position, i) => position !== row.auth[i])) {
    wrong('auth', 'are not the positions of its auth events');
  } else if (cited.some((position) => position >= row.position)) {
    wrong('position', 'stands before an event that it cites');
  }
}

/** Tells erased words from missing ones: 1 when they were erased. */
function verifyErased(findings: Findings, row: EventRow): number {
  if (row.erased) return 1;
  const reason = 'missing: the words are gone and no erasure covers them';
  const key = `${row.room_id}, ${row.position}`;
  findings.add({ check: 'words', table: 'event_content', key, position: row.position, column: null, reason });
  return 0;
}

function verifyWords(check: EvidenceCheck, row: EventRow, pdu: Pdu, version: RoomVersion): void {
  const key = `${row.room_id}, ${row.position}`;
  const { findings } = check;
  const place = { check: 'words', key, position: row.position } as const;
  if (!row.words && row.content !== null)
    return findings.add({
      ...place,
      table: 'event_content',
      column: null,
      reason: 'added: the event came without words',
    });
  if (row.content !== null && row.erased)
    findings.add({ ...place, table: 'event_content', column: null, reason: 'put back: an erasure took these words' });
  let full: Pdu;
  try {
    full = mergeEvent(row.proof, row.content) as Pdu;
  } catch {
    return findings.add({ ...place, table: 'event_content', column: 'content', reason: 'cannot be parsed' });
  }
  const parts = splitEvent(full, version);
  if (!checkContentHash(full)) {
    // Another server may hand out events in redacted form; our own always had their words.
    const ours = serverOf(pdu.sender) === check.serverName;
    if (row.content !== null)
      findings.add({
        ...place,
        table: 'event_content',
        column: 'content',
        reason: 'is not what the event was hashed with',
      });
    else if (ours)
      findings.add({
        ...place,
        check: 'events',
        table: 'events',
        column: 'words',
        reason: 'the event had words when it was hashed',
      });
  } else if (!same(parts.words, row.content)) {
    findings.add({
      ...place,
      table: 'event_content',
      column: 'content',
      reason: 'is not in the form in which words are kept',
    });
  } else if (!same(parts.authExtra, row.auth_extra)) {
    findings.add({
      ...place,
      check: 'events',
      table: 'events',
      column: 'auth_extra',
      reason: 'is not what the event says',
    });
  }
  if (row.content !== null && row.subject !== subjectOf(pdu)) {
    findings.add({ ...place, table: 'event_content', column: 'subject', reason: 'is not whom the words are about' });
  }
}

function same(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}
