/** Erases a person's words everywhere this server keeps them; what is signed stays, and verification can tell why words are gone. */
import { eraseAccountWords } from '../accounts/erase-account.ts';
import type { Db } from '../database/database.ts';
import type { TxClient } from '../database/tx.ts';
import type { ActionRecord } from '../log/append.ts';
import { deleteWords } from '../log/erase.ts';
import type { ErasureLedger, LedgerEntry } from '../log/erasure-ledger.ts';
import { eraseOutOfBand } from '../log/out-of-band.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { eraseHandshakes } from '../outbox/handshakes.ts';
import { actionOf, recordingRefusal, type Actor } from './act.ts';
import type { Recorder } from './lanes/record.ts';
import type { RoomLanes } from './lanes/room-lane.ts';

export interface EraseDeps {
  readonly db: Db;
  readonly recorder: Recorder;
  /** Lanes remember member events with their words. */
  readonly lanes: Pick<RoomLanes, 'forget'>;
  readonly ledger: ErasureLedger;
  readonly now: () => number;
}

/** As its row in `actions` calls it. */
export const ERASE_OPERATION = 'eraseUser';

/**
 * Deletes what a user said: reasons, names, messages, notes about them, their profile. Admins only (M_FORBIDDEN).
 * Resolves after the commit; `events` counts the events that lost words. The bytes leave the data files with `scrubFiles`.
 */
export async function eraseUser(
  deps: EraseDeps,
  actor: Actor,
  { userId }: { readonly userId: UserId },
): Promise<{ readonly events: number }> {
  const act = { operation: ERASE_OPERATION, roomId: null, target: userId };
  return recordingRefusal(deps, actor, act, async () => {
    if (!actor.admin) throw new MatrixError('M_FORBIDDEN', 'Only an admin of this server can erase a user.');
    return erase(deps, actor, userId);
  });
}

/** The same for one's own words, which whoever ends their account may ask for. */
export async function eraseOneself(deps: EraseDeps, actor: Actor): Promise<{ readonly events: number }> {
  return erase(deps, actor, actor.userId);
}

async function erase(deps: EraseDeps, actor: Actor, userId: UserId): Promise<{ readonly events: number }> {
  const entry: LedgerEntry = {
    kind: 'user',
    subject: userId,
    byUser: actor.userId,
    at: new Date(deps.now()).toISOString(),
  };
  // What would be refused must not stand in the ledger: a later start would carry it out.
  const refusal = deps.recorder.refusal();
  if (refusal !== null) throw refusal;
  // First on the disk beside the database: a backup of it from before this moment would bring the words back.
  await deps.ledger.append(entry);
  const act = { operation: ERASE_OPERATION, roomId: null, target: userId };
  return carryOut(deps, entry, [actionOf(actor, act, 'ok', null)]);
}

/**
 * Carries out again what the ledger tells and the database does not know: after a backup was restored, before anything is
 * served. Returns the users that were erased again.
 */
export async function replayLedger(deps: EraseDeps): Promise<readonly string[]> {
  const again: string[] = [];
  for (const entry of await deps.ledger.read()) {
    const known = await deps.db
      .selectFrom('erasures')
      .select('position')
      .where('kind', '=', entry.kind)
      .where('subject', '=', entry.subject)
      .where('at', '>=', new Date(entry.at))
      .limit(1)
      .executeTakeFirst();
    if (known !== undefined) continue;
    await carryOut(deps, entry, []);
    again.push(entry.subject);
  }
  return again;
}

async function carryOut(
  deps: EraseDeps,
  { kind, subject, byUser }: LedgerEntry,
  actions: readonly ActionRecord[],
): Promise<{ readonly events: number }> {
  let events = 0;
  const within = async (tx: TxClient): Promise<void> => {
    events = (await deleteWords(tx, subject)).events;
    await eraseAccountWords(tx, subject);
    await eraseHandshakes(tx, subject);
    await eraseOutOfBand(tx, subject);
  };
  const erasures = [{ kind, subject, byUser }];
  const outcome = await deps.recorder.append({ roomId: null, head: null, judged: [], actions, erasures, within });
  if (outcome === 'cancelled') throw new Error('an erasure was cancelled');
  deps.lanes.forget();
  return { events };
}
