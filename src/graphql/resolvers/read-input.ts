/** Reads what a mutation was given. */
import { recordingRefusal } from '../../commands/act.ts';
import { viewerOf, type Context } from '../context.ts';

/**
 * What `read` makes of an input. What it throws is a refusal like any other and is recorded as one, without room and
 * target: no names could be read. Nothing of the text is kept.
 */
export function readInput<T>(context: Context, operation: string, read: () => T | Promise<T>): Promise<T> {
  return recordingRefusal(context.commands, viewerOf(context), { operation, roomId: null }, async () => read());
}
