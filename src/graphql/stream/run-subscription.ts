/** Runs a subscription: checks its document as those of queries are, and executes it once for each thing that its source gives. */
import {
  createSourceEventStream,
  execute,
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  parse,
  validate,
  type DocumentNode,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql';
import { MatrixError } from '../../matrix/errors.ts';
import type { Context } from '../context.ts';
import { checkSize, checkWords, MAX_TOKENS } from '../limits.ts';
import type { News } from './read-news.ts';
import type { Subscriber } from './subscriber.ts';

export interface SubscriptionRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What is sent for each transition or knock; its position is where to go on after it. */
export interface StreamResult {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFormattedError[];
  readonly extensions: { readonly position: string };
}

export interface EngineParts {
  readonly schema: GraphQLSchema;
  /** Fields that a document may lead to. */
  readonly maxCost: number;
  /** Errors as they are told. */
  readonly format: (error: GraphQLError) => GraphQLFormattedError;
}

export type Refused = { readonly errors: readonly GraphQLFormattedError[] };

/**
 * Opens a subscription; `errors` where nothing is opened. What fails later ends the subscriber with it. Whoever takes
 * results has to end them by `return`.
 */
export async function runSubscription(
  engine: EngineParts,
  subscriber: Subscriber,
  request: SubscriptionRequest,
  after: string | null,
): Promise<AsyncGenerator<StreamResult, void> | Refused> {
  let seat: ReturnType<Subscriber['open']> | null = null;
  try {
    // Before the document is read: who has no seat costs nothing.
    seat = subscriber.open(after);
    const document = checkedDocument(engine, request);
    const { operationName = null, variables = null } = request;
    const args = { schema: engine.schema, document, operationName, variableValues: variables ?? {} };
    const contextValue: Context = await seat.context();
    const source = await createSourceEventStream({ ...args, contextValue });
    if ('errors' in source) throw new AggregateError(source.errors ?? []);
    const results = resultsOf(engine, args, source as AsyncIterable<News>, subscriber);
    return endedByReturn(results, seat.leave);
  } catch (error) {
    seat?.leave();
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    return { errors: errors.map((one) => engine.format(asGraphqlError(one))) };
  }
}

/** Throws an AggregateError of GraphQLErrors, or a MatrixError. */
function checkedDocument(
  { schema, maxCost }: EngineParts,
  { query, operationName, variables }: SubscriptionRequest,
): DocumentNode {
  checkWords(query);
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: MAX_TOKENS });
  } catch (error) {
    throw coded(error as GraphQLError, 'GRAPHQL_PARSE_FAILED');
  }
  const problems = validate(schema, document);
  if (problems.length > 0) throw new AggregateError(problems.map((one) => coded(one, 'GRAPHQL_VALIDATION_FAILED')));
  const operation = getOperationAST(document, operationName);
  if (!operation) {
    throw coded(new GraphQLError('The document has no such operation.'), 'OPERATION_RESOLUTION_FAILURE');
  }
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) {
    throw new MatrixError('M_UNRECOGNIZED', 'Queries and mutations are sent with POST /graphql.', { status: 400 });
  }
  checkSize({ schema, document, operation, variables: variables ?? {} }, maxCost);
  return document;
}

function coded(error: GraphQLError, code: string): GraphQLError {
  error.extensions['code'] = code;
  return error;
}

function asGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const thrown = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(thrown.message, { originalError: thrown });
}

type ExecutionParts = Pick<Parameters<typeof execute>[0], 'schema' | 'document' | 'operationName' | 'variableValues'>;

async function* resultsOf(
  { format }: EngineParts,
  args: ExecutionParts,
  source: AsyncIterable<News>,
  subscriber: Subscriber,
): AsyncGenerator<StreamResult, void> {
  try {
    for await (const news of source) {
      // Each with its own context: what was true of the one before need not be true of this one.
      const { data, errors } = await execute({ ...args, rootValue: news, contextValue: news.context });
      const extensions = { position: String(news.row.position) };
      yield { data, ...(errors && { errors: errors.map(format) }), extensions };
    }
  } catch (error) {
    subscriber.end(error);
  }
}

// A generator that waits hears of its return when the wait is over; this ends the wait.
function endedByReturn(
  results: AsyncGenerator<StreamResult, void>,
  leave: () => void,
): AsyncGenerator<StreamResult, void> {
  const end = <T>(value: T): T => {
    leave();
    return value;
  };
  return {
    next: async () => {
      const next = await results.next();
      return next.done === true ? end(next) : next;
    },
    return: async () => {
      leave();
      return results.return();
    },
    throw: async (error: unknown) => {
      leave();
      return results.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}
