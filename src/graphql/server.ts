/** The GraphQL door: POST /graphql answers operations, GET /graphql shows a browser the explorer. */
import { ApolloServer, HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readFile } from 'node:fs/promises';
import { databaseAway } from '../commands/lanes/connection-loss.ts';
import { MatrixError } from '../matrix/errors.ts';
import { isJsonObject, parseJson, type JsonValue } from '../matrix/json.ts';
import { actorOf } from './authenticate.ts';
import { checkOperations, createCheck } from './check-operations.ts';
import { createContext, type Context, type GraphqlParts } from './context.ts';
import { createDeadline, within } from './deadline.ts';
import { errorBody, errorFormatter } from './errors.ts';
import { mountExplorer } from './explorer.ts';
import { checkWords, MAX_BODY_BYTES, MAX_TOKENS } from './limits.ts';
import { checkPersisted, createDocumentStore, createTextCache } from './persisted-queries.ts';
import { resolvers } from './resolvers/index.ts';
import { createShortcut, type Shortcut } from './shortcut.ts';
import { mountEventStream } from './stream/event-stream.ts';
import { createStreams } from './stream/streams.ts';
import { mountWebSocket } from './stream/web-socket.ts';

export const GRAPHQL_PATH = '/graphql';
export const STREAM_PATH = '/graphql/stream';
const SCHEMA = new URL('../../schema.graphql', import.meta.url);

/** The routes of this door, for the HTTP server to mount. */
export function graphqlMount(parts: GraphqlParts): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const engine = await startEngine(parts);
    const { apollo, schema } = engine;
    const streams = createStreams(parts, schema);
    const identify = (header: string | undefined, ip: string) => actorOf(parts, header, ip);
    mountWebSocket(app.server, { schema, streams, identify, log: parts.log });
    mountEventStream(app, STREAM_PATH, {
      ...parts,
      streams,
      identify,
      refuse: (error, reply) => refuse(parts, error, reply),
    });
    app.addHook('onClose', () => apollo.stop());
    const explorer = await mountExplorer(app);
    app.route({
      method: 'POST',
      url: GRAPHQL_PATH,
      bodyLimit: MAX_BODY_BYTES,
      handler: (request, reply) => answer(parts, engine, request, reply),
      errorHandler: (error, _request, reply) => void refuse(parts, error, reply),
    });
    app.get(GRAPHQL_PATH, { exposeHeadRoute: false }, (request, reply) => {
      reply.header('vary', 'accept');
      return (request.headers.accept ?? '').includes('text/html') ? explorer(reply) : wrongMethod(reply);
    });
    app.route({
      method: ['HEAD', 'PUT', 'DELETE', 'PATCH'],
      url: GRAPHQL_PATH,
      handler: (_request, reply) => wrongMethod(reply),
    });
  };
}

interface Engine {
  readonly apollo: ApolloServer<Context>;
  readonly shortcut: Shortcut;
  readonly schema: GraphQLSchema;
}

async function startEngine({ log, settings }: GraphqlParts): Promise<Engine> {
  const check = createCheck(settings);
  const shortcut = createShortcut({ check, maxCost: settings.maxCost });
  const { promise: schema, resolve } = Promise.withResolvers<GraphQLSchema>();
  const apollo = new ApolloServer<Context>({
    typeDefs: await readFile(SCHEMA, 'utf8'),
    resolvers,
    formatError: errorFormatter(log),
    introspection: settings.introspection !== 'off',
    hideSchemaDetailsFromClientErrors: settings.introspection === 'off',
    // Tokens come in a header, and requests as JSON, which no page can send unasked; this holds also if that changes.
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: { cache: createTextCache() },
    documentStore: createDocumentStore(),
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    parseOptions: { maxTokens: MAX_TOKENS },
    logger: log,
    plugins: [
      checkOperations(check, settings.maxCost),
      ...(settings.plans ? [shortcut.plugin] : []),
      { serverWillStart: async (started) => resolve(started.schema) },
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();
  return { apollo, shortcut, schema: await schema };
}

async function answer(
  parts: GraphqlParts,
  engine: Engine,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const actor = await actorOf(parts, request.headers.authorization, request.ip);
  const deadline = createDeadline(parts.settings.timeoutMs);
  reply.raw.once('close', () => (reply.raw.writableEnded ? undefined : deadline.leave()));
  const body = readBody(request);
  const executed = execute(engine, request, body, createContext(parts, actor, deadline));
  const { status, headers, text } = await within(deadline, executed).finally(() => deadline.stop());
  for (const [name, value] of headers) reply.header(name, value);
  return reply.code(status).send(text);
}

interface Answer {
  readonly status: number;
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly text: string;
}

async function execute(
  { apollo, shortcut }: Engine,
  request: FastifyRequest,
  body: JsonValue,
  context: Context,
): Promise<Answer> {
  const { accept = '' } = request.headers;
  const short = await shortcut.answer({ accept, body, context });
  if (short !== null) return { status: 200, headers: [['content-type', short.type]], text: short.text };
  const answered = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: requestOf(request, body),
    context: async () => context,
  });
  const { status = 200, headers } = answered;
  if (answered.body.kind !== 'complete') throw new Error('an answer in pieces, which the schema does not offer');
  if (status === 200) shortcut.noteType(accept, headers.get('content-type')!);
  return { status, headers, text: answered.body.string };
}

// Looked at before anything is done: an act whose answer the caller does not take must not be done.
const ACCEPTED = ['*/*', 'application/*', 'application/json', 'application/graphql-response+json'];

/**
 * Throws M_NOT_JSON for what is no JSON, and (415) for what does not say that it is; M_UNRECOGNIZED (406) when the caller
 * takes no JSON.
 */
function readBody(request: FastifyRequest): JsonValue {
  const accepts = (request.headers.accept || '*/*').split(',').map((range) => range.split(';')[0]!.trim());
  if (!accepts.some((range) => ACCEPTED.includes(range.toLowerCase()))) {
    throw new MatrixError('M_UNRECOGNIZED', 'Answers are application/json.', { status: 406 });
  }
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json *(;|$)/i.test(type)) {
    throw new MatrixError('M_NOT_JSON', 'Send the request as application/json.', { status: 415 });
  }
  return parseJson(request.body instanceof Buffer ? request.body : '', { numbers: 'any' });
}

/** Throws for what is refused before it is parsed as a document. */
function requestOf(request: FastifyRequest, body: JsonValue): HTTPGraphQLRequest {
  checkPersisted(body);
  if (isJsonObject(body) && typeof body['query'] === 'string') checkWords(body['query']);
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return { method: 'POST', headers, search: '', body };
}

function wrongMethod(reply: FastifyReply): FastifyReply {
  const error = new MatrixError('M_UNRECOGNIZED', 'Operations are sent with POST.');
  return reply.code(405).header('allow', 'GET, POST').send(errorBody(error));
}

function refuse({ log }: GraphqlParts, error: unknown, reply: FastifyReply): FastifyReply {
  const known = asMatrixError(error);
  if (known === error && known.status === 503) log.warn({ err: known.message }, 'a GraphQL request was ended');
  else if (known.status >= 500) log.error({ err: error }, 'a GraphQL request failed');
  return reply.code(known.status).send(errorBody(known));
}

function asMatrixError(error: unknown): MatrixError {
  if (error instanceof MatrixError) return error;
  const [code, status] = error instanceof Error ? [Reflect.get(error, 'code'), Reflect.get(error, 'statusCode')] : [];
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new MatrixError('M_TOO_LARGE');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new MatrixError('M_UNKNOWN', 'The request is malformed.', { status });
  }
  return databaseAway(error) ?? new MatrixError('M_UNKNOWN', 'Something went wrong on our side.');
}
