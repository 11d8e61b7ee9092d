/** What an endpoint is: a declaration of method, path, caller and shapes, and the function that answers. */
import type { TSchema, Static } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { Actor } from '../commands/act.ts';
import type { Errcode } from '../matrix/errors.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';
import type { LimitName } from './limits.ts';
import type { HttpParts } from './parts.ts';

/** The caller of an endpoint that asks for one. */
export interface Caller extends Actor {
  readonly deviceId: string;
}

/** The caller of an endpoint that is for other servers. */
export interface ServerCaller {
  readonly server: ServerName;
}

/**
 * How a query parameter is read: `one` text, which may be missing; `needed`, which may not; `many`, a list; `integer`, from 0
 * on; `boolean`, true or false.
 */
export type QueryKind = 'one' | 'needed' | 'many' | 'integer' | 'boolean';
type QueryOf<Q extends Readonly<Record<string, QueryKind>>> = { readonly [K in keyof Q]: QueryValue<Q[K]> };
type QueryValue<K extends QueryKind> = {
  readonly one: string | undefined;
  readonly needed: string;
  readonly many: readonly string[];
  readonly integer: number | undefined;
  readonly boolean: boolean | undefined;
}[K];
type ParamsOf<Path extends string> = Path extends `${infer Head}/${infer Tail}`
  ? ParamsOf<Head> & ParamsOf<Tail>
  : Path extends `:${infer Name}`
    ? { readonly [K in Name]: string }
    : unknown;

/**
 * `user`: a valid access token is needed; `optional`: one is checked when given; `admin`: a server admin's; `server`: another
 * server's signature, which is over the body too.
 */
export type AuthKind = keyof Callers;

interface Callers {
  readonly none: null;
  readonly optional: Caller | null;
  readonly user: Caller;
  readonly admin: Caller;
  readonly server: ServerCaller;
}

export interface EndpointRequest<Params, Query, Body, By> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: By;
  /** Aborts when the client goes away and when the server shuts down. */
  readonly signal: AbortSignal;
  readonly ip: string;
}

/** What is sent, as JSON; with status 200 unless {@link withStatus} says otherwise. */
export type EndpointAnswer = object;

const status = Symbol('status');

export function withStatus(code: number, answer: object): EndpointAnswer {
  return { ...answer, [status]: code };
}

export function statusOf(answer: EndpointAnswer): number {
  return (answer as { readonly [status]?: number })[status] ?? 200;
}

const pieces = Symbol('pieces');

/** An answer in pieces of its JSON text, each made when the client has taken the one before: for what is long. */
export function inPieces(texts: AsyncIterable<string>): EndpointAnswer {
  return { [pieces]: texts };
}

/** The pieces of such an answer; null for any other. */
export function piecesOf(answer: EndpointAnswer): AsyncIterable<string> | null {
  return (answer as { readonly [pieces]?: AsyncIterable<string> })[pieces] ?? null;
}

/** A refusal: its errcode, with the HTTP status where that is not the errcode's own. */
export type Refusal = Errcode | readonly [Errcode, number];

export interface Declaration<
  Path extends string,
  Q extends Readonly<Record<string, QueryKind>>,
  A extends AuthKind,
  S extends TSchema,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Served under r0 as well when it begins with /_matrix/client/v3. */
  readonly path: Path;
  /** More spellings of the same path. */
  readonly aliases?: readonly string[];
  readonly auth: A;
  /** Named query parameters; others are ignored. A repeated `one` is refused. */
  readonly query?: Q;
  /** The body: none is read; an `optional` one may be empty (then {}); otherwise an object is needed. */
  readonly body?: S;
  readonly bodyOptional?: boolean;
  /** `any`: the body is kept and not signed, so its numbers may have fractions. */
  readonly numbers?: 'any';
  /** An element of a list in a signed body that is no JSON Matrix knows is null, and does not spoil the others. */
  readonly sparesElements?: true;
  /** What a body of another shape is refused with; M_BAD_JSON by default. */
  readonly wrongBody?: Errcode;
  readonly limit?: LimitName;
  /** It asks who is there: refuses with 401 and the stages of user-interactive authentication. */
  readonly asksForStages?: true;
  /** What it does, in a sentence. */
  readonly summary: string;
  /** The shape of the answer, as far as it is promised. */
  readonly answer: TSchema;
  /** Refusals of its own: those that follow from caller, query, body and limit are known without being named. */
  readonly errors: readonly Refusal[];
  handle(
    parts: HttpParts,
    request: EndpointRequest<
      ParamsOf<Path>,
      QueryOf<Q>,
      S extends TSchema ? Static<S> & JsonObject : undefined,
      Callers[A]
    >,
  ): Promise<EndpointAnswer> | EndpointAnswer;
}

/** A declaration with its types forgotten, ready to be served. */
export interface Endpoint {
  /** Its name in the specification's OpenAPI. */
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly paths: readonly string[];
  readonly auth: AuthKind;
  readonly query: Readonly<Record<string, QueryKind>>;
  readonly body: Validator | null;
  readonly bodyShape: TSchema | null;
  readonly bodyOptional: boolean;
  readonly numbers: 'integers' | 'any';
  readonly sparesElements: boolean;
  readonly wrongBody: Errcode;
  readonly limit: LimitName | null;
  readonly asksForStages: boolean;
  readonly summary: string;
  readonly answer: TSchema;
  readonly errors: readonly Refusal[];
  readonly handle: (
    parts: HttpParts,
    request: EndpointRequest<never, never, never, never>,
  ) => Promise<EndpointAnswer> | EndpointAnswer;
}

type UnnamedEndpoint = Omit<Endpoint, 'operationId'>;

/** Endpoints by the names under which they are listed: their operationIds. */
export function named(endpoints: Readonly<Record<string, UnnamedEndpoint>>): readonly Endpoint[] {
  return Object.entries(endpoints).map(([operationId, declared]) => ({ ...declared, operationId }));
}

/** Declares an endpoint. The file that does is named after the operationId of the Matrix specification's OpenAPI. */
export function endpoint<
  const Path extends string,
  const Q extends Readonly<Record<string, QueryKind>> = Readonly<Record<never, never>>,
  const A extends AuthKind = AuthKind,
  S extends TSchema = TSchema,
>(declared: Declaration<Path, Q, A, S>): UnnamedEndpoint {
  const paths = [declared.path, ...(declared.aliases ?? [])];
  const old = paths
    .filter((path) => path.startsWith('/_matrix/client/v3/'))
    .map((path) => path.replace('/_matrix/client/v3/', '/_matrix/client/r0/'));
  return {
    method: declared.method,
    paths: [...paths, ...old],
    auth: declared.auth,
    query: declared.query ?? {},
    body: declared.body === undefined ? null : Compile(declared.body),
    bodyShape: declared.body ?? null,
    bodyOptional: declared.bodyOptional ?? false,
    numbers: declared.numbers ?? 'integers',
    sparesElements: declared.sparesElements ?? false,
    wrongBody: declared.wrongBody ?? 'M_BAD_JSON',
    limit: declared.limit ?? null,
    asksForStages: declared.asksForStages ?? false,
    summary: declared.summary,
    answer: declared.answer,
    errors: declared.errors,
    handle: (parts, request) => declared.handle(parts, request),
  };
}
