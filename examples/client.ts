/** What the examples share: a question to GraphQL, and a stream that goes on after every break. */
import { createClient } from 'graphql-ws';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Server {
  /** Such as http://127.0.0.1:8008. */
  readonly url: string;
  /** An access token of a user, or a service token. */
  readonly token: string;
}

/** The server that the environment names: VESTIBULE_URL and VESTIBULE_TOKEN. Throws an Error without a token. */
export function serverOf(env: Readonly<Record<string, string | undefined>>): Server {
  const { VESTIBULE_URL: url = 'http://127.0.0.1:8008', VESTIBULE_TOKEN: token } = env;
  if (token === undefined || token === '') throw new Error('VESTIBULE_TOKEN is not set.');
  return { url, token };
}

interface Reply<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

/** Rejects with an Error that has the codes and messages of what went wrong. */
export async function ask<Data>({ url, token }: Server, query: string, variables: object = {}): Promise<Data> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return dataOf((await answer.json()) as Reply<Data>);
}

function dataOf<Data>({ data, errors = [] }: Reply<Data>): Data {
  if (errors.length > 0 || !data) {
    throw new Error(errors.map(({ message, extensions }) => `${extensions?.code}: ${message}`).join('; '));
  }
  return data;
}

export interface News<Data> {
  readonly data: Data;
  /** Where to go on after it. */
  readonly position: string;
}

const FORBIDDEN = 4403;
const PAUSE_MS = 1_000;

/**
 * What a subscription gives, each thing once and in order, for as long as the token counts. The subscription takes `$after`.
 * When the connection breaks it is opened again, after the last thing that came.
 */
export async function* follow<Data extends Record<string, unknown>>(
  { url, token }: Server,
  query: string,
  variables: object,
  after: string | null,
): AsyncGenerator<News<Data>, never> {
  for (let position = after; ; await sleep(PAUSE_MS)) {
    const client = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
    try {
      const results = client.iterate<Data, { position: string }>({
        query,
        variables: { ...variables, after: position },
      });
      for await (const { data, errors, extensions } of results) {
        position = extensions!.position;
        yield { data: dataOf<Data>({ data: data ?? null, ...(errors && { errors }) }), position };
      }
    } catch (error) {
      // A broken connection has a code; errors of the document do not.
      const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
      if (code === FORBIDDEN) throw new Error('The token does not count (any more).', { cause: error });
      if (Array.isArray(error)) dataOf({ errors: error as Reply<Data>['errors'] & object });
      if (code === null && !isUnreachable(error)) throw error;
    } finally {
      await client.dispose();
    }
  }
}

// No connection came about: the server may be back in a moment.
function isUnreachable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'type' in error && error.type === 'error';
}
