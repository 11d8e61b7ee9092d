/** Redactions from elsewhere: in force once they and their target are both accepted, whichever came first. */
import { stateKeyText } from '../../matrix/auth-events.ts';
import { sql } from 'kysely';
import type { Db } from '../../database/database.ts';
import type { ErasureRecord } from '../../log/append.ts';
import type { EventSlot, JudgedPdu } from '../../log/judged-pdu.ts';
import { eventById, readEvents, type StoredEvent } from '../../log/read.ts';
import { valuesAt, type Ref } from '../../log/state-lines.ts';
import { latestVerdicts } from '../../log/verdict-queries.ts';
import { serverOf, type EventId, type UserId } from '../../matrix/identifiers.ts';
import { redactionTarget } from '../../matrix/redaction.ts';
import { powerLevels, type StateEvent } from '../../matrix/room-state.ts';
import { effectOfRedaction, ofTwin, redactedEntry, type RedactionEffect } from '../redaction.ts';
import type { LaneRoom } from '../lanes/room-lane.ts';

const NO_EFFECT: RedactionEffect = { erasures: [], redacted: [] };
/** More redactions of one event, sent before it, take nothing more away. */
const MAX_HELD = 20;

/**
 * What an accepted event takes the words of, or loses its own to: of a redaction its target, of any other event itself if
 * redactions of it were waiting. A redaction counts if its sender had the power to redact where it stands in the room, or
 * is of the same server as the sender of its target (client-server API, Redactions). `mayBeNamed`: false where no redaction
 * names the event.
 */
export async function redactionEffect(
  db: Db,
  room: LaneRoom,
  judged: JudgedPdu,
  mayBeNamed: boolean,
): Promise<RedactionEffect> {
  if (judged.verdict !== 'accepted') return NO_EFFECT;
  const { version } = room.head;
  const targetId = redactionTarget(judged.pdu, version);
  if (targetId !== null) return effectOnTarget(db, room, judged, targetId);
  if (judged.pdu.type === 'm.room.redaction' || !mayBeNamed) return NO_EFFECT;
  return effectOfHeld(db, room, judged);
}

async function effectOnTarget(db: Db, room: LaneRoom, judged: JudgedPdu, targetId: EventId): Promise<RedactionEffect> {
  const { roomId } = room.head;
  await room.appended();
  const target = await eventById(db, targetId, roomId);
  if (target === null) return NO_EFFECT;
  const [verdict] = await latestVerdicts(db, [target]);
  const { sender } = judged.pdu;
  if (verdict !== 'accepted' || !(await mayRedact(db, room, placeOf(judged), sender, target.sender))) return NO_EFFECT;
  return effectOfRedaction(room, target, judged.slot, sender);
}

async function effectOfHeld(db: Db, room: LaneRoom, judged: JudgedPdu): Promise<RedactionEffect> {
  const { roomId, version } = room.head;
  const { slot, pdu } = judged;
  const held = await heldRedactions(db, roomId, slot.eventId);
  const erasures: ErasureRecord[] = [];
  for (const { redaction, before } of held) {
    const place = { before, lines: [], changes: [] };
    if (!(await mayRedact(db, room, place, redaction.sender, pdu.sender))) continue;
    const { eventId, position, sender } = redaction;
    const member = pdu.type === 'm.room.member' ? (pdu.state_key ?? null) : null;
    const by = { redaction: { eventId, position }, byUser: sender };
    const own = { kind: 'event', roomId, event: slot, member, ...by } as const;
    erasures.push(own, ...(await ofTwin(db, own)));
  }
  const change = judged.changes.find((each) => each.line === 0 && each.event === slot);
  if (erasures.length === 0 || change === undefined) return { erasures, redacted: [] };
  const { type, stateKey } = change;
  return {
    erasures,
    redacted: [{ type, stateKey, entry: redactedEntry({ eventId: slot.eventId, pdu, slot }, version) }],
  };
}

interface HeldRedaction {
  readonly redaction: StoredEvent;
  readonly before: Ref;
}

/** Accepted redactions of an event that are not in force, in the order of the room's log. */
async function heldRedactions(db: Db, roomId: string, eventId: EventId): Promise<readonly HeldRedaction[]> {
  const { rows } = await sql<{ position: number; line: number; at: number }>`
    select e.position, v.before_line as line, v.before_at as at
      from events e
     cross join lateral (
       select * from verdicts w where w.room_id = e.room_id and w.event = e.position order by w.room_position desc limit 1) v
     where e.room_id = ${roomId} and e.redacts = ${eventId} and e.type = 'm.room.redaction' and v.verdict = 'accepted'
       and not exists (select from redactions r where r.room_id = e.room_id and r.redaction = e.position)
     order by v.room_position limit ${MAX_HELD}`.execute(db);
  const events = await readEvents(
    db,
    rows.map(({ position }) => ({ roomId, position })),
  );
  return events.map((redaction, n) => ({ redaction, before: { line: rows[n]!.line, at: rows[n]!.at } }));
}

type Place = Pick<JudgedPdu, 'before' | 'lines' | 'changes'>;

function placeOf({ before, lines, changes }: JudgedPdu): Place {
  return { before, lines, changes };
}

async function mayRedact(db: Db, room: LaneRoom, place: Place, sender: UserId, author: UserId): Promise<boolean> {
  if (serverOf(sender) === serverOf(author)) return true;
  const keys = [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ] as const;
  const state = await stateBefore(db, room, place, keys);
  const levels = powerLevels({ get: (type, key) => state.get(stateKeyText(type, key)) }, room.head.version);
  return levels.user(sender) >= levels.redact;
}

/** Some keys of the state before an event, whose own new lines are not stored yet. */
async function stateBefore(
  db: Db,
  room: LaneRoom,
  { before, lines, changes }: Place,
  keys: readonly (readonly [string, string])[],
): Promise<ReadonlyMap<string, StateEvent>> {
  const slots = new Map<string, EventSlot | null>();
  let ref = before;
  for (let line = lineOf(ref, lines); ref !== null && line !== undefined; line = lineOf(ref, lines)) {
    const { at } = ref;
    for (const change of changes.filter((each) => each.line === line.line && each.at <= at)) {
      const name = stateKeyText(change.type, change.stateKey);
      if (!slots.has(name)) slots.set(name, change.event);
    }
    ref = line.parent;
  }
  const { roomId } = room.head;
  const open = keys.filter(([type, key]) => !slots.has(stateKeyText(type, key)));
  const stored = ref === null ? new Map<string, number>() : await valuesAt(db, roomId, ref, open);
  const positions = new Map(keys.map(([type, key]) => [stateKeyText(type, key), stored.get(stateKeyText(type, key))]));
  for (const [name, slot] of slots) if (positions.has(name)) positions.set(name, slot?.position);
  const asked = [...positions].filter((entry): entry is [string, number] => entry[1] !== undefined);
  const events = await readEvents(
    db,
    asked.map(([, position]) => ({ roomId, position })),
  );
  const byPosition = new Map(events.map((event) => [event.position, event]));
  return new Map(
    asked.flatMap(([name, position]) => {
      const event = byPosition.get(position);
      return event === undefined ? [] : [[name, event] as const];
    }),
  );
}

function lineOf(ref: Ref | null, lines: JudgedPdu['lines']): JudgedPdu['lines'][number] | undefined {
  return ref === null ? undefined : lines.find((line) => line.line === ref.line);
}
