/** The two public doors of a server: the Matrix client-server API and GraphQL, over fetch. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Account {
  readonly userId: string;
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Api {
  readonly url: string;
  /** As {@link Api.matrix}, and resolves to refusals too. */
  call(account: Account | null, method: string, path: string, body?: object): Promise<Answer>;
  /** A request to the client-server API, below /_matrix/client/v3. Resolves to the body of a 200. */
  matrix(
    account: Account | null,
    method: string,
    path: string,
    body?: object,
  ): Promise<Readonly<Record<string, unknown>>>;
  /** Resolves to `data`. */
  graphql(account: Account, query: string, variables?: object): Promise<Readonly<Record<string, unknown>>>;
}

/** Rejects with a Error when no Vestibule answers there. */
export async function openApi(url: string, say: (line: string) => void): Promise<Api> {
  const versions = await ask(url, 'GET', '/_matrix/client/versions').catch((error: unknown) => {
    const why = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    throw new Error(`No server answers at ${url}${why}.\nStart one in another terminal: npm start`);
  });
  if (!Array.isArray(versions.body['versions'])) throw new Error(`What answers at ${url} is no Matrix server.`);
  const health = await ask(url, 'GET', '/health');
  if (!('workerSeenSecondsAgo' in health.body)) throw new Error(`The Matrix server at ${url} is no Vestibule.`);
  const patient = async (...[method, path, options]: [string, string, AskOptions]): Promise<Answer> => {
    for (;;) {
      const answer = await ask(url, method, path, options);
      if (answer.body['errcode'] !== 'M_LIMIT_EXCEEDED') return answer;
      const wait = Number(answer.body['retry_after_ms'] ?? 1_000);
      say(`  … the server asks to wait ${(wait / 1_000).toFixed(1)} s`);
      await sleep(wait);
    }
  };
  const call: Api['call'] = (account, method, path, body) =>
    patient(method, `/_matrix/client/v3${path}`, { account, body });
  return {
    url,
    call,
    async matrix(account, method, path, body) {
      const answer = await call(account, method, path, body);
      if (answer.status === 200) return answer.body;
      throw refusal(`${method} ${path}`, answer);
    },
    async graphql(account, query, variables = {}) {
      const { body } = await patient('POST', '/graphql', { account, body: { query, variables } });
      const { data, errors } = body as { data?: Record<string, unknown>; errors?: readonly { message: string }[] };
      if (data !== undefined && errors === undefined) return data;
      throw new Error(`GraphQL refused the request: ${errors?.map(({ message }) => message).join('; ') ?? 'no data'}`);
    },
  };
}

/** Rejects with an Error that says what to do when nobody may register, or the name is taken. */
export async function register(api: Api, username: string, password: string): Promise<Account> {
  const body = { username, password, auth: { type: 'm.login.dummy' } };
  const answer = await api.call(null, 'POST', '/register', body);
  if (answer.status === 200) {
    return { userId: String(answer.body['user_id']), token: String(answer.body['access_token']) };
  }
  if (answer.body['errcode'] === 'M_USER_IN_USE')
    throw new Error(`The name ${username} is taken. Run the demo again: it draws other names each time.`);
  // Registration is closed, or asks for a token.
  if (answer.status === 403 || answer.status === 401)
    throw new Error(
      `Not everybody may register on ${api.url}, and the demo needs thirteen accounts.\n` +
        'Run it against a server with REGISTRATION=open (a first `npm start` has that).',
    );
  throw refusal('POST /register', answer);
}

interface AskOptions {
  readonly account?: Account | null;
  readonly body?: object | undefined;
}

async function ask(url: string, method: string, path: string, { account, body }: AskOptions = {}): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(account === undefined || account === null ? {} : { authorization: `Bearer ${account.token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  try {
    return { status: answer.status, body: JSON.parse(text) as Answer['body'] };
  } catch {
    return { status: answer.status, body: {} };
  }
}

function refusal(what: string, { status, body }: Answer): Error {
  return new Error(`${what} was answered with ${status} ${JSON.stringify(body)}`);
}
