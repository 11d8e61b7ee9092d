/** Tells a session that is gone from a statement that the database refused. */
import { MatrixError } from '../../matrix/errors.ts';

// The driver's own words: it gives these errors no code.
const DRIVER_WORDS =
  /^(Connection terminated|Client (was closed|has encountered a connection error)|Received unexpected|timeout exceeded when trying to connect)/;

/** Whether an error of a query says that the connection is lost, so that it is not known what became of the query. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Whatever the server ends a session with is fatal: a shutdown, a crash of a neighbour, a transaction left idle.
  if ('severity' in error && (error.severity === 'FATAL' || error.severity === 'PANIC')) return true;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // Class 08 is the connection, 57P an operator's intervention. The socket's own errors are named by a system call's code.
  if (/^(08|57P)/.test(code) || /^(E[A-Z]+|ERR_STREAM_\w+)$/.test(code)) return true;
  return code === '' && DRIVER_WORDS.test(error.message);
}

/** What is answered when an error says that the database is away (503, M_UNKNOWN); null for any other error. */
export function databaseAway(error: unknown): MatrixError | null {
  return isConnectionLoss(error)
    ? new MatrixError('M_UNKNOWN', 'The database cannot be reached.', { status: 503 })
    : null;
}
