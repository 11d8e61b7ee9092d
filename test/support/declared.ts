/** Every answer that tests get is held against the declaration of its endpoint, and so against the OpenAPI document. */
import { Compile, type Validator } from 'typebox/compile';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { refusalsOf } from '../../src/http/openapi.ts';
import { servedEndpoints } from '../../src/http/served-endpoints.ts';
import { serverServerEndpoints } from '../../src/http/server-server/index.ts';

interface Known {
  readonly method: string;
  readonly path: RegExp;
  readonly endpoint: Endpoint;
  readonly refusals: ReadonlySet<string>;
  answer: Validator | null;
}

// A part that is written out is nearer than a parameter in its place.
const known: readonly Known[] = [...servedEndpoints, ...serverServerEndpoints]
  .flatMap((endpoint) => endpoint.paths.map((path) => ({ endpoint, path })))
  .sort((one, other) => parameters(one.path) - parameters(other.path))
  .map(({ endpoint, path }) => ({
    method: endpoint.method,
    path: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`),
    endpoint,
    refusals: new Set(refusalsOf(endpoint).map((refusal) => refusal.join(' '))),
    answer: null,
  }));

function parameters(path: string): number {
  return path.split(':').length;
}

/** What an answer has that its endpoint does not declare; null: nothing, or the path is none of ours. */
export function undeclared(method: string, path: string, status: number, body: unknown): string | null {
  const bare = path.split('?')[0]!;
  const found = known.find((each) => each.method === method && each.path.test(bare));
  if (found === undefined) return null;
  const { endpoint, refusals } = found;
  const name = endpoint.operationId;
  if (status === 200) {
    found.answer ??= Compile(endpoint.answer);
    if (found.answer.Check(body)) return null;
    const [problem] = found.answer.Errors(body);
    return `${name} answers what it does not declare: ${problem?.instancePath ?? ''} ${problem?.message ?? ''} ${JSON.stringify(body).slice(0, 500)}`;
  }
  if (status === 401 && endpoint.asksForStages && asksForStages(body)) return null;
  const { errcode = '' } = body as { readonly errcode?: string };
  // What may befall any request: a fault, a database that is away, a body beyond all bounds.
  const anywhere = status === 500 || status === 503 || status === 413;
  if (anywhere || refusals.has(`${errcode} ${status}`)) return null;
  return `${name} refuses with ${status} ${errcode}, which it does not declare: ${JSON.stringify(body).slice(0, 300)}`;
}

function asksForStages(body: unknown): boolean {
  const { flows, session } = body as { readonly flows?: unknown; readonly session?: unknown };
  return Array.isArray(flows) && typeof session === 'string';
}

/** Throws for an answer that its endpoint does not declare. */
export function expectDeclared(method: string, path: string, status: number, body: unknown): void {
  const problem = undeclared(method, path, status, body);
  if (problem !== null) throw new Error(problem);
}
