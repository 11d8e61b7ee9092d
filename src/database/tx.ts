/** The open transaction of the one writer: raw named statements, because the hot path sends the same ten for ever. */
import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';

/** What a function that must run inside a transaction takes; an `openDatabase` pool is deliberately not assignable to it. */
export interface TxClient {
  readonly inTransaction: true;
  query<R extends QueryResultRow = QueryResultRow>(query: QueryConfig): Promise<QueryResult<R>>;
}
