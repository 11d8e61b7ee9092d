/** The OpenAPI document of what is served, made of the endpoints' own declarations. */
import type { TSchema } from 'typebox';
import { ERRCODES, type Errcode } from '../matrix/errors.ts';
import type { AuthKind, Endpoint, QueryKind, Refusal } from './endpoint.ts';
import { PROGRAM } from './version.ts';

type Json = Readonly<Record<string, unknown>>;

const REFERENCE = 'https://spec.matrix.org/latest/client-server-api/';

/** OpenAPI 3.1. Each path stands once; further spellings of it are in `x-also-served-at`. */
export function openApiDocument(endpoints: readonly Endpoint[]): Json {
  const { version, description } = PROGRAM;
  const paths: Record<string, Record<string, Json>> = {};
  const responses: Record<string, Json> = {};
  for (const endpoint of endpoints) {
    const [path = ''] = endpoint.paths;
    (paths[openApiPath(path)] ??= {})[endpoint.method.toLowerCase()] = operation(endpoint);
    for (const refused of refusalsByStatus(endpoint)) responses[refused.name] = refused.response;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vestibule',
      version,
      summary: description,
      description: `What this server serves of the Matrix client-server API, under the operationIds of the specification. Paths under /_matrix/client/v3 are served under /_matrix/client/r0 as well.`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    externalDocs: { url: REFERENCE },
    servers: [{ url: '/' }],
    paths,
    components: {
      responses,
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Error: {
          type: 'object',
          required: ['errcode', 'error'],
          properties: {
            errcode: { type: 'string' },
            error: { type: 'string', description: 'A sentence for people.' },
            retry_after_ms: { type: 'integer', minimum: 1, description: 'With M_LIMIT_EXCEEDED.' },
            soft_logout: { type: 'boolean', description: 'With M_UNKNOWN_TOKEN.' },
          },
        },
        Stages: {
          type: 'object',
          required: ['flows', 'params', 'completed', 'session'],
          description:
            'What is asked of the person before the request is carried out (User-Interactive Authentication).',
          properties: {
            flows: {
              type: 'array',
              items: { type: 'object', properties: { stages: { type: 'array', items: { type: 'string' } } } },
            },
            params: { type: 'object' },
            completed: { type: 'array', items: { type: 'string' } },
            session: { type: 'string' },
            errcode: { type: 'string', description: 'When a stage was tried in vain.' },
            error: { type: 'string' },
          },
        },
      },
    },
  };
}

function operation(endpoint: Endpoint): Json {
  const [path = '', ...others] = endpoint.paths;
  const spellings = others.filter((other) => !other.startsWith('/_matrix/client/r0/')).map(openApiPath);
  const parameters = [...pathParameters(path), ...Object.entries(endpoint.query).map(queryParameter)];
  return {
    operationId: endpoint.operationId,
    summary: endpoint.summary,
    ...(endpoint.auth === 'admin' ? { description: 'For admins of this server.' } : {}),
    security: securityOf(endpoint),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(endpoint.bodyShape === null ? {} : { requestBody: requestBody(endpoint.bodyShape, endpoint.bodyOptional) }),
    responses: {
      '200': { description: 'Done.', ...jsonContent(endpoint.answer) },
      ...Object.fromEntries(
        refusalsByStatus(endpoint).map(({ status, name }) => [status, { $ref: `#/components/responses/${name}` }]),
      ),
    },
    ...(spellings.length === 0 ? {} : { 'x-also-served-at': spellings }),
  };
}

function openApiPath(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

function securityOf({ auth }: Endpoint): readonly Json[] {
  if (auth === 'none') return [];
  if (auth === 'server') return [{ signedRequest: [] }];
  return auth === 'optional' ? [{}, { accessToken: [] }] : [{ accessToken: [] }];
}

function pathParameters(path: string): readonly Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

const QUERY_SCHEMAS: Readonly<Record<QueryKind, Json>> = {
  one: { type: 'string' },
  needed: { type: 'string' },
  many: { type: 'array', items: { type: 'string' } },
  integer: { type: 'integer', minimum: 0 },
  boolean: { type: 'boolean' },
};

function queryParameter([name, kind]: readonly [string, QueryKind]): Json {
  return { name, in: 'query', ...(kind === 'needed' ? { required: true } : {}), schema: QUERY_SCHEMAS[kind] };
}

function requestBody(shape: TSchema, optional: boolean): Json {
  return { ...(optional ? {} : { required: true }), ...jsonContent(shape) };
}

function jsonContent(schema: TSchema | Json): Json {
  return { content: { 'application/json': { schema } } };
}

const TOKEN_REFUSALS = ['M_MISSING_TOKEN', 'M_UNKNOWN_TOKEN'] as const;
const AUTH_REFUSALS: Readonly<Record<AuthKind, readonly Refusal[]>> = {
  none: [],
  optional: TOKEN_REFUSALS,
  user: TOKEN_REFUSALS,
  admin: [...TOKEN_REFUSALS, 'M_FORBIDDEN'],
  server: ['M_UNAUTHORIZED'],
};

/** Every refusal that an endpoint's callers may meet, of their own making. */
export function refusalsOf(endpoint: Endpoint): readonly (readonly [Errcode, number])[] {
  const { auth, query, bodyShape, limit, paths, errors } = endpoint;
  const all: readonly Refusal[] = [
    ...AUTH_REFUSALS[auth],
    ...(limit === null ? [] : (['M_LIMIT_EXCEEDED'] as const)),
    ...(paths.some((path) => path.includes(':')) ? (['M_BAD_JSON', 'M_INVALID_PARAM'] as const) : []),
    ...(Object.keys(query).length > 0 ? (['M_INVALID_PARAM'] as const) : []),
    ...(Object.values(query).includes('needed') ? (['M_MISSING_PARAM'] as const) : []),
    ...(bodyShape === null || auth !== 'server' ? [] : (['M_LIMIT_EXCEEDED'] as const)),
    ...(bodyShape === null ? [] : (['M_NOT_JSON', 'M_BAD_JSON', endpoint.wrongBody, 'M_TOO_LARGE'] as const)),
    ...errors,
  ];
  const pairs = all.map((each) => (typeof each === 'string' ? ([each, ERRCODES[each].status] as const) : each));
  return [...new Map(pairs.map((pair) => [pair.join(' '), pair])).values()];
}

const STAGES = { $ref: '#/components/schemas/Stages' };

interface RefusedResponse {
  readonly status: string;
  /** Under which all endpoints that refuse so share the response. */
  readonly name: string;
  readonly response: Json;
}

function refusalsByStatus(endpoint: Endpoint): readonly RefusedResponse[] {
  const refusals = refusalsOf(endpoint);
  const statuses = new Set([...refusals.map(([, status]) => status), ...(endpoint.asksForStages ? [401] : [])]);
  return [...statuses]
    .sort((one, other) => one - other)
    .map((status) => {
      const codes = refusals.flatMap(([errcode, its]) => (its === status ? [errcode] : [])).sort();
      const refused = codes.length === 0 ? [] : [refusedWith(codes)];
      const either = status === 401 && endpoint.asksForStages ? [...refused, STAGES] : refused;
      const words = [...codes, ...(either.includes(STAGES) ? ['the stages that are asked for'] : [])];
      const schema = either.length === 1 ? either[0]! : { anyOf: either };
      const name = [status, ...codes, ...(either.includes(STAGES) ? ['Stages'] : [])].join('.');
      return { status: String(status), name, response: { description: words.join(', '), ...jsonContent(schema) } };
    });
}

function refusedWith(codes: readonly Errcode[]): Json {
  return { $ref: '#/components/schemas/Error', properties: { errcode: { enum: codes } } };
}
