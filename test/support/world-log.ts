/** Puts a world's events into a real log, one by one through their room's lane, and reads back what it made of them. */
import { stateKeyText } from '../../src/matrix/auth-events.ts';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { judge } from '../../src/commands/judge/judge.ts';
import { advance, newRoomHead, pendingState } from '../../src/commands/lanes/room-head.ts';
import type { EventSlot, JudgedPdu, Outlier } from '../../src/log/judged-pdu.ts';
import { stateAt } from '../../src/log/state-lines.ts';
import { authorize } from '../../src/matrix/event-auth.ts';
import { serverOf, type EventId } from '../../src/matrix/identifiers.ts';
import { isRejection } from '../../src/matrix/rejection.ts';
import type { Db } from '../../src/database/database.ts';
import type { ServerIdentity } from '../../src/matrix/signatures.ts';
import { rawPublicKey } from '../../src/matrix/signing-keys.ts';
import type { TestLog } from './history.ts';
import type { World, WorldEvent } from './forked-world.ts';

/** The events of a world in one log. */
export interface WorldLog {
  readonly world: World;
  readonly slots: ReadonlyMap<WorldEvent, EventSlot>;
  /**
   * Resolves when it is stored. Throws when what it cites is not known here. Of `missing` events it has only what their
   * server claims: the state after each, whose events come as evidence.
   */
  receive(event: WorldEvent, missing?: readonly WorldEvent[]): Promise<JudgedPdu>;
}

/** Stores a world's first events, each on the one before, as the room of a local user. */
export async function startWorld(log: TestLog, world: World, first: readonly WorldEvent[]): Promise<WorldLog> {
  const slots = new Map<WorldEvent, EventSlot>();
  const auth = (event: WorldEvent): EventSlot[] =>
    event.auth.map((position) => slots.get(world.events.get(position)!)!);
  await log.deps.lanes.start(async () => {
    const head = newRoomHead(world.roomId, world.version);
    const judged = [world.create, ...first].map((event) => {
      const state = pendingState(head);
      const pdu = authorize(event.pdu, world.version, state);
      if (isRejection(pdu)) throw new Error(`The scenery was refused: ${pdu.rule}`);
      const proposed = {
        pdu,
        eventId: event.eventId,
        auth: auth(event),
        prev: head.extremities.map(({ slot }) => slot),
      };
      const one = judge(head, proposed, state, null);
      slots.set(event, one.slot);
      advance(head, one);
      return one;
    });
    return { head, judged, actions: [], answer: null };
  });
  return {
    world,
    slots,
    async receive(event, missing = []) {
      const claimed = missing.flatMap(({ after }) =>
        [...after.values()].map((position) => world.events.get(position)!),
      );
      await storeOutliers(
        log,
        world,
        slots,
        [...new Set(claimed)].filter((one) => !slots.has(one)),
      );
      return log.deps.lanes.run(world.roomId, async (room) => {
        if (room === null) throw new Error('no such room');
        const judged = await judgeReceived(room, {
          pdu: event.pdu,
          eventId: event.eventId,
          origin: serverOf(event.pdu.sender),
          relay: false,
          auth: auth(event),
          authRejection: event.authRejection,
          known: slots.get(event)?.position ?? null,
          holes: missing.map((one) => ({
            missing: one.eventId,
            state: new Map([...one.after].map(([name, position]) => [name, slots.get(world.events.get(position)!)!])),
          })),
        });
        if ('missing' in judged) throw new Error(`not known here: ${judged.missing.join()}`);
        slots.set(event, judged.slot);
        return { judged: [judged], actions: [], answer: judged };
      });
    },
  };
}

/** Events that are known for what others claim of them. */
async function storeOutliers(
  log: TestLog,
  world: World,
  slots: Map<WorldEvent, EventSlot>,
  events: readonly WorldEvent[],
): Promise<void> {
  const outliers = events.map((event): Outlier => {
    const slot = { eventId: event.eventId, position: 0 };
    slots.set(event, slot);
    return {
      ...{ slot, roomId: world.roomId, version: world.version, pdu: event.pdu, origin: serverOf(event.pdu.sender) },
      auth: event.auth.map((position) => slots.get(world.events.get(position)!)!),
      authRejection: event.authRejection?.rule ?? null,
    };
  });
  if (outliers.length === 0) return;
  await log.deps.lanes.run(world.roomId, async () => ({ outliers, judged: [], actions: [], answer: null }));
}

/** The ids of the events of a stored state, by name. */
export async function idsAt(
  db: Db,
  { world, slots }: WorldLog,
  ref: { readonly line: number; readonly at: number },
): Promise<Record<string, EventId>> {
  const rows = await stateAt(db, world.roomId, ref);
  return idsByName(
    slots,
    rows.map((row) => [stateKeyText(row.type, row.stateKey), row.event]),
  );
}

/** The ids of the events of the current state, by name. */
export async function currentIds(db: Db, { world, slots }: WorldLog): Promise<Record<string, EventId>> {
  const rows = await db.selectFrom('room_state').selectAll().where('room_id', '=', world.roomId).execute();
  return idsByName(
    slots,
    rows.map((row) => [stateKeyText(row.type, row.state_key), row.event]),
  );
}

function idsByName(slots: WorldLog['slots'], entries: readonly (readonly [string, number])[]): Record<string, EventId> {
  const ids = new Map([...slots.values()].map(({ position, eventId }) => [position, eventId]));
  const named = entries.map(([name, position]) => [name, ids.get(position)!] as const);
  return Object.fromEntries(named.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Stores the keys of other servers, as if they had told of them. */
export async function knowKeys(db: Db, others: readonly ServerIdentity[]): Promise<void> {
  const rows = others.map(({ serverName, key }) => ({
    ...{ server_name: serverName, key_id: key.keyId, key: rawPublicKey(key.publicKey) },
    ...{ valid_until_ts: Number.MAX_SAFE_INTEGER, expired_ts: null, fetched_at: new Date() },
  }));
  await db.insertInto('server_keys').values(rows).execute();
}
