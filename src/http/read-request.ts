/** Reads an endpoint's query and body as it declares them, or says in Matrix' words what is wrong. */
import type { FastifyRequest } from 'fastify';
import { MatrixError } from '../matrix/errors.ts';
import { parseJsonObject, type JsonObject } from '../matrix/json.ts';
import type { Endpoint, QueryKind } from './endpoint.ts';

/**
 * Query parameters, as their kinds say. Throws M_INVALID_PARAM for one that is repeated without being `many`, or is no
 * number or flag; M_MISSING_PARAM for a needed one that is missing.
 */
export function readQuery(declared: Endpoint['query'], request: FastifyRequest): Readonly<Record<string, unknown>> {
  const given = request.query as Readonly<Record<string, string | readonly string[]>>;
  const read = Object.create(null) as Record<string, unknown>;
  for (const [name, kind] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if ([value].flat().some((text) => text?.includes('\u0000')))
      throw new MatrixError('M_INVALID_PARAM', 'A query parameter holds a NUL.');
    if (kind === 'many') read[name] = value === undefined ? [] : [value].flat();
    else if (typeof value === 'object') throw new MatrixError('M_INVALID_PARAM', `${name} is given more than once.`);
    else read[name] = readValue(name, kind, value);
  }
  return read;
}

function readValue(name: string, kind: Exclude<QueryKind, 'many'>, text: string | undefined): unknown {
  if (text === undefined) {
    if (kind === 'needed') throw new MatrixError('M_MISSING_PARAM', `${name} is missing.`);
    return undefined;
  }
  if (kind === 'integer') {
    if (/^[0-9]{1,15}$/.test(text)) return Number(text);
    throw new MatrixError('M_INVALID_PARAM', `${name} is a whole number.`);
  }
  if (kind === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true';
    throw new MatrixError('M_INVALID_PARAM', `${name} is true or false.`);
  }
  return text;
}

/** Path parameters, decoded once. Throws M_BAD_JSON for a NUL: ids, types and state keys cannot hold one. */
export function readParams(request: FastifyRequest): Readonly<Record<string, string>> {
  const params = request.params as Readonly<Record<string, string>>;
  for (const value of Object.values(params)) {
    if (value.includes('\u0000')) throw new MatrixError('M_BAD_JSON', 'A part of the path holds a NUL.');
  }
  return params;
}

/**
 * The body as an object of the declared shape; null when none is declared. Throws M_NOT_JSON for what is no JSON, and for
 * an empty body where one is needed; M_BAD_JSON for what is no object, and the declared errcode for another shape.
 */
export function readBody(endpoint: Endpoint, request: FastifyRequest): JsonObject | null {
  if (endpoint.body === null) return null;
  const bytes = bytesOf(request);
  if ((bytes === null || bytes.length === 0) && endpoint.bodyOptional) return {};
  return ofShape(endpoint, parseJsonObject(bytes ?? '', { numbers: endpoint.numbers }));
}

export function bytesOf({ body }: FastifyRequest): Buffer | null {
  return body instanceof Buffer ? body : null;
}

/** The object, when it has the declared shape; throws the declared errcode otherwise. */
export function ofShape({ body, wrongBody }: Pick<Endpoint, 'body' | 'wrongBody'>, object: JsonObject): JsonObject {
  if (body === null || body.Check(object)) return object;
  const [problem] = body.Errors(object);
  const where = problem?.instancePath.replace(/^\//, '').slice(0, 100) ?? '';
  throw new MatrixError(wrongBody, `${where === '' ? 'The body' : where} ${problem?.message ?? 'is not as expected'}.`);
}
