/** A database for reading that gives up when a signal says so: the statement that runs is cancelled where it runs. */
import { Kysely, type Dialect, type Driver, type QueryExecutor } from 'kysely';
import type { Db } from './database.ts';
import type { DB } from './tables.generated.ts';

/**
 * The same database, whose queries are rejected with the signal's reason once it aborts, and cancelled in Postgres. Single
 * statements only: a transaction throws. `onError` hears of a statement that could not be cancelled.
 */
export function abortable(db: Db, signal: AbortSignal, onError: (error: unknown) => void): Db {
  const inner = db.getExecutor();
  const executor: QueryExecutor = {
    adapter: inner.adapter,
    plugins: inner.plugins,
    transformQuery: (node, id) => inner.transformQuery(node, id),
    compileQuery: (node, id) => inner.compileQuery(node, id),
    provideConnection: refuse,
    executeQuery: (query) =>
      inner.provideConnection(async (connection) => {
        signal.throwIfAborted();
        await connection.collectSessionInfo?.();
        let cancelled: Promise<unknown> | undefined;
        const cancel = (): void => {
          cancelled = connection.cancelQuery?.((use) => inner.provideConnection(use)).catch(onError);
        };
        signal.addEventListener('abort', cancel, { once: true });
        try {
          return await connection.executeQuery(query);
        } catch (error) {
          signal.throwIfAborted();
          throw error;
        } finally {
          signal.removeEventListener('abort', cancel);
          // Else the next one's statement on this connection could be hit.
          await cancelled;
        }
      }),
    stream: refuse,
    withConnectionProvider: refuse,
    withPlugin: refuse,
    withPlugins: refuse,
    withPluginAtFront: refuse,
    withoutPlugins: () => executor,
  };
  return new Kysely<DB>({ config: { dialect: NONE }, dialect: NONE, driver: NO_DRIVER, executor });
}

function refuse(): never {
  throw new Error('this database is for single statements that read');
}

const NO_DRIVER: Driver = {
  init: refuse,
  acquireConnection: refuse,
  beginTransaction: refuse,
  commitTransaction: refuse,
  rollbackTransaction: refuse,
  releaseConnection: refuse,
  destroy: refuse,
};

const NONE: Dialect = {
  createDriver: () => NO_DRIVER,
  createAdapter: refuse,
  createQueryCompiler: refuse,
  createIntrospector: refuse,
};
