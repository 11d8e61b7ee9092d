/** The lists of the ledger: deliveries as far as the viewer sees them, and the servers that they are for. */
import {
  countDestinations,
  deliveriesTo,
  pageDestinations,
  type DeliveryList,
  type DestinationRow,
} from '../outbox/ledger-queries.ts';
import { MatrixError } from '../matrix/errors.ts';
import { viewerOf, type Context } from './context.ts';
import type { DeliveryPage, DestinationPage } from './models.ts';
import { CURSORS, listPage, pageOf, type PageArgs } from './paging.ts';
import type { DestinationFilter } from './schema.generated.ts';
import { keepsDoor } from './sight.ts';

/** Deliveries of events of a room: for those who keep its door. */
export async function deliveryList(context: Context, list: DeliveryList, args: PageArgs): Promise<DeliveryPage> {
  const page = pageOf(args, CURSORS.delivery);
  const isSeen = await keepsDoor(context, list.roomId);
  const nothing = { rows: [], hasNextPage: false, hasPreviousPage: false };
  const read = isSeen ? await context.loaders.deliveries.load({ list, page }) : nothing;
  const count = async (): Promise<number> => (isSeen ? context.loaders.deliveryCount.load(list) : 0);
  return { ...listPage(read, CURSORS.delivery, (delivery) => delivery.key), count };
}

/** Deliveries to one server, newest first: for admins, who alone have seen the server. */
export async function sentList(context: Context, { server }: DestinationRow, args: PageArgs): Promise<DeliveryPage> {
  const read = await deliveriesTo(context.db, server, pageOf(args, CURSORS.sent, true));
  const count = (): Promise<number> => context.loaders.sentCount.load(server);
  return { ...listPage(read, CURSORS.sent, (delivery) => delivery.position), count };
}

export interface DestinationArgs extends PageArgs {
  readonly where?: DestinationFilter | null | undefined;
}

/** Servers by name. Throws M_FORBIDDEN unless an admin asks. */
export async function destinationList(context: Context, args: DestinationArgs): Promise<DestinationPage> {
  checkAdmin(context);
  const page = pageOf(args, CURSORS.destination);
  const condition = { failing: args.where?.failing ?? null, owed: args.where?.owed ?? null };
  const read = await pageDestinations(context.db, condition, page);
  const count = (): Promise<number> => countDestinations(context.db, condition);
  return { ...listPage(read, CURSORS.destination, ({ server }) => server), count };
}

/** Throws M_FORBIDDEN. */
export function checkAdmin(context: Context): void {
  if (!viewerOf(context).admin)
    throw new MatrixError('M_FORBIDDEN', 'Only an admin of this server sees what others are owed.');
}
