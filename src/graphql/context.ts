/** What a resolver is handed with every request: who asks, what to load with, what to act with. */
import type { Logger } from 'pino';
import type { LastSeen } from '../accounts/last-seen.ts';
import type { Actor, CommandDeps } from '../commands/act.ts';
import type { EraseDeps } from '../commands/erase.ts';
import type { Config } from '../config.ts';
import { abortable } from '../database/abortable.ts';
import type { Db } from '../database/database.ts';
import type { Ending, Follower } from '../log/follow.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { JobQueue } from '../queue/queue.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { createLoaders, type Loaders } from './loaders.ts';

export type GraphqlSettings = Config['graphql'];

/** What the GraphQL door is handed by the composition root. */
export interface GraphqlParts {
  readonly db: Db;
  readonly commands: CommandDeps;
  readonly erase: EraseDeps;
  readonly lastSeen: LastSeen;
  readonly follower: Follower;
  /** Aborts when the server begins to shut down: streams end. */
  readonly shutdown: AbortSignal;
  /** Another process writes: acts are refused. */
  readonly readsOnly: boolean;
  readonly queue: Pick<JobQueue, 'enqueue' | 'jobStatus' | 'ring'>;
  readonly settings: GraphqlSettings;
  readonly log: Logger;
}

export interface Context extends GraphqlParts {
  /** For reading; its statements end with the deadline. Acts have their own. */
  readonly db: Db;
  readonly deadline: Deadline;
  /** Null without a token: then only the schema may be asked for. */
  readonly actor: Actor | null;
  readonly loaders: Loaders;
  /** Of a subscription; null for what is answered at once. */
  readonly live: Live | null;
}

/** How a subscription goes on after its first look. */
export interface Live {
  readonly ending: Ending;
  /** The position that the connection itself goes on after; null: what the subscription says holds. */
  readonly after: string | null;
  /**
   * As things are now, to read with. Throws M_UNKNOWN_TOKEN once the token does not count any more. `again`: for the next of
   * what was read at once; the token is believed for a moment.
   */
  context(again?: 'again'): Promise<Context>;
}

/** Time runs for those who start their deadline. */
export function createContext(
  parts: GraphqlParts,
  actor: Actor | null,
  deadline: Deadline = createDeadline(parts.settings.timeoutMs),
): Context {
  const notCancelled = (error: unknown): void => parts.log.warn({ err: error }, 'a statement could not be cancelled');
  const db = abortable(parts.db, deadline.signal, notCancelled);
  const loaders = createLoaders({ db, serverName: parts.commands.identity.serverName });
  return { ...parts, db, actor, deadline, loaders, live: null };
}

/** Who asks and acts. Throws M_MISSING_TOKEN. */
export function viewerOf({ actor }: Pick<Context, 'actor'>): Actor {
  if (actor === null) throw new MatrixError('M_MISSING_TOKEN');
  return actor;
}
