/** Writes judged events, acts and erasures to the log: draws their positions from `log_head` under our epoch, all or nothing. */
import type { TxClient } from '../database/tx.ts';
import type { EventSlot, JudgedPdu, Outlier, Placed } from './judged-pdu.ts';
import { redactionTarget } from '../matrix/redaction.ts';
import { splitEvent, subjectOf } from './content.ts';
import { deleteEventWords } from './erase.ts';
import { insertRows, type Column } from './insert-rows.ts';

/** An act of a person or a token, with its outcome: `ok`, `unchanged` or the errcode of the refusal. */
export interface ActionRecord {
  readonly actor: string;
  readonly token: string | null;
  readonly operation: string;
  readonly roomId: string | null;
  readonly target: string | null;
  readonly outcome: string;
  readonly event: Placed | null;
  readonly onBehalfOf: string | null;
  /** What was said with it, and about whom: goes when that user, or who said it, is erased. */
  readonly words?: { readonly subject: string; readonly text: string };
}

/** What is erased: everything that a user said, or one event's words because of a redaction. */
export type ErasureRecord =
  | { readonly kind: 'user'; readonly subject: string; readonly byUser: string | null }
  | {
      readonly kind: 'event';
      readonly roomId: string;
      readonly event: EventSlot;
      /** Of a member event: whom it is about. */
      readonly member: string | null;
      readonly redaction: EventSlot;
      readonly byUser: string;
      /** The event as it was known out of band, beside the one of the room. */
      readonly outOfBand?: true;
    };

/** What is written together: the rows of one batch, in the order of their units. */
export interface LogBatch {
  /** Before what is judged; what they cite is stored already, or stands before them. */
  readonly outliers: readonly Outlier[];
  readonly judged: readonly JudgedPdu[];
  readonly actions: readonly ActionRecord[];
  readonly erasures: readonly ErasureRecord[];
  /** The stamp of every row: never earlier than the batch before. */
  readonly at: Date;
}

/** Where an event and what follows from it came to stand. */
export interface AppendedPdu {
  readonly judged: JudgedPdu;
  /** Of the event; the row itself is older when the event was known. */
  readonly position: number;
  readonly verdictPosition: number;
  /** In the order of the event's transitions. */
  readonly transitionPositions: readonly number[];
}

export interface Appended {
  readonly events: readonly AppendedPdu[];
  readonly actions: readonly number[];
  readonly erasures: readonly number[];
  /** The new head of the log. */
  readonly head: number;
}

const NONE: readonly number[] = [];

/**
 * Gives every row of a batch its position, from `head` + 1, and fills in the events' slots. The writer is alone and
 * positions are gapless, so they are known before anything is sent, and the same rows can be sent again after a lost
 * connection.
 */
export function placeBatch(head: number, batch: LogBatch): Appended {
  let next = head;
  for (const { slot } of batch.outliers) slot.position = ++next;
  const events = batch.judged.map((judged) => {
    if (!judged.known) judged.slot.position = ++next;
    const verdictPosition = ++next;
    const transitionPositions = judged.transitions.length === 0 ? NONE : judged.transitions.map(() => ++next);
    return { judged, position: judged.slot.position, verdictPosition, transitionPositions };
  });
  const actions = batch.actions.map(() => ++next);
  const erasures = batch.erasures.map(() => ++next);
  return { events, actions, erasures, head: next };
}

/**
 * Writes a placed batch. All its statements are sent, in order, before it waits for the first, so that the caller can
 * send more of the same transaction behind them. Rejects with an error that `isDeposed` knows, and nothing of the
 * transaction is carried out, when the epoch is no longer ours or the head is not where we left it.
 */
export async function append(
  tx: TxClient,
  from: { readonly epoch: number; readonly head: number },
  batch: LogBatch,
  placed: Appended,
): Promise<void> {
  const drawn = tx.query({
    name: 'draw-positions',
    text: 'select draw_positions($1, $2, $3)',
    values: [placed.head, from.epoch, from.head],
  });
  // The events last: the database is busy with the other rows while they are being split.
  await Promise.all([
    drawn,
    ...writeVerdicts(tx, placed.events, batch.at),
    ...writeActs(tx, batch, placed),
    ...writeEvents(tx, batch),
    deleteEventWords(
      tx,
      batch.erasures.filter((erasure) => erasure.kind === 'event'),
    ),
  ]);
}

/** Whether an append was refused because somebody else writes now. */
export function isDeposed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'VS001';
}

function writeEvents(tx: TxClient, { outliers, judged, at }: LogBatch): Promise<void>[] {
  const stored = [
    ...outliers.map((event) => storedEvent(event, false)),
    ...judged.filter((j) => !j.known).map((j) => storedEvent(j, j.verdict === 'out_of_band')),
  ];
  const worded = stored.filter((e) => e.parts.words !== null);
  const stamp = at.toISOString();
  return [
    insertRows(tx, 'events', stored, [
      ['room_id', 'text', (e) => e.roomId],
      ['position', 'int8', (e) => e.slot.position],
      ['event_id', 'text', (e) => e.slot.eventId],
      ['type', 'text', (e) => e.pdu.type],
      ['state_key', 'text', (e) => e.pdu.state_key ?? null],
      ['sender', 'text', (e) => e.pdu.sender],
      ['depth', 'int8', (e) => e.pdu.depth],
      ['origin_server_ts', 'int8', (e) => e.pdu.origin_server_ts],
      ['origin', 'text', (e) => e.origin],
      ['received_at', 'timestamptz', { all: stamp }],
      ['auth', 'int8[]', (e) => positions(e.auth)],
      ['auth_rejection', 'text', (e) => e.authRejection],
      ['redacts', 'text', (e) => redactionTarget(e.pdu, e.version)],
      ['words', 'bool', (e) => e.parts.words !== null],
      ['out_of_band', 'bool', (e) => e.outOfBand],
      ['auth_extra', 'bytea', (e) => e.parts.authExtra],
      ['proof', 'bytea', (e) => e.parts.proof],
    ]),
    insertRows(tx, 'event_content', worded, [
      ['room_id', 'text', (e) => e.roomId],
      ['event', 'int8', (e) => e.slot.position],
      ['subject', 'text', (e) => subjectOf(e.pdu)],
      ['content', 'bytea', (e) => e.parts.words],
    ]),
  ];
}

function storedEvent(event: Outlier, outOfBand: boolean) {
  return { ...event, outOfBand, parts: splitEvent(event.pdu, event.version) };
}

function verdictColumns(stamp: string): readonly Column<AppendedPdu>[] {
  return [
    ['room_id', 'text', (e) => e.judged.roomId],
    ['room_position', 'int8', (e) => e.judged.roomPosition],
    ['position', 'int8', (e) => e.verdictPosition],
    ['event', 'int8', (e) => e.position],
    ['verdict', 'text', (e) => e.judged.verdict],
    ['rule', 'text', (e) => e.judged.rule],
    ['prev', 'int8[]', (e) => positions(e.judged.prev)],
    ['before_line', 'int4', (e) => e.judged.before?.line ?? null],
    ['before_at', 'int8', (e) => e.judged.before?.at ?? null],
    ['after_line', 'int4', (e) => e.judged.after?.line ?? null],
    ['after_at', 'int8', (e) => e.judged.after?.at ?? null],
    ['anchor', 'int8', (e) => e.judged.anchor],
    ['back', 'int8', (e) => e.judged.back],
    ['decided_at', 'timestamptz', { all: stamp }],
    ['relay', 'bool', (e) => e.judged.relay],
  ];
}

function writeVerdicts(tx: TxClient, appended: readonly AppendedPdu[], at: Date): Promise<void>[] {
  const moved = appended.flatMap((e) =>
    e.judged.transitions.map((transition, n) => ({ ...e, transition, at: e.transitionPositions[n]! })),
  );
  const branched = appended.flatMap((e) => e.judged.lines.map((line) => ({ ...e, line })));
  const changed = appended.flatMap((e) => e.judged.changes.map((change) => ({ ...e, change })));
  const missed = appended.flatMap((e) => e.judged.gaps.map((gap) => ({ ...e, gap })));
  const stamp = at.toISOString();
  return [
    insertRows(tx, 'verdicts', appended, verdictColumns(stamp)),
    insertRows(tx, 'gaps', missed, [
      ['room_id', 'text', (e) => e.judged.roomId],
      ['missing_event_id', 'text', (e) => e.gap.missing],
      ['cited_by', 'int8', (e) => e.position],
      ['line', 'int4', (e) => e.gap.claimed.line],
      ['at', 'int8', (e) => e.gap.claimed.at],
    ]),
    insertRows(tx, 'transitions', moved, [
      ['position', 'int8', (e) => e.at],
      ['room_id', 'text', (e) => e.judged.roomId],
      ['at', 'int8', (e) => e.judged.roomPosition],
      ['user_id', 'text', (e) => e.transition.userId],
      ['from', 'text', (e) => e.transition.from],
      ['to', 'text', (e) => e.transition.to],
      ['kind', 'text', (e) => e.transition.kind],
      ['cause', 'text', (e) => e.transition.cause],
      ['event', 'int8', (e) => e.transition.event?.position ?? null],
      ['previous', 'int8', (e) => e.transition.previous?.position ?? null],
      ['trigger', 'int8', (e) => e.position],
      ['supersedes', 'int8', (e) => e.transition.supersedes],
      ['actor', 'text', (e) => e.transition.actor],
      ['on_behalf_of', 'text', (e) => e.transition.onBehalfOf],
      ['occurred_at', 'int8', (e) => e.transition.occurredAt],
      ['recorded_at', 'timestamptz', { all: stamp }],
      ['in_room', 'bool', (e) => e.judged.verdict !== 'out_of_band'],
      ['unverified', 'bool', (e) => e.transition.unverified === true],
    ]),
    insertRows(tx, 'state_lines', branched, [
      ['room_id', 'text', (e) => e.judged.roomId],
      ['line', 'int4', (e) => e.line.line],
      ['parent_line', 'int4', (e) => e.line.parent?.line ?? null],
      ['parent_at', 'int8', (e) => e.line.parent?.at ?? null],
      ['depth', 'int2', (e) => e.line.depth],
      ['position', 'int8', (e) => e.verdictPosition],
    ]),
    insertRows(tx, 'state_changes', changed, [
      ['room_id', 'text', (e) => e.judged.roomId],
      ['line', 'int4', (e) => e.change.line],
      ['at', 'int8', (e) => e.change.at],
      ['type', 'text', (e) => e.change.type],
      ['state_key', 'text', (e) => e.change.stateKey],
      ['event', 'int8', (e) => e.change.event?.position ?? null],
      ['previous', 'int8', (e) => e.change.previous?.position ?? null],
      ['membership', 'text', (e) => e.change.membership],
      ['position', 'int8', (e) => e.verdictPosition],
    ]),
  ];
}

function writeActs(tx: TxClient, batch: LogBatch, appended: Appended): Promise<void>[] {
  const { actions, erasures } = batch;
  const stamp = batch.at.toISOString();
  const worded = actions.flatMap(({ words }, n) =>
    words === undefined ? [] : [{ ...words, position: appended.actions[n]! }],
  );
  return [
    insertRows(tx, 'action_content', worded, [
      ['position', 'int8', (w) => w.position],
      ['subject', 'text', (w) => w.subject],
      ['content', 'bytea', (w) => Buffer.from(w.text)],
    ]),
    insertRows(tx, 'actions', actions, [
      ['position', 'int8', (_, n) => appended.actions[n]!],
      ['actor', 'text', (a) => a.actor],
      ['token', 'text', (a) => a.token],
      ['operation', 'text', (a) => a.operation],
      ['room_id', 'text', (a) => a.roomId],
      ['target', 'text', (a) => a.target],
      ['outcome', 'text', (a) => a.outcome],
      ['event', 'int8', (a) => a.event?.position ?? null],
      ['on_behalf_of', 'text', (a) => a.onBehalfOf],
      ['at', 'timestamptz', { all: stamp }],
    ]),
    insertRows(tx, 'erasures', erasures, [
      ['position', 'int8', (_, n) => appended.erasures[n]!],
      ['kind', 'text', (e) => e.kind],
      ['subject', 'text', (e) => (e.kind === 'user' ? e.subject : e.redaction.eventId)],
      ['room_id', 'text', (e) => (e.kind === 'user' ? null : e.roomId)],
      ['event', 'int8', (e) => (e.kind === 'user' ? null : e.event.position)],
      ['by_user', 'text', (e) => e.byUser],
      ['at', 'timestamptz', { all: stamp }],
    ]),
  ];
}

// The literal of an array, as insertRows() takes it.
function positions(slots: readonly EventSlot[]): string {
  return `{${slots.map((slot) => slot.position).join(',')}}`;
}
