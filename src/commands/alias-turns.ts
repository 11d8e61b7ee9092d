/** Whoever makes or takes away an alias does so in its turn: two people cannot take the same name at once. */
import { createKeyedTurns } from './keyed-turns.ts';

/** Runs work after everything that was begun for this alias before; the writer is one process, so its memory is enough. */
export const inTurnOfAlias = createKeyedTurns();
