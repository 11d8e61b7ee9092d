/** Asks each field of the schema as each viewer, and tells in one letter what came of it. */
import {
  getNamedType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { Client } from './client.ts';
import { WORDS, type Scene } from './authorisation-scene.ts';

type Field = GraphQLField<unknown, unknown>;

/** What lists are made of: asked for with each list, and shown as it is. */
const PLUMBING = /(Connection|Edge)$|^PageInfo$/;

export function isPlumbing(type: string): boolean {
  return PLUMBING.test(type);
}

/** What acts answer: asked for with each act. */
export function isOfAct(type: string): boolean {
  return /(Payload|Result)$/.test(type);
}

/** Every field that a viewer can come by, but what lists are made of, and subscriptions. */
export function fieldsOf(schema: GraphQLSchema): readonly string[] {
  return objectTypes(schema)
    .filter(({ name }) => name !== 'Subscription')
    .flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));
}

function objectTypes(schema: GraphQLSchema): readonly GraphQLObjectType[] {
  const all = Object.values(schema.getTypeMap()).filter(isObjectType);
  return all.filter(({ name }) => !name.startsWith('__') && !isPlumbing(name));
}

/** What is asked of an object or a list: that it is there, and all that a list tells of itself. */
function below(field: Field): string {
  const type = getNamedType(field.type);
  if (isInterfaceType(type)) return ' { __typename id }';
  if (!isObjectType(type)) return '';
  if (!type.name.endsWith('Connection')) return ` { __typename ${'id' in type.getFields() ? 'id' : ''} }`;
  const { totalCount } = type.getFields();
  const node = getNamedType((type.getFields()['nodes'] as Field).type);
  const id = isObjectType(node) && 'id' in node.getFields() ? 'id' : '__typename';
  const count = totalCount === undefined ? '' : 'totalCount';
  return ` { ${count} nodes { ${id} } edges { cursor node { ${id} } } pageInfo { hasNextPage hasPreviousPage endCursor } }`;
}

/** A field with what it has to be given. */
function asked(scene: Scene, field: Field): string {
  const values: Readonly<Record<string, string>> = {
    roomId: JSON.stringify(scene.roomId),
    userId: JSON.stringify(scene.viewers.knocker.userId),
    server: JSON.stringify(scene.server),
    from: `{ position: "${scene.position}" }`,
    id: JSON.stringify({ job: scene.jobId, knock: scene.ids['Knock']![1] }[field.name] ?? scene.ids['Room']![0]),
  };
  // Rooms are named by one of two arguments, neither of which the schema can demand.
  const needed = field.args.filter(
    (arg) => isNonNullType(arg.type) || (field.name === 'room' && arg.name === 'roomId'),
  );
  const args = needed.map(({ name }) => `${name}: ${values[name] ?? 'null'}`).join(', ');
  return `${field.name}${args === '' ? '' : `(${args})`}${below(field)}`;
}

/** The ways to things that have no id. */
const WAYS: Readonly<Record<string, (scene: Scene) => string>> = {
  Query: () => '%',
  Viewer: () => 'viewer { % }',
  RoomStats: ({ roomId }) => `room(roomId: "${roomId}") { stats { % } }`,
  DecisionTimes: ({ roomId }) => `room(roomId: "${roomId}") { stats { timeToDecision { % } } }`,
  KnockOutcomes: ({ roomId }) => `room(roomId: "${roomId}") { stats { outcomesByServer { % } } }`,
  Server: () => 'server { % }',
  LogReader: () => 'server { readers { % } }',
  Seal: () => 'server { lastSeal { % } }',
  VerifyRun: () => 'server { lastVerify { % } }',
  RoomWarning: ({ warnedRoomId }) => `room(roomId: "${warnedRoomId}") { warnings { % } }`,
  PowerLevels: ({ roomId }) => `room(roomId: "${roomId}") { powerLevels { % } }`,
  UserPowerLevel: ({ roomId }) => `room(roomId: "${roomId}") { powerLevels { users { % } } }`,
  KnockSighting: ({ ids }) => `knock(id: "${ids['Knock']![1]}") { seenBy { % } }`,
  KnockNote: ({ ids }) => `knock(id: "${ids['Knock']![1]}") { notes { % } }`,
  KnockEvidence: ({ ids }) => `knock(id: "${ids['Knock']![0]}") { evidence { % } }`,
  EvidenceEvent: ({ ids }) => `knock(id: "${ids['Knock']![0]}") { evidence { events { % } } }`,
  EvidenceSignature: ({ ids }) => `knock(id: "${ids['Knock']![0]}") { evidence { events { signatures { % } } } }`,
  Destination: ({ server }) => `destination(server: "${server}") { % }`,
  Delivery: ({ ids }) => `knock(id: "${ids['Knock']![0]}") { deliveries { nodes { % } } }`,
  Job: ({ jobId }) => `job(id: "${jobId}") { % }`,
  PathStep: ({ ids }) => `node(id: "${ids['Member']![0]}") { ... on Member { path { nodes { % } } } }`,
  MembershipDiff: ({ roomId, position }) =>
    `membershipDiff(roomId: "${roomId}", from: { position: "${position}" }) { nodes { % } }`,
};

function waysTo(scene: Scene, type: string): readonly string[] {
  const ids = scene.ids[type];
  if (ids !== undefined) return ids.map((id) => `node(id: "${id}") { ... on ${type} { % } }`);
  const way = WAYS[type];
  if (way === undefined) throw new Error(`nobody knows a way to ${type}: test/support/authorisation.ts`);
  return [way(scene)];
}

/** What one viewer gets of a field; an error is its code. */
async function answerTo(client: Client, query: string): Promise<readonly unknown[]> {
  const { data, errors } = await client.graphql(query);
  if (errors !== undefined) return [`refused ${errors[0].extensions.code}`];
  return leaves(data, 'it');
}

/** All values under a name, wherever they are. */
function leaves(value: unknown, name: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((each) => leaves(each, name));
  return Object.entries(value).flatMap(([key, inner]) => (key === name ? [inner] : leaves(inner, name)));
}

/** How much a value tells: entries of a list, or that it is there; of JSON also the words of the scene that stand in it. */
function weight(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (Array.isArray(value)) return value.length;
  if (typeof value !== 'object') return 1;
  if ('nodes' in value && Array.isArray(value.nodes)) return value.nodes.length;
  const text = JSON.stringify(value);
  return 1 + Object.values(WORDS).filter((words) => text.includes(words)).length;
}

const weightOf = (values: readonly unknown[]): number => values.reduce<number>((sum, value) => sum + weight(value), 0);

/** What every viewer gets of a field, in the order of `viewers`. */
export async function cellsOf(
  schema: GraphQLSchema,
  scene: Scene,
  path: string,
  viewers: readonly Client[],
): Promise<string> {
  const [typeName = '', fieldName = ''] = path.split('.');
  const field = (schema.getType(typeName) as GraphQLObjectType).getFields()[fieldName]!;
  const ways = waysTo(scene, typeName);
  const queries = ways.map((way) => `{ ${way.replace('%', `it: ${asked(scene, field)}`)} }`);
  const got = await Promise.all(
    viewers.map(async (client) => (await Promise.all(queries.map((query) => answerTo(client, query)))).flat()),
  );
  const whole = Math.max(...got.map((values) => (isRefused(values) ? 0 : weightOf(values))));
  return got.map((values) => cellOf(values, whole)).join('');
}

/** `+` shown, `~` of some of what there is, `-` nothing, `x` refused; for what is yes or no, `y` or `n` of the latest. */
function cellOf(values: readonly unknown[], whole: number): string {
  if (isRefused(values)) return values.includes('refused M_FORBIDDEN') ? 'x' : '!';
  if (values.length > 0 && values.every((value) => typeof value === 'boolean'))
    return values.at(-1) === true ? 'y' : 'n';
  const shown = weightOf(values);
  if (shown === 0) return '-';
  return shown === whole ? '+' : '~';
}

const isRefused = (values: readonly unknown[]): boolean =>
  values.some((value) => typeof value === 'string' && value.startsWith('refused '));
