// All mutations of our rules.
import { EVENT_MUTATIONS } from './events.ts';
import { LEVEL_MUTATIONS } from './levels.ts';
import { MEMBER_MUTATIONS } from './members.ts';
import type { Mutation } from './mutation.ts';

export const MUTATIONS: readonly Mutation[] = [...EVENT_MUTATIONS, ...MEMBER_MUTATIONS, ...LEVEL_MUTATIONS];
