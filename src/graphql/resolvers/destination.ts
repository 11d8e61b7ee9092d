/** Resolvers of Destination and Delivery: the ledger of what other servers are owed. */
import { MatrixError } from '../../matrix/errors.ts';
import { giveUpDeliveries as giveUp, retryDestination as retry } from '../../commands/destinations.ts';
import { destinationNamed, type DestinationRow } from '../../outbox/ledger-queries.ts';
import { viewerOf, type Context } from '../context.ts';
import { sentList } from '../delivery-lists.ts';
import { given, roomIdOf, serverNameOf } from '../names.ts';
import type { DeliveryResolvers, DestinationResolvers, MutationResolvers } from '../schema.generated.ts';
import { roomOf, visibleEvent } from '../sight.ts';
import { readInput } from './read-input.ts';

export const destination: DestinationResolvers = {
  owed: ({ server }, _args, { loaders }) => loaders.owed.load(server),
  deliveries: (row, args, context) => sentList(context, row, args),
};

const STATES = {
  queued: 'QUEUED',
  fixed: 'SENT',
  acknowledged: 'ACKNOWLEDGED',
  refused: 'REFUSED',
  caught_up: 'CAUGHT_UP',
  given_up: 'GIVEN_UP',
} as const;

export const delivery: DeliveryResolvers = {
  room: ({ roomId }, _args, context) => roomOf(context, roomId),
  event: ({ roomId, event: position }, _args, context) => visibleEvent(context, { roomId, position }),
  state: ({ state }) => STATES[state],
};

export const retryDestination: NonNullable<MutationResolvers['retryDestination']> = async (
  _root,
  { input },
  context,
) => {
  const server = await readInput(context, 'retryDestination', () => serverNameOf(input.server));
  await retry(depsOf(context), viewerOf(context), { server });
  return { destination: await changed(context, server) };
};

export const giveUpDeliveries: NonNullable<MutationResolvers['giveUpDeliveries']> = async (
  _root,
  { input },
  context,
) => {
  const read = await readInput(context, 'giveUpDeliveries', () => {
    const roomId = given(input.roomId);
    return { server: serverNameOf(input.server), roomId: roomId === undefined ? null : roomIdOf(roomId) };
  });
  const deliveries = await giveUp(depsOf(context), viewerOf(context), read);
  return { destination: await changed(context, read.server), deliveries };
};

function depsOf({ commands: { db, recorder, now }, queue, log }: Context) {
  const ring = (server: Parameters<typeof retry>[2]['server']): void => {
    // Workers look for it by themselves, too.
    queue
      .ring('drain', [{ destinations: [server] }])
      .catch((error: unknown) => log.warn({ err: error }, 'the workers could not be told of a server to be tried'));
  };
  return { db, recorder, now, ring };
}

async function changed(context: Context, server: string): Promise<DestinationRow> {
  context.loaders.forget();
  const row = await destinationNamed(context.db, server);
  if (row === null) throw new MatrixError('M_NOT_FOUND', 'This server was never owed anything.');
  return row;
}
