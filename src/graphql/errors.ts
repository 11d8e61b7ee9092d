/** How errors are told: `extensions.code` is the errcode, and what is unexpected is logged and not told. */
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { databaseAway } from '../commands/lanes/connection-loss.ts';
import { MatrixError } from '../matrix/errors.ts';

// Errors of GraphQL itself: a document that does not parse or does not fit the schema keeps the code that clients of
// GraphQL know; the others have a word in Matrix.
const OWN_CODES = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
];
const ERRCODES = new Map([
  ['BAD_USER_INPUT', 'M_INVALID_PARAM'],
  ['BAD_REQUEST', 'M_BAD_JSON'],
  ['PERSISTED_QUERY_NOT_SUPPORTED', 'M_UNRECOGNIZED'],
]);

/** Apollo's formatError: `formatted` is what it would answer, `error` what was thrown. */
export function errorFormatter(
  log: Logger,
): (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError {
  return (formatted, error) => {
    const thrown = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    if (thrown instanceof MatrixError) return withExtensions(formatted, thrown.message, extensionsOf(thrown));
    const code = String(formatted.extensions?.['code']);
    if (OWN_CODES.includes(code)) return withExtensions(formatted, formatted.message, { code });
    const errcode = ERRCODES.get(code);
    if (errcode !== undefined) return withExtensions(formatted, formatted.message, { code: errcode });
    log.error({ err: thrown, path: formatted.path }, 'a GraphQL field failed');
    const message = databaseAway(thrown)?.message ?? 'Something went wrong on our side.';
    return withExtensions(formatted, message, { code: 'M_UNKNOWN' });
  };
}

function withExtensions(
  { locations, path }: GraphQLFormattedError,
  message: string,
  extensions: Readonly<Record<string, unknown>>,
): GraphQLFormattedError {
  return { message, ...(locations && { locations }), ...(path && { path }), extensions };
}

function extensionsOf({ errcode, extra }: MatrixError): Readonly<Record<string, unknown>> {
  return { ...extra, code: errcode };
}

/** An error that ends the whole request, with its HTTP status. */
export function requestError(error: MatrixError): GraphQLError {
  const extensions = { http: { status: error.status } };
  return new GraphQLError(error.message, { originalError: error, extensions });
}

/** The body of an answer to a request that never became an operation. */
export function errorBody(error: MatrixError): { readonly errors: readonly GraphQLFormattedError[] } {
  return { errors: [{ message: error.message, extensions: extensionsOf(error) }] };
}
