/** Resolvers of Job. */
import { enumName } from '../names.ts';
import type { JobResolvers } from '../schema.generated.ts';

export const job: JobResolvers = {
  state: ({ state }) => enumName(state),
};
