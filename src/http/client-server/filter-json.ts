/** Reads the JSON of filters (client-server API, Filtering): a value of the wrong type is M_INVALID_PARAM. */
import { MatrixError } from '../../matrix/errors.ts';
import { isJsonArray, isJsonObject, parseJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.ts';

const DEFAULT_TIMELINE_LIMIT = 10;
const MAX_TIMELINE_LIMIT = 100;

export function parseInline(text: string): JsonObject {
  if (!text.startsWith('{')) throw noSuchFilter();
  try {
    return parseJsonObject(text);
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    throw new MatrixError('M_INVALID_PARAM', `filter: ${error.message}`);
  }
}

export function noSuchFilter(): MatrixError {
  return new MatrixError('M_INVALID_PARAM', 'There is no such filter.');
}

export function invalid(name: string): MatrixError {
  return new MatrixError('M_INVALID_PARAM', `filter: ${name} has the wrong type.`);
}

export function objectAt(parent: JsonObject, name: string): JsonObject {
  const value = own(parent, name);
  if (value === undefined) return {};
  if (!isJsonObject(value)) throw invalid(name);
  return value;
}

export function limitAt(timeline: JsonObject): number {
  const value = own(timeline, 'limit');
  if (value === undefined) return DEFAULT_TIMELINE_LIMIT;
  if (typeof value !== 'number' || value < 0) throw invalid('limit');
  return Math.min(value, MAX_TIMELINE_LIMIT);
}

export function flagAt(parent: JsonObject, name: string): boolean {
  const value = own(parent, name);
  if (value !== undefined && typeof value !== 'boolean') throw invalid(name);
  return value === true;
}

export function listAt(parent: JsonObject, name: string): ReadonlySet<string> {
  const value = own(parent, name);
  if (value === undefined) return new Set();
  if (!isJsonArray(value)) throw invalid(name);
  return new Set(
    value.map((entry) => {
      if (typeof entry !== 'string') throw invalid(name);
      return entry;
    }),
  );
}

export function own(parent: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(parent, name) ? parent[name] : undefined;
}
