/** What admins do about other servers that are owed something: try one now, give up what waits for it. */
import type { Db } from '../database/database.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { RoomId, ServerName } from '../matrix/identifiers.ts';
import { destinationNamed } from '../outbox/ledger-queries.ts';
import { clearBackoff, giveUp } from '../outbox/ledger.ts';
import { actionOf, recordingRefusal, type Actor } from './act.ts';
import type { Recorder } from './lanes/record.ts';

export interface DestinationDeps {
  readonly db: Db;
  readonly recorder: Recorder;
  /** Milliseconds. */
  readonly now: () => number;
  /** Tells the workers, without waiting for it. */
  readonly ring: (server: ServerName) => void;
}

/** Has a server tried at once. Admins only (M_FORBIDDEN); M_NOT_FOUND for one that was never owed anything. */
export function retryDestination(
  deps: DestinationDeps,
  actor: Actor,
  { server }: { readonly server: ServerName },
): Promise<void> {
  const act = { operation: 'retryDestination', roomId: null, target: server };
  return recordingRefusal(deps, actor, act, async () => {
    await checkActor(deps.db, actor, server);
    const outcome = (await clearBackoff(deps.db, server)) ? 'ok' : 'unchanged';
    deps.ring(server);
    await record(deps, actor, act, outcome);
  });
}

/**
 * Gives up what waits for a server, or what of it is of one room; resolves to how many deliveries. Admins only (M_FORBIDDEN);
 * M_NOT_FOUND for a server that was never owed anything.
 */
export function giveUpDeliveries(
  deps: DestinationDeps,
  actor: Actor,
  { server, roomId = null }: { readonly server: ServerName; readonly roomId?: RoomId | null | undefined },
): Promise<number> {
  const act = { operation: 'giveUpDeliveries', roomId, target: server };
  return recordingRefusal(deps, actor, act, async () => {
    await checkActor(deps.db, actor, server);
    const count = await giveUp(deps.db, server, roomId);
    await record(deps, actor, act, count === 0 ? 'unchanged' : 'ok');
    return count;
  });
}

async function checkActor(db: Db, actor: Actor, server: ServerName): Promise<void> {
  if (!actor.admin) throw new MatrixError('M_FORBIDDEN', 'Only an admin of this server decides about its deliveries.');
  if ((await destinationNamed(db, server)) === null)
    throw new MatrixError('M_NOT_FOUND', 'This server was never owed anything.');
}

async function record(
  { recorder }: DestinationDeps,
  actor: Actor,
  act: Parameters<typeof actionOf>[1],
  outcome: string,
): Promise<void> {
  const actions = [actionOf(actor, act, outcome, null)];
  await recorder.append({ roomId: null, head: null, judged: [], actions, erasures: [] });
}
