/**
 * Distils the Matrix specification's OpenAPI files into the facts that the document of this server is held against:
 * `node scripts/distil-matrix-spec.ts CHECKOUT`, where CHECKOUT is a clone of github.com/matrix-org/matrix-spec. Of each
 * operation: where it is, who may call it, what it is sent, what it must answer. No sentence of the specification is taken.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { format, resolveConfig } from 'prettier';

const FOLDER = fileURLToPath(new URL('../test/vectors/spec/', import.meta.url));
/** Of each API the folder of its OpenAPI files, and the file that tells of it. */
const APIS = { 'client-server': 'operations.json', 'server-server': 'server-operations.json' } as const;
const METHODS = ['get', 'post', 'put', 'delete'] as const;

type Node = Readonly<Record<string, unknown>>;

interface Placed {
  readonly node: Node;
  /** The file in which its references are read. */
  readonly file: string;
}

const [checkout] = process.argv.slice(2);
if (checkout === undefined) throw new Error('The path of a matrix-spec checkout is missing.');
const git = (...words: string[]): string =>
  execFileSync('git', ['-C', checkout, ...words], { encoding: 'utf8' }).trim();
const versions = readdirSync(join(checkout, 'content/changelog')).flatMap(
  (name) => /^v1\.(\d+)\.md$/.exec(name)?.[1] ?? [],
);

for (const [api, name] of Object.entries(APIS)) {
  const folder = join(resolve(checkout), 'data/api', api);
  const operations = Object.fromEntries(
    readdirSync(folder)
      .filter((each) => each.endsWith('.yaml'))
      .flatMap((each) => operationsOf(join(folder, each)))
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
  const table = {
    source: `github.com/matrix-org/matrix-spec, data/api/${api}`,
    commit: git('rev-parse', 'HEAD'),
    committed: git('show', '-s', '--format=%cs', 'HEAD'),
    newest_release: `v1.${Math.max(...versions.map(Number))}`,
    operations,
  };
  const file = join(FOLDER, name);
  writeFileSync(file, await format(JSON.stringify(table), { ...(await resolveConfig(file)), parser: 'json' }));
  process.stdout.write(`${relative(process.cwd(), file)}: ${Object.keys(operations).length} operations\n`);
}

function operationsOf(file: string): (readonly [string, object])[] {
  const document = parse(readFileSync(file, 'utf8')) as Node;
  const [server] = document['servers'] as readonly { variables: { basePath: { default: string } } }[];
  const base = server!.variables.basePath.default;
  return Object.entries(document['paths'] as Record<string, Node>).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const node = item[method] as Node | undefined;
      if (node === undefined) return [];
      const shared = (item['parameters'] ?? []) as readonly Node[];
      const at = `${base}${path}`.trim();
      return [[String(node['operationId']), operationOf({ node, file }, method.toUpperCase(), at, shared)] as const];
    }),
  );
}

function operationOf({ node, file }: Placed, method: string, path: string, shared: readonly Node[]): object {
  const parameters = [...shared, ...((node['parameters'] ?? []) as readonly Node[])].map((each) =>
    follow({ node: each, file }),
  );
  const responses = Object.entries(node['responses'] as Record<string, Node>);
  const success = responses.find(([status]) => status === '200')?.[1];
  const body = node['requestBody'] as Node | undefined;
  const answered = success === undefined ? null : jsonSchema({ node: success, file });
  return {
    method,
    path,
    deprecated: node['deprecated'] === true ? true : undefined,
    security: securityOf(node),
    query: Object.fromEntries(
      parameters
        .filter((each) => each.node['in'] === 'query')
        .map((each) => [String(each.node['name']), parameterOf(each)]),
    ),
    body: body === undefined ? undefined : bodyOf({ node: body, file }),
    answer: answered === null ? undefined : fieldsOf(answered),
    errors: responses.map(([status]) => Number(status)).filter((status) => status >= 400),
  };
}

/** Who may call: `user` with an access token, `optional` with or without one, `none`. */
function securityOf(node: Node): string {
  const schemes = (node['security'] ?? []) as readonly Node[];
  const withToken = schemes.some((scheme) => Object.hasOwn(scheme, 'accessTokenBearer'));
  if (!withToken) return Object.keys(schemes[0] ?? {})[0] ?? 'none';
  return schemes.some((scheme) => Object.keys(scheme).length === 0) ? 'optional' : 'user';
}

function parameterOf({ node, file }: Placed): object {
  const schema = follow({ node: node['schema'] as Node, file });
  return { types: typesOf(schema), required: node['required'] === true ? true : undefined };
}

function bodyOf(body: Placed): object | undefined {
  const schema = jsonSchema(body);
  if (schema === null) return undefined;
  return { needed: body.node['required'] === true ? true : undefined, ...fieldsOf(schema) };
}

/** The schema of what is sent as JSON; null for bodies of another kind. */
function jsonSchema({ node, file }: Placed): Placed | null {
  const target = follow({ node, file });
  const content = target.node['content'] as Record<string, Node> | undefined;
  const schema = content?.['application/json']?.['schema'] as Node | undefined;
  return schema === undefined ? null : follow({ node: schema, file: target.file });
}

interface Fields {
  readonly type?: string;
  readonly properties: Readonly<Record<string, readonly string[]>>;
  readonly required: readonly string[];
}

/** Top-level properties with their types, those of every `allOf` too. */
function fieldsOf(schema: Placed): Fields {
  const parts = partsOf(schema);
  const types = [...new Set(parts.flatMap(({ node }) => (typeof node['type'] === 'string' ? [node['type']] : [])))];
  const properties = parts.flatMap(({ node, file }) =>
    Object.entries((node['properties'] ?? {}) as Record<string, Node>).map(
      ([name, property]) => [name, typesOf(follow({ node: property, file }))] as const,
    ),
  );
  return {
    ...(types.length === 1 && types[0] !== 'object' ? { type: types[0]! } : {}),
    properties: Object.fromEntries(properties),
    required: [...new Set(parts.flatMap(({ node }) => (node['required'] ?? []) as readonly string[]))],
  };
}

function partsOf(schema: Placed): readonly Placed[] {
  const { node, file } = follow(schema);
  const parts = (node['allOf'] ?? []) as readonly Node[];
  return [{ node, file }, ...parts.flatMap((part) => partsOf({ node: part, file }))];
}

/** JSON types that a schema allows; none when it says nothing of them. */
function typesOf(schema: Placed): readonly string[] {
  const found = partsOf(schema).flatMap(({ node, file }) => {
    const own = [node['type'] ?? []].flat().map(String);
    const either = [node['oneOf'] ?? [], node['anyOf'] ?? []].flat() as unknown as readonly Node[];
    return [...own, ...either.flatMap((each) => typesOf(follow({ node: each, file })))];
  });
  return [...new Set(found)].sort();
}

/** What a `$ref` leads to; one may name a file, a place in it, or both. */
function follow({ node, file }: Placed): Placed {
  const reference = node['$ref'];
  if (typeof reference !== 'string') return { node, file };
  const [path = '', pointer = ''] = reference.split('#');
  const target = path === '' ? file : resolve(dirname(file), path);
  const document: unknown = parse(readFileSync(target, 'utf8'));
  const found = pointer
    .split('/')
    .filter((part) => part !== '')
    .reduce<unknown>((at, part) => (at as Node)[part], document);
  return follow({ node: found as Node, file: target });
}
