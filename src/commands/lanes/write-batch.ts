/** One batch, one transaction: the log, every projection, and what units add. All of it happens or none. */
import type { PoolClient } from 'pg';
import type { TxClient } from '../../database/tx.ts';
import {
  append,
  isDeposed,
  placeBatch,
  type Appended,
  type AppendedPdu,
  type ErasureRecord,
  type LogBatch,
} from '../../log/append.ts';
import { writeAnswers } from '../../log/keyed-answers.ts';
import type { JudgedPdu, StateChange, TransitionRecord } from '../../log/judged-pdu.ts';
import { stringIn } from '../../matrix/pdu.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { searchFact } from '../../projections/room-search.ts';
import type { Erased, Fact, FactChange, FactTransition, ProjectionContext } from '../../projections/projection.ts';
import type { AppendUnit } from './unit-queue.ts';

export interface PlacedBatch {
  readonly units: readonly AppendUnit[];
  readonly batch: LogBatch;
  readonly placed: Appended;
}

/** Puts units into one batch and gives their rows positions after `head`. */
export function placeUnits(units: readonly AppendUnit[], head: number, at: Date): PlacedBatch {
  const batch = {
    outliers: units.flatMap((unit) => unit.outliers ?? []),
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
  const { kind, roomId, event, member, redaction, outOfBand } = erasure;
  // Readers are told of the redaction beside the event of the room.
  return { kind, roomId, event: event.position, member, redaction: outOfBand ? null : redaction.position };
}

/**
 * Whether a placed batch is in the log: asked on a new connection when the one that should have committed it was lost.
 * Waits for the lost one's transaction, which may still hold the head. A batch is stored whole, so one row tells.
 */
export async function wasStored(client: PoolClient, { batch, placed }: PlacedBatch): Promise<boolean> {
  await client.query('select from log_head for update');
  const outlier = batch.outliers[0];
  const event = placed.events[0];
  if (outlier !== undefined) {
    const { roomId, slot } = outlier;
    return exists(client, 'events where room_id = $1 and position = $2 and event_id = $3', [
      ...[roomId, slot.position, slot.eventId],
    ]);
  }
  if (event !== undefined) {
    const { roomId, slot } = event.judged;
    // By the event's id: another writer's batch has the same positions.
    const judged = 'verdicts v join events e on e.room_id = v.room_id and e.position = v.event';
    return exists(client, `${judged} where v.position = $1 and v.room_id = $2 and e.event_id = $3`, [
      ...[event.verdictPosition, roomId, slot.eventId],
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

function factOf({ judged, position, verdictPosition, transitionPositions }: AppendedPdu): Fact {
  const { roomId, roomPosition, after, changes, transitions } = judged;
  const version = judged.version.id;
  return {
    roomId,
    version,
    roomPosition,
    event: position,
    verdict: judged.verdict,
    verdictPosition,
    startsRoom: judged.startsRoom,
    live: judged.anchor === roomPosition && judged.back === 0,
    replaces: judged.replaces.map((slot) => slot.position),
    afterLine: after?.line ?? null,
    afterAt: after?.at ?? null,
    changes: changes.filter(({ line }) => line === 0).map((change) => factChange(change, version)),
    transitions: transitions.map((transition, n) => factTransition(judged, transition, transitionPositions[n]!)),
    presence: judged.presence,
  };
}

function factChange({ type, stateKey, event, pdu, membership, previous }: StateChange, version: string): FactChange {
  const search = pdu === null ? null : searchFact({ type, stateKey }, pdu.content, version);
  return { type, stateKey, event: event?.position ?? null, isNew: previous === null, membership, search };
}

function factTransition(
  { verdict, origin }: JudgedPdu,
  { userId, from, to, kind, event, pdu, supersedes, actor }: TransitionRecord,
  position: number,
): FactTransition {
  const content = pdu?.content ?? null;
  const reason = content === null ? null : stringIn(content, 'reason');
  const displayName = content === null ? null : stringIn(content, 'displayname');
  const inRoom = verdict !== 'out_of_band';
  const via = inRoom || to !== 'knock' || content === null ? null : origin;
  return {
    ...{ position, userId, from, to, kind, event: event?.position ?? null, supersedes, actor },
    ...{ reason, displayName, inRoom, via },
  };
}
