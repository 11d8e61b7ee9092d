/** The lists of events and of acts, as far as the viewer sees them. */
import { isBounded, roomsGranted } from '../access/scopes.ts';
import { countActions, pageActions } from '../log/action-queries.ts';
import { arm, type Arm } from '../log/arms.ts';
import { countEvents, pageEvents } from '../log/event-queries.ts';
import { viewerOf, type Context } from './context.ts';
import { actionCondition, both, boundsOf, eventCondition, narrow, type Bounds } from './filters.ts';
import type { ActionPage, EventPage } from './models.ts';
import { userIdOf } from './names.ts';
import { CURSORS, listPage, pageOf, type PageArgs } from './paging.ts';
import type { ActionFilter, EventFilter, LogOrder } from './schema.generated.ts';
import { keptDoors, visibleEvent } from './sight.ts';

type Rooms = readonly string[] | null;

export interface EventArgs extends PageArgs {
  readonly where?: EventFilter | null | undefined;
  readonly orderBy?: LogOrder | null | undefined;
}

/** Events, in the order in which they arrived unless asked otherwise. */
export async function eventList(context: Context, roomIds: Rooms, args: EventArgs): Promise<EventPage> {
  const page = pageOf(args, CURSORS.event, args.orderBy?.direction === 'DESC');
  const where = args.where ?? {};
  const condition = eventCondition(viewerOf(context), where);
  const scope = narrow({ roomIds, userIds: null }, where);
  const sender = where.sender === null || where.sender === undefined ? null : userIdOf(where.sender);
  const asked = { about: scope.userIds?.[0] ?? null, sender };
  const arms = await eventArms(context, scope.roomIds, asked, await boundsOf(context, 'events', where));
  const found = await pageEvents(context.db, arms, condition, page);
  const events = await Promise.all(found.rows.map((place) => visibleEvent(context, place)));
  const rows = events.filter((event) => event !== null);
  const count = () => countEvents(context.db, arms, condition);
  return { ...listPage({ ...found, rows }, CURSORS.event, (event) => event.position), count };
}

const MEMBER_EVENT = 'm.room.member';

/** The parts of a list of events that the viewer sees: as seesEvent() says of each. */
async function eventArms(
  context: Context,
  roomIds: Rooms,
  { about, sender }: { readonly about: string | null; readonly sender: string | null },
  bounds: Bounds,
): Promise<readonly Arm[]> {
  const viewer = viewerOf(context);
  const me = viewer.userId;
  const type = about === null ? null : MEMBER_EVENT;
  const asked = { ...placesOf(bounds), userId: about, sender, type };
  if (viewer.admin) return inRooms(roomIds, asked);
  if (isBounded(viewer)) {
    const audited = roomsGranted(viewer.grant, 'audit:read');
    const read = roomsGranted(viewer.grant, 'knocks:read');
    return [
      ...inRooms(both(roomIds, audited), asked),
      ...inRooms(both(roomIds, read), { ...asked, type: MEMBER_EVENT }),
    ];
  }
  return [
    ...inRooms(await keptDoors(context, roomIds), { ...asked, type: MEMBER_EVENT }),
    ...(about === null || about === me ? inRooms(roomIds, { ...asked, userId: me, type: MEMBER_EVENT }) : []),
    ...(sender === null || sender === me ? inRooms(roomIds, { ...asked, sender: me }) : []),
  ];
}

function inRooms(roomIds: Rooms, asked: Partial<Arm>): readonly Arm[] {
  return (roomIds ?? [null]).map((roomId) => arm({ ...asked, roomId }));
}

function placesOf({ from, before }: Bounds): Pick<Arm, 'from' | 'to'> {
  return { from, to: before === null ? null : before - 1 };
}

export interface ActionArgs extends PageArgs {
  readonly where?: ActionFilter | null | undefined;
  readonly orderBy?: LogOrder | null | undefined;
}

/** Acts, in the order of the log unless asked otherwise: all for who audits, else the viewer's own. */
export async function actionList(context: Context, roomIds: Rooms, args: ActionArgs): Promise<ActionPage> {
  const page = pageOf(args, CURSORS.action, args.orderBy?.direction === 'DESC');
  const where = args.where ?? {};
  const condition = actionCondition(where);
  const scope = narrow({ roomIds, userIds: null }, { ...where, userId: where.actor });
  const bounds = placesOf(await boundsOf(context, 'actions', where));
  const arms = actionArms(context, scope.roomIds, scope.userIds?.[0] ?? null).map((one) => ({ ...one, ...bounds }));
  const found = await pageActions(context.db, arms, condition, page);
  const count = () => countActions(context.db, arms, condition);
  return { ...listPage(found, CURSORS.action, (action) => action.position), count };
}

function actionArms(context: Context, roomIds: Rooms, actor: string | null): readonly Arm[] {
  const viewer = viewerOf(context);
  if (viewer.admin) return inRooms(roomIds, { userId: actor });
  if (isBounded(viewer)) return inRooms(both(roomIds, roomsGranted(viewer.grant, 'audit:read')), { userId: actor });
  return actor === null || actor === viewer.userId ? inRooms(roomIds, { userId: viewer.userId }) : [];
}
