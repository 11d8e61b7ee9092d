/** A small Matrix client: what tests say to a started server. Not over fetch, which takes half of a test's time. */
import { request as ask } from 'undici';
import { expect } from 'vitest';
import { expectDeclared } from './declared.ts';

export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a server answers is looked at field by field
  readonly body: any;
  readonly headers: Pick<Headers, 'get' | 'has'>;
}

export interface Client {
  readonly userId: string;
  readonly token: string;
  /** Below /_matrix/client/v3 unless the path begins with /_. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** As `call`, and expects a 200. */
  ok(method: string, path: string, body?: unknown): Promise<Answer['body']>;
  /** A GraphQL request; the whole answer. */
  graphql(query: string, variables?: object): Promise<Answer['body']>;
}

export interface RequestOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly raw?: string | Uint8Array;
}

export type Request = typeof request;

/** A request to this server, which has to answer as it declares. */
export async function request(
  url: string,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const answer = await requestOf(url, method, path, options);
  expectDeclared(method, new URL(fullPath(url, path)).pathname, answer.status, answer.body);
  return answer;
}

const fullPath = (url: string, path: string): string =>
  path.startsWith('/_') || path.startsWith('/.') ? `${url}${path}` : `${url}/_matrix/client/v3${path}`;

/** The same to any server. */
export async function requestOf(
  url: string,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const full = fullPath(url, path);
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const { statusCode: status, ...answer } = await ask(full, {
    method: method as 'GET',
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.body.text();
  const isJson = String(answer.headers['content-type']).includes('json');
  const said: unknown = isJson && text !== '' ? JSON.parse(text) : text;
  return { status, body: said, headers: headersOf(answer.headers) };
}

function headersOf(said: Readonly<Record<string, string | string[] | undefined>>): Answer['headers'] {
  const get = (name: string): string | null => {
    const value = said[name.toLowerCase()];
    return value === undefined ? null : String(value);
  };
  return { get, has: (name) => get(name) !== null };
}

export function clientWith(url: string, token: string, userId: string, send: Request = request): Client {
  const call: Client['call'] = (method, path, body) => send(url, method, path, { token, body });
  return {
    userId,
    token,
    call,
    async ok(method, path, body) {
      const answer = await call(method, path, body);
      expect(answer, `${method} ${path}`).toMatchObject({ status: 200 });
      return answer.body;
    },
    async graphql(query, variables = {}) {
      const answer = await requestOf(url, 'POST', '/_vestibule/../graphql', { token, body: { query, variables } });
      return answer.body;
    },
  };
}

/** Registers a user (registration is open, one request). */
export async function register(
  url: string,
  username: string,
  password = `password of ${username}`,
  send: Request = request,
): Promise<Client> {
  const body = { username, password, auth: { type: 'm.login.dummy' } };
  const answer = await send(url, 'POST', '/register', { body });
  expect(answer, username).toMatchObject({ status: 200 });
  return clientWith(url, answer.body.access_token, answer.body.user_id, send);
}

/** A room that everybody may join, and that these people have joined, one after the other. */
export async function publicRoom(owner: Client, members: readonly Client[], options: object = {}): Promise<string> {
  const { room_id } = await owner.ok('POST', '/createRoom', { preset: 'public_chat', ...options });
  for (const member of members) await member.ok('POST', `/join/${room_id}`, {});
  return room_id;
}

/** A room that people knock on; only level 50 invites. */
export async function knockRoom(owner: Client, options: object = {}): Promise<string> {
  const { room_id } = await owner.ok('POST', '/createRoom', {
    preset: 'private_chat',
    name: 'The door',
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }],
    ...options,
  });
  return room_id;
}
