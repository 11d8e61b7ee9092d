/** What of a released GraphQL schema a later one breaks. */
import { buildSchema, findBreakingChanges } from 'graphql';

/** A sentence for each change that a document could be broken by which the released schema answers; empty: none could. */
export function breakingChanges(released: string, current: string): readonly string[] {
  return findBreakingChanges(buildSchema(released), buildSchema(current)).map(
    ({ type, description }) => `${description} (${type})`,
  );
}
