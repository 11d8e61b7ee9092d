/** The OpenAPI document of what is served beside what the Matrix specification says of the same operations. */
import { readFileSync } from 'node:fs';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { openApiDocument } from '../../src/http/openapi.ts';

type Types = readonly string[];

interface Fields {
  readonly type?: string;
  readonly properties: Readonly<Record<string, Types>>;
  readonly required: readonly string[];
}

/** What is said of an operation, by the specification or by us. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly deprecated?: boolean;
  readonly security: string;
  readonly query: Readonly<Record<string, { readonly types: Types; readonly required?: boolean }>>;
  readonly body?: Fields & { readonly needed?: boolean };
  readonly answer?: Fields;
  readonly errors: readonly number[];
}

/** The specification's operations by their operationIds (test/vectors/README.md). */
export const specified = operationsIn('operations.json');
/** Those between servers. */
export const specifiedForServers = operationsIn('server-operations.json');

function operationsIn(name: string): Readonly<Record<string, Operation>> {
  return JSON.parse(readFileSync(new URL(`../vectors/spec/${name}`, import.meta.url), 'utf8')).operations;
}

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Documented {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: Schema }[];
  readonly requestBody?: Content & { readonly required?: boolean };
  readonly responses: Readonly<Record<string, Content>>;
}

interface Content {
  readonly content: { readonly 'application/json': { readonly schema: Schema } };
}

/** Our operations in the same words, by their operationIds. */
export function documented(endpoints: readonly Endpoint[]): ReadonlyMap<string, Operation> {
  const paths = openApiDocument(endpoints)['paths'] as Readonly<Record<string, Readonly<Record<string, Documented>>>>;
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId, security, parameters = [], requestBody, responses }]) => {
      const body =
        requestBody === undefined
          ? {}
          : { body: { ...fields(schemaOf(requestBody)), needed: requestBody.required === true } };
      const operation: Operation = {
        method: method.toUpperCase(),
        path,
        security: securityName(security),
        query: Object.fromEntries(
          parameters
            .filter((each) => each.in === 'query')
            .map(({ name, required, schema }) => [
              name,
              { types: types(schema), ...(required === true ? { required } : {}) },
            ]),
        ),
        ...body,
        answer: fields(schemaOf(responses['200']!)),
        errors: Object.keys(responses)
          .map(Number)
          .filter((status) => status >= 400),
      };
      return [operationId, operation] as const;
    }),
  );
  return new Map(operations);
}

function securityName(security: readonly object[]): string {
  if (security.some((scheme) => Object.hasOwn(scheme, 'signedRequest'))) return 'signedRequest';
  return ['none', 'user', 'optional'][security.length]!;
}

function schemaOf({ content }: Content): Schema {
  return content['application/json'].schema;
}

function fields({ type, properties = {}, required = [] }: Schema): Fields {
  const named = Object.entries(properties).map(([name, schema]) => [name, types(schema)] as const);
  return {
    ...(type === undefined || type === 'object' ? {} : { type }),
    properties: Object.fromEntries(named),
    required,
  };
}

function types({ type, anyOf = [] }: Schema): Types {
  return [...new Set([...(type === undefined ? [] : [type]), ...anyOf.flatMap(types)])].sort();
}

/** In what `ours` says otherwise than the specification, a line each. */
export function contradictions(name: string, ours: Operation, theirs: Operation): readonly string[] {
  const said: string[] = [];
  const differ = (what: string, mine: unknown, other: unknown): void => {
    const [one, two] = [JSON.stringify(mine), JSON.stringify(other)];
    if (one !== two) said.push(`${name}: ${what} is ${one}, in the specification ${two}`);
  };
  differ('method', ours.method, theirs.method);
  differ('path', ours.path, theirs.path);
  differ('caller', ours.security, theirs.security);
  for (const [param, { types: asked, required = false }] of Object.entries(ours.query)) {
    const other = theirs.query[param];
    if (other === undefined) said.push(`${name}: the specification has no parameter ${param}`);
    else {
      differ(`type of ${param}`, asked, other.types);
      differ(`need of ${param}`, required, other.required ?? false);
    }
  }
  for (const param of Object.keys(theirs.query))
    if (ours.query[param] === undefined) said.push(`${name}: the parameter ${param} is not read`);
  if (theirs.body === undefined || ours.body === undefined)
    differ('body', ours.body?.needed === true, theirs.body?.needed === true);
  else {
    said.push(...contradictingFields(`${name}: the body`, ours.body, theirs.body));
    for (const field of Object.keys(theirs.body.properties))
      if (ours.body.properties[field] === undefined) said.push(`${name}: ${field} of the body is not read`);
  }
  if (ours.answer !== undefined && theirs.answer !== undefined)
    said.push(...contradictingFields(`${name}: the answer`, ours.answer, theirs.answer));
  for (const status of theirs.errors)
    if (!ours.errors.includes(status)) said.push(`${name}: nothing is refused with ${status}`);
  return said;
}

function contradictingFields(what: string, ours: Fields, theirs: Fields): readonly string[] {
  const said: string[] = [];
  if (ours.type !== theirs.type)
    said.push(`${what} is ${ours.type ?? 'object'}, in the specification ${theirs.type ?? 'object'}`);
  for (const [field, mine] of Object.entries(ours.properties)) {
    const other = theirs.properties[field];
    if (other === undefined) said.push(`${what} has ${field}, which the specification does not know`);
    else if (other.length > 0 && mine.join() !== other.join())
      said.push(`${what} has ${field} as ${mine.join('|')}, in the specification ${other.join('|')}`);
  }
  const [mine, other] = [[...ours.required].sort(), [...theirs.required].sort()];
  const missing = other.filter((field) => !mine.includes(field));
  if (missing.length > 0) said.push(`${what} does not need ${missing.join(', ')}, in the specification it does`);
  return said;
}
