/** The projections, in the order in which they are applied. */
import { knocks } from './knocks.ts';
import { memberWords } from './member-words.ts';
import type { Projection } from './projection.ts';
import { redactions } from './redactions.ts';
import { roomSearch } from './room-search.ts';
import { roomState } from './room-state.ts';
import { rooms } from './rooms.ts';

export const PROJECTIONS: readonly Projection[] = [rooms, roomState, knocks, roomSearch, memberWords, redactions];
