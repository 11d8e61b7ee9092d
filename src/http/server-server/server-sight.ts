/** Events as a server is entitled to read them: whole, or in redacted form. */
import { serverMaySee } from '../../access/history-visibility.ts';
import type { Db } from '../../database/database.ts';
import { pointsBefore, type PointBefore } from '../../log/graph-walks.ts';
import { readEvents, type StoredEvent } from '../../log/read.ts';
import { standingsOnBranches } from '../../log/server-standing.ts';
import { serverOf, type ServerName } from '../../matrix/identifiers.ts';
import { stringIn, type PduFields } from '../../matrix/pdu.ts';
import { redact } from '../../matrix/redaction.ts';
import { invitesOf, presenceOf, type Span } from '../../projections/room-servers.ts';
import { valuesAtMany } from '../../projections/sync-queries.ts';
import type { ServerRoom } from './server-room.ts';

export interface ToldPdu {
  readonly pdu: PduFields;
  /** The server may read it whole. */
  readonly entitled: boolean;
}

/** The room's events at these positions, in the order asked. `isInRoom`: the server is in the room now. */
export async function readForServer(
  db: Db,
  { roomId, version }: ServerRoom,
  server: ServerName,
  positions: readonly number[],
  isInRoom: boolean,
): Promise<readonly ToldPdu[]> {
  const keys = positions.map((position) => ({ roomId, position }));
  const [events, points] = await Promise.all([readEvents(db, keys), pointsBefore(db, roomId, positions)]);
  const visibilities = await visibilitiesAt(db, events, points);
  const strict = [...visibilities.values()];
  const doubtful = !isInRoom || strict.some((each) => each === 'joined' || each === 'invited');
  const presence = doubtful ? await presenceOf(db, roomId, server) : [];
  const invites = strict.includes('invited') ? await invitesOf(db, roomId, server) : [];
  const onBranches = doubtful ? await standingsOnBranches(db, roomId, server, [...points.values()]) : null;
  return events.map((event) => {
    const point = points.get(event.position);
    const at = point?.mainAt ?? 0;
    const there = point === undefined ? undefined : onBranches?.get(point);
    const joined = isOf(server, event) || (there?.joined ?? isWithin(presence, at));
    const invited = there?.invited ?? isWithin(invites, at);
    const visibility = visibilities.get(event.position) ?? null;
    // What has no place in the graph is known for what rests on it, and has nothing around it.
    const entitled = (point === undefined && isInRoom) || serverMaySee({ visibility, joined, invited }, isInRoom);
    return { entitled, pdu: event.erased || !entitled ? (redact(event.pdu, version) as PduFields) : event.pdu };
  });
}

/** The server's own, or about one of its users. */
function isOf(server: ServerName, { sender, type, stateKey }: StoredEvent): boolean {
  return serverOf(sender) === server || (type === 'm.room.member' && stateKey?.endsWith(`:${server}`) === true);
}

function isWithin(spans: readonly Span[], at: number): boolean {
  return spans.some(({ from, to }) => from <= at && (to === null || to > at));
}

/** The history visibility before each event, by position; null: none was set. */
async function visibilitiesAt(
  db: Db,
  events: readonly StoredEvent[],
  points: ReadonlyMap<number, PointBefore>,
): Promise<ReadonlyMap<number, string | null>> {
  const asks = events.flatMap(({ roomId, position }) => {
    const ref = points.get(position);
    return ref === undefined ? [] : [{ position, roomId, ref, keys: [['m.room.history_visibility', ''] as const] }];
  });
  const values = await valuesAtMany(db, asks);
  const found = asks.map(({ position, roomId }, n) => ({ position, roomId, event: [...values[n]!.values()][0] }));
  const wanted = found.flatMap(({ roomId, event }) => (event === undefined ? [] : [{ roomId, position: event }]));
  const contents = new Map((await readEvents(db, wanted)).map((event) => [event.position, event.content]));
  return new Map(
    found.map(({ position, event }) => {
      const content = event === undefined ? undefined : contents.get(event);
      return [position, content === undefined ? null : stringIn(content, 'history_visibility')];
    }),
  );
}
