/** What a received event is held against before anything is asked of others: is the room ours, and is its sender let in? */
import type { Db } from '../../database/database.ts';
import { readEvents } from '../../log/read.ts';
import type { EventId, RoomId, ServerName } from '../../matrix/identifiers.ts';
import { roomVersion, type RoomVersion } from '../../matrix/room-versions.ts';
import { aclAllows } from '../../matrix/server-acl.ts';
import type { LaneRoom } from '../lanes/room-lane.ts';

const ACL = 'm.room.server_acl';

/** The version of a room that users of this server are in; null: there is no such room for us. */
export async function versionOfOurRoom(db: Db, roomId: RoomId): Promise<RoomVersion | null> {
  const room = await db
    .selectFrom('rooms')
    .select(['version', 'resident'])
    .where('room_id', '=', roomId)
    .executeTakeFirst();
  return room?.resident === true ? roomVersion(room.version) : null;
}

/** Whether the access control list at this position of the log lets a server send. */
export async function aclLetsIn(db: Db, roomId: RoomId, position: number, server: ServerName): Promise<boolean> {
  const [acl] = await readEvents(db, [{ roomId, position }]);
  return aclAllows(acl?.content ?? null, server);
}

/** Whether the room's access control list lets a server send, in the room's turn. It is not for ours (`home`). */
export async function isLetInNow(room: LaneRoom, server: ServerName, home: ServerName): Promise<boolean> {
  if (server === home) return true;
  const acl = (await room.state([[ACL, '']])).get(ACL, '');
  return aclAllows(acl?.pdu.content ?? null, server);
}

/** Where the graph of a room stands, as other servers are told when they are asked for what is missing. */
export interface GraphEnds {
  readonly extremities: readonly EventId[];
  /** Of the room's first event here. */
  readonly lowestDepth: number;
}

export async function graphEnds(db: Db, roomId: RoomId): Promise<GraphEnds> {
  const tips = await db
    .selectFrom('extremities as x')
    .innerJoin('events as e', (join) => join.onRef('e.room_id', '=', 'x.room_id').onRef('e.position', '=', 'x.event'))
    .select('e.event_id')
    .where('x.room_id', '=', roomId)
    .orderBy('x.event', 'desc')
    .limit(20)
    .execute();
  const first = await db
    .selectFrom('verdicts as v')
    .innerJoin('events as e', (join) => join.onRef('e.room_id', '=', 'v.room_id').onRef('e.position', '=', 'v.event'))
    .select('e.depth')
    .where('v.room_id', '=', roomId)
    .orderBy('v.room_position')
    .limit(1)
    .executeTakeFirst();
  return { extremities: tips.map((tip) => tip.event_id as EventId), lowestDepth: first?.depth ?? 0 };
}
