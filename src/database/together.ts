/** Statements that are one transaction, sent at once and answered at once: journeys are most of what a few rows cost. */
import pg, { type PoolClient, type QueryConfig, type QueryResult, type QueryResultRow } from 'pg';
import type { TxClient } from './tx.ts';

export interface Together {
  /** Takes statements until they are sent; they are answered after the commit. */
  readonly tx: TxClient;
  /**
   * Sends them to a connection that takes them so and is in no transaction, and commits. Rejects with the error of the first that fails; nothing
   * of any of them is carried out then.
   */
  readonly send: (client: PoolClient) => Promise<void>;
}

export function together(): Together {
  const statements: QueryConfig[] = [];
  const { promise: answered, resolve, reject } = Promise.withResolvers<readonly QueryResult[]>();
  answered.catch(() => undefined);
  let sent = false;
  const tx: TxClient = {
    inTransaction: true,
    query<R extends QueryResultRow>(statement: QueryConfig): Promise<QueryResult<R>> {
      if (sent) return Promise.reject(new Error('a statement came when its transaction was over'));
      const n = statements.push(statement) - 1;
      return answered.then((results) => results[n] as QueryResult<R>);
    },
  };
  return {
    tx,
    async send(client) {
      sent = true;
      try {
        resolve(await sendAll(client, statements));
      } catch (error) {
        reject(error);
        throw error;
      }
    },
  };
}

/** Connections on which a transaction of which the end is lost does not stay open. */
const bounded = new WeakSet<PoolClient>();

/**
 * Has the database end what stays open for so long on a connection: what waits for more of a transaction that is sent at once,
 * is not idle in the database's eyes. Before Postgres 17 there is no such thing.
 */
export async function boundTransactions(client: PoolClient, milliseconds: number): Promise<void> {
  const { rows } = await client.query(
    "select set_config(name, $1, false) from pg_settings where name = 'transaction_timeout'",
    [`${milliseconds}ms`],
  );
  if (rows.length > 0) bounded.add(client);
}

/** Whether a connection takes what is sent together. Its other transactions have to say that they may take longer. */
export function takesTogether(client: PoolClient): boolean {
  return bounded.has(client);
}

/** What the driver keeps of a connection. */
interface Wire extends pg.Connection {
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
}

// Without a BEGIN among them, statements up to a Sync are one transaction, which the Sync commits; after an error the
// database passes over what is left of them (PostgreSQL, Message Flow, Pipelining). The driver sends a Sync behind each.
async function sendAll(client: PoolClient, statements: readonly QueryConfig[]): Promise<readonly QueryResult[]> {
  let wire: Wire | null = null;
  try {
    return await new Promise<readonly QueryResult[]>((resolve, reject) => {
      // Its answer is all that comes before the next Sync: the results of all statements.
      const whole = new pg.Query({ text: '' }, (error, results) =>
        error === undefined || error === null ? resolve([results].flat() as QueryResult[]) : reject(error),
      );
      whole.submit = (connection) => {
        wire = connection as Wire;
        submitAll(wire, statements);
      };
      client.query(whole);
    });
  } catch (error) {
    // Of those that were sent to be prepared it is not known which are.
    if (wire !== null) await forgetPrepared(client, wire).catch(() => undefined);
    throw error;
  }
}

function submitAll(wire: Wire, statements: readonly QueryConfig[]): void {
  const unsynced = Object.create(wire, { sync: { value: () => undefined } }) as Wire;
  wire.stream.cork();
  for (const statement of statements) new pg.Query(statement).submit(unsynced);
  wire.sync();
  wire.stream.uncork();
}

async function forgetPrepared(client: PoolClient, { parsedStatements, submittedNamedStatements }: Wire): Promise<void> {
  await client.query('deallocate all');
  for (const known of [parsedStatements, submittedNamedStatements])
    for (const name of Object.keys(known)) delete known[name];
}
