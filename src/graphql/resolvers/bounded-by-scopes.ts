/**
 * What every mutation goes through: service tokens are kept to their scopes, and a refusal is recorded; an act is not begun once
 * the request has been given up, and one that was begun is not cut short by the clock.
 */
import { mayAct } from '../../access/acts.ts';
import { recordingRefusal } from '../../commands/act.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomId, type RoomId } from '../../matrix/identifiers.ts';
import { viewerOf, type Context } from '../context.ts';
import type { MutationResolvers } from '../schema.generated.ts';

type Root = (root: object, args: object, context: Context, info: never) => unknown;

/** The same roots, each refusing with M_FORBIDDEN a token that was not given what the act needs. */
export function boundedByScopes(roots: MutationResolvers): MutationResolvers {
  const bounded = Object.entries(roots).map(([operation, root]) => [operation, within(operation, root as Root)]);
  return Object.fromEntries(bounded) as MutationResolvers;
}

function within(operation: string, act: Root): Root {
  return async (root, args, context, info) => {
    const viewer = viewerOf(context);
    const roomId = roomOfInput(args);
    const permission = mayAct(viewer, operation, roomId);
    if (permission.allowed) return untimed(context, () => act(root, args, context, info));
    return recordingRefusal(context.commands, viewer, { operation, roomId }, async () => {
      throw new MatrixError('M_FORBIDDEN', permission.why);
    });
  };
}

async function untimed({ deadline }: Context, act: () => unknown): Promise<unknown> {
  deadline.signal.throwIfAborted();
  deadline.stop();
  try {
    return await act();
  } finally {
    deadline.start();
  }
}

// What is no room id is refused by the act itself, which reads it again.
function roomOfInput(args: object): RoomId | null {
  const input: unknown = Reflect.get(args, 'input');
  const roomId: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, 'roomId') : null;
  return typeof roomId === 'string' ? parseRoomId(roomId) : null;
}
