/** One batch, one transaction: the log, every projection, and what units add. All of it happens or none. */
import type { PoolClient } from 'pg';
import type { TxClient } from '../database/tx.ts';
import {
  append,
  isDeposed,
  placeBatch,
  type Appended,
  type AppendedPdu,
  type ErasureRecord,
  type LogBatch,
} from '../log/append.ts';
import { writeAnswers } from '../log/keyed-answers.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { stringIn } from '../matrix/pdu.ts';
import { PROJECTIONS } from '../projections/index.ts';
import { searchFact } from '../projections/room-search.ts';
import type { Erased, Fact, FactTransition, ProjectionContext } from '../projections/projection.ts';
import type { AppendUnit } from './unit-queue.ts';

export interface PlacedBatch {
  readonly units: readonly AppendUnit[];
  readonly batch: LogBatch;
  readonly placed: Appended;
}

/** Puts units into one batch and gives their rows positions after `head`. */
export function placeUnits(units: readonly AppendUnit[], head: number, at: Date): PlacedBatch {
  const batch = {
    judged: units.flatMap((unit) => unit.judged),
    actions: units.flatMap((unit) => unit.actions),
    erasures: units.flatMap((unit) => unit.erasures),
    at,
  };
  return { units, batch, placed: placeBatch(head, batch) };
}

/** The transaction of a client that has begun one. */
export function transactionOf(client: PoolClient): TxClient {
  return { inTransaction: true, query: (query) => client.query(query) };
}

/**
 * Writes and commits a placed batch; false when another process holds the epoch and nothing was written. When the
 * promise is rejected, the transaction is still open if the connection lives: the caller rolls back.
 */
export async function writeBatch(
  client: PoolClient,
  { units, batch, placed }: PlacedBatch,
  from: { readonly epoch: number; readonly head: number },
  context: ProjectionContext,
): Promise<boolean> {
  const tx = transactionOf(client);
  try {
    // One journey for the whole batch: the database works on what came first while the rest is being spelt out.
    await Promise.all([
      client.query('begin isolation level read committed'),
      append(tx, from, batch, placed),
      ...project(tx, placed, context),
      ...takeOut(tx, batch.erasures),
      writeAnswers(
        tx,
        units.flatMap((unit) => unit.answers ?? []),
        batch.at,
      ),
    ]);
  } catch (error) {
    if (!isDeposed(error)) throw error;
    await client.query('rollback');
    return false;
  }
  await runWithin(tx, units, placed);
  const { command } = await client.query('commit');
  // Postgres says so, and not that it failed, when the transaction was broken and nobody noticed.
  if (command !== 'COMMIT') throw new Error(`the batch was not stored: ${command}`);
  return true;
}

function project(tx: TxClient, { events }: Appended, context: ProjectionContext): readonly Promise<void>[] {
  const facts = events.map(factOf);
  return facts.length === 0 ? [] : PROJECTIONS.map((projection) => projection.apply(tx, facts, context));
}

// After the facts of the batch: an erasure takes what came before it.
function takeOut(tx: TxClient, erasures: readonly ErasureRecord[]): readonly (Promise<void> | undefined)[] {
  const erased = erasures.map(erasedBy);
  return erased.length === 0 ? [] : PROJECTIONS.map((projection) => projection.erase?.(tx, erased));
}

function erasedBy(erasure: ErasureRecord): Erased {
  if (erasure.kind === 'user') return { kind: 'user', userId: erasure.subject };
  const { kind, roomId, event, member, redaction } = erasure;
  return { kind, roomId, event, member, redaction: redaction.position };
}

/**
 * Whether a placed batch is in the log: asked on a new connection when the one that should have committed it was lost.
 * Waits for the lost one's transaction, which may still hold the head. A batch is stored whole, so one row tells.
 */
export async function wasStored(client: PoolClient, { batch, placed }: PlacedBatch): Promise<boolean> {
  await client.query('select from log_head for update');
  const event = placed.events[0];
  if (event !== undefined) {
    const { roomId, slot } = event.judged;
    return exists(client, 'events where room_id = $1 and position = $2 and event_id = $3', [
      ...[roomId, event.position, slot.eventId],
    ]);
  }
  const stamp = batch.at.toISOString();
  const action = batch.actions[0];
  if (action !== undefined) {
    return exists(client, 'actions where position = $1 and actor = $2 and at = $3', [
      ...[placed.actions[0], action.actor, stamp],
    ]);
  }
  return exists(client, 'erasures where position = $1 and at = $2', [placed.erasures[0], stamp]);
}

async function exists(client: PoolClient, row: string, values: readonly unknown[]): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(`select exists (select from ${row}) as found`, [...values]);
  return rows[0]?.found === true;
}

async function runWithin(tx: TxClient, units: readonly AppendUnit[], appended: Appended): Promise<void> {
  let erasure = 0;
  for (const unit of units) {
    const positions = appended.erasures.slice(erasure, erasure + unit.erasures.length);
    erasure += unit.erasures.length;
    await unit.within?.(tx, positions);
  }
}

function factOf({ judged, position, verdictPosition, transitionPosition }: AppendedPdu): Fact {
  const { change } = judged;
  return {
    roomId: judged.roomId,
    version: judged.version.id,
    roomPosition: judged.roomPosition,
    event: position,
    verdict: judged.verdict,
    verdictPosition,
    startsRoom: judged.startsRoom,
    prev: judged.prev.map((slot) => slot.position),
    afterLine: judged.after.line,
    afterAt: judged.after.at,
    change: change === null || change.line !== 0 ? null : change,
    transition: judged.transition === null ? null : factTransition(judged, judged.transition, transitionPosition ?? 0),
    presence: judged.presence,
    search: change === null || change.line !== 0 ? null : searchFact(change, judged.pdu.content, judged.version.id),
  };
}

function factTransition(
  { pdu }: AppendedPdu['judged'],
  { userId, from, to, kind, actor }: NonNullable<AppendedPdu['judged']['transition']>,
  position: number,
): FactTransition {
  const knock = to === 'knock';
  const reason = knock ? stringIn(pdu.content, 'reason') : null;
  const displayName = knock ? stringIn(pdu.content, 'displayname') : null;
  return { position, userId: userId satisfies UserId, from, to, kind, actor, reason, displayName };
}
