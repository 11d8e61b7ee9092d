/** Every room's size and head: counts, forward extremities, the servers in it. */
import { binaryArray } from '../database/binary-array.ts';
import type { TxClient } from '../database/tx.ts';
import { insertRows } from '../log/insert-rows.ts';
import { byRoom, type Fact, type Projection } from './projection.ts';

export const rooms: Projection = {
  name: 'rooms',
  tables: ['rooms', 'extremities', 'room_servers'],
  async apply(tx, facts, { serverName }) {
    const heads = [...byRoom(facts).values()].map((ofRoom) => headOf(ofRoom, serverName));
    await Promise.all([
      insertHeads(
        tx,
        heads.filter((head) => head.startsRoom),
      ),
      moveHeads(
        tx,
        heads.filter((head) => !head.startsRoom),
      ),
      moveExtremities(tx, facts),
      movePresence(tx, facts),
    ]);
  },
};

interface Head {
  readonly roomId: string;
  readonly version: string;
  readonly startsRoom: boolean;
  readonly roomPosition: number;
  readonly lastPosition: number;
  readonly joined: number;
  readonly invited: number;
  /** Null: as before. */
  readonly resident: boolean | null;
}

function headOf(facts: readonly Fact[], serverName: string): Head {
  const last = facts.at(-1)!;
  let [joined, invited] = [0, 0];
  let resident: boolean | null = null;
  for (const { transitions, presence } of facts) {
    for (const { from, to } of transitions) {
      joined += Number(to === 'join') - Number(from === 'join');
      invited += Number(to === 'invite') - Number(from === 'invite');
    }
    if (presence?.arrived.some((server) => server === serverName)) resident = true;
    if (presence?.departed.some((server) => server === serverName)) resident = false;
  }
  return {
    roomId: last.roomId,
    version: last.version,
    startsRoom: facts[0]!.startsRoom,
    roomPosition: last.roomPosition,
    lastPosition: last.transitions.at(-1)?.position ?? last.verdictPosition,
    joined,
    invited,
    resident,
  };
}

async function insertHeads(tx: TxClient, heads: readonly Head[]): Promise<void> {
  await insertRows(tx, 'rooms', heads, [
    ['room_id', 'text', (h) => h.roomId],
    ['version', 'text', (h) => h.version],
    ['room_position', 'int8', (h) => h.roomPosition],
    ['last_position', 'int8', (h) => h.lastPosition],
    ['joined', 'int4', (h) => h.joined],
    ['invited', 'int4', (h) => h.invited],
    ['resident', 'bool', (h) => h.resident ?? false],
  ]);
}

async function moveHeads(tx: TxClient, heads: readonly Head[]): Promise<void> {
  if (heads.length === 0) return;
  await tx.query({
    name: 'move-rooms',
    text: `update rooms r set version = v.version, room_position = v.room_position, last_position = v.last_position, joined = r.joined + v.joined,
                  invited = r.invited + v.invited, resident = coalesce(v.resident, r.resident)
             from unnest($1::text[], $2::int8[], $3::int8[], $4::int4[], $5::int4[], $6::bool[], $7::text[])
               as v (room_id, room_position, last_position, joined, invited, resident, version)
            where r.room_id = v.room_id`,
    values: [
      binaryArray('text', heads, (h) => h.roomId),
      binaryArray('int8', heads, (h) => h.roomPosition),
      binaryArray('int8', heads, (h) => h.lastPosition),
      binaryArray('int4', heads, (h) => h.joined),
      binaryArray('int4', heads, (h) => h.invited),
      binaryArray('bool', heads, (h) => h.resident),
      // What was said of a room from outside may have been wrong.
      binaryArray('text', heads, (h) => h.version),
    ],
  });
}

// An event that cites an extremity takes its place; what came and went within the batch never reaches the table.
async function moveExtremities(tx: TxClient, facts: readonly Fact[]): Promise<void> {
  const added = new Map<number, Fact>();
  const removed: { readonly roomId: string; readonly event: number }[] = [];
  const cleared = new Set<string>();
  for (const fact of facts) {
    // The state came as a fact: nothing that was known before leads to what comes now.
    if (fact.verdict === 'imported') {
      cleared.add(fact.roomId);
      for (const [event, { roomId }] of added) if (roomId === fact.roomId) added.delete(event);
    }
    if (fact.verdict !== 'accepted') continue;
    for (const event of fact.replaces) if (!added.delete(event)) removed.push({ roomId: fact.roomId, event });
    // An event of the past, found later, has followers already.
    if (fact.live) added.set(fact.event, fact);
  }
  const rows = [...added.values()];
  await Promise.all([
    clearExtremities(tx, [...cleared]),
    removeExtremities(tx, removed),
    insertRows(tx, 'extremities', rows, [
      ['room_id', 'text', (f) => f.roomId],
      ['event', 'int8', (f) => f.event],
      ['after_line', 'int4', (f) => f.afterLine],
      ['after_at', 'int8', (f) => f.afterAt],
    ]),
  ]);
}

async function clearExtremities(tx: TxClient, roomIds: readonly string[]): Promise<void> {
  if (roomIds.length === 0) return;
  const text = 'delete from extremities where room_id = any($1::text[])';
  await tx.query({ name: 'clear-extremities', text, values: [roomIds] });
}

async function removeExtremities(
  tx: TxClient,
  removed: readonly { readonly roomId: string; readonly event: number }[],
): Promise<void> {
  if (removed.length === 0) return;
  await tx.query({
    name: 'remove-extremities',
    text: `delete from extremities x using unnest($1::text[], $2::int8[]) as v (room_id, event)
            where x.room_id = v.room_id and x.event = v.event`,
    values: [binaryArray('text', removed, (x) => x.roomId), binaryArray('int8', removed, (x) => x.event)],
  });
}

async function movePresence(tx: TxClient, facts: readonly Fact[]): Promise<void> {
  const each = (side: 'arrived' | 'departed') =>
    facts.flatMap((fact) => (fact.presence?.[side] ?? []).map((server) => ({ ...fact, server })));
  const arrived = each('arrived');
  const arrivals = insertRows(tx, 'room_servers', arrived, [
    ['room_id', 'text', (a) => a.roomId],
    ['server', 'text', (a) => a.server],
    ['from_at', 'int8', (a) => a.roomPosition],
  ]);
  await Promise.all([arrivals, endPresence(tx, each('departed'))]);
}

async function endPresence(
  tx: TxClient,
  departed: readonly { readonly roomId: string; readonly server: string; readonly roomPosition: number }[],
): Promise<void> {
  if (departed.length === 0) return;
  await tx.query({
    name: 'end-presence',
    // The first departure after an arrival ends that stay: a batch may hold several.
    text: `with v as (select * from unnest($1::text[], $2::text[], $3::int8[]) as v (room_id, server, at))
           update room_servers s set to_at = v.at from v
            where s.room_id = v.room_id and s.server = v.server and s.to_at is null and s.from_at < v.at
              and not exists (select from v w where w.room_id = s.room_id and w.server = s.server and w.at > s.from_at and w.at < v.at)`,
    values: [
      binaryArray('text', departed, (d) => d.roomId),
      binaryArray('text', departed, (d) => d.server),
      binaryArray('int8', departed, (d) => d.roomPosition),
    ],
  });
}
