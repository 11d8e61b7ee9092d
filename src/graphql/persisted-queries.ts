/**
 * Documents that need not be sent, or parsed, again: automatic persisted queries by their hash, and what was made of documents.
 * In memory, and bounded; what went is asked for again, as by another process.
 */
import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { hash } from 'node:crypto';
import { MatrixError } from '../matrix/errors.ts';
import { isJsonObject, type JsonValue } from '../matrix/json.ts';

/** As Apollo wants it. */
export interface Cache<V> {
  get(key: string): Promise<V | undefined>;
  set(key: string, value: V): Promise<void>;
  delete(key: string): Promise<boolean>;
}

const MAX_TEXTS = 1_000;
const MAX_TEXT_CHARACTERS = 2 * 1024 * 1024;
const MAX_DOCUMENTS = 300;
/** In what it was made of: in memory a document takes about a hundred times as much. */
const MAX_DOCUMENT_CHARACTERS = 256 * 1024;

export function createTextCache(): Cache<string> {
  return boundedCache(MAX_TEXTS, MAX_TEXT_CHARACTERS, (text) => text.length);
}

export function createDocumentStore(): Cache<DocumentNode> {
  return boundedCache(MAX_DOCUMENTS, MAX_DOCUMENT_CHARACTERS, ({ loc }) => loc?.end ?? MAX_DOCUMENT_CHARACTERS);
}

/** What is known of as many documents, by their text. */
export function createDocumentNotes<V extends object>(): LRUCache<string, V> {
  return boundedEntries(MAX_DOCUMENTS, MAX_DOCUMENT_CHARACTERS, () => 0);
}

/** `sizeOf` counts the characters of a value, to which those of its key come. */
function boundedEntries<V extends object | string>(
  max: number,
  maxSize: number,
  sizeOf: (value: V) => number,
): LRUCache<string, V> {
  return new LRUCache<string, V>({ max, maxSize, sizeCalculation: (value, key) => sizeOf(value) + key.length });
}

function boundedCache<V extends object | string>(...bounds: Parameters<typeof boundedEntries<V>>): Cache<V> {
  const entries = boundedEntries(...bounds);
  return {
    get: async (key) => entries.get(key),
    set: async (key, value) => void entries.set(key, value),
    delete: async (key) => entries.delete(key),
  };
}

/** Throws M_INVALID_PARAM where a request names a document by a hash that is none, or not that of the one it brings. */
export function checkPersisted(body: JsonValue): void {
  const extensions = isJsonObject(body) ? body['extensions'] : undefined;
  const persisted = isJsonObject(extensions) ? extensions['persistedQuery'] : undefined;
  if (persisted === undefined) return;
  const refuse = (problem: string) => new MatrixError('M_INVALID_PARAM', problem);
  if (!isJsonObject(persisted) || persisted['version'] !== 1) throw refuse('persistedQuery has to be of version 1.');
  const sha256 = persisted['sha256Hash'];
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
    throw refuse('sha256Hash is 64 hexadecimal digits.');
  const query = isJsonObject(body) ? body['query'] : undefined;
  if (typeof query === 'string' && hash('sha256', query) !== sha256)
    throw refuse('sha256Hash is not that of the query.');
}
