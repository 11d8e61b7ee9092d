/** What a resolver is handed with every request: who asks, what to load with, what to act with. */
import type { Logger } from 'pino';
import type { LastSeen } from '../accounts/last-seen.ts';
import type { Actor, CommandDeps } from '../commands/act.ts';
import type { EraseDeps } from '../commands/erase.ts';
import type { Db } from '../database/database.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { JobQueue } from '../queue/queue.ts';
import { createLoaders, type Loaders } from './loaders.ts';

/** What the GraphQL door is handed by the composition root. */
export interface GraphqlParts {
  readonly db: Db;
  readonly commands: CommandDeps;
  readonly erase: EraseDeps;
  readonly lastSeen: LastSeen;
  readonly queue: Pick<JobQueue, 'enqueue' | 'jobStatus' | 'ring'>;
  readonly log: Logger;
}

export interface Context extends GraphqlParts {
  /** Null without a token: then only the schema may be asked for. */
  readonly actor: Actor | null;
  readonly loaders: Loaders;
}

export function createContext(parts: GraphqlParts, actor: Actor | null): Context {
  return { ...parts, actor, loaders: createLoaders(parts.db, parts.commands.identity.serverName) };
}

/** Who asks and acts. Throws M_MISSING_TOKEN. */
export function viewerOf({ actor }: Pick<Context, 'actor'>): Actor {
  if (actor === null) throw new MatrixError('M_MISSING_TOKEN');
  return actor;
}
