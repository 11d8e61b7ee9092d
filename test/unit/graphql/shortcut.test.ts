/** What a plan has answered for Apollo once is answered without Apollo; all else is left to it. */
import { buildSchema, getOperationAST, parse } from 'graphql';
import { expect, it } from 'vitest';
import { createCheck } from '../../../src/graphql/check-operations.ts';
import type { Context } from '../../../src/graphql/context.ts';
import { createDeadline } from '../../../src/graphql/deadline.ts';
import { createShortcut } from '../../../src/graphql/shortcut.ts';
import type { JsonObject } from '../../../src/matrix/json.ts';

const schema = buildSchema(
  'type Query { echo(text: String = "nothing"): String, broken: String! } type Mutation { act: Int }',
);
const { echo, broken } = schema.getQueryType()!.getFields();
echo!.resolve = (_root, { text }) => text;
broken!.resolve = () => null;

const MAX_COST = 3;
const [accept, type] = ['application/json', 'application/json; charset=utf-8'];

function contextOf(more: object = {}): Context {
  const deadline = createDeadline(1_000);
  return { actor: { userId: '@kim:example.com' }, readsOnly: false, deadline, ...more } as Context;
}

/** A shortcut that has seen Apollo asked for these documents. */
async function shortcutAfter(...documents: readonly string[]) {
  const check = createCheck({ introspection: 'on', maxCost: MAX_COST, timeoutMs: 1_000, plans: true });
  const shortcut = createShortcut({ check, maxCost: MAX_COST });
  await shortcut.plugin.serverWillStart!({ schema } as never);
  const listener = (await shortcut.plugin.requestDidStart!({} as never))!;
  for (const source of documents) {
    const document = parse(source);
    const operation = getOperationAST(document);
    await listener.responseForOperation!({
      schema,
      source,
      document,
      operation,
      request: {},
      contextValue: contextOf(),
    } as never);
  }
  shortcut.noteType(accept, type);
  return (body: JsonObject, more: object = {}) => shortcut.answer({ accept, body, context: contextOf(), ...more });
}

const query = 'query A($text: String) { echo(text: $text) }';
const told = { depth: 1, cost: 1, aliases: 0, maxCost: MAX_COST, maxDepth: 12, maxAliases: 100 };

it.each<[string, JsonObject, string]>([
  ['a document that came before', { query }, 'nothing'],
  ['other variables', { query, variables: { text: 'other' } }, 'other'],
  ['members that say nothing', { query, operationName: null, variables: null, extensions: null }, 'nothing'],
  ['an operation by its name', { query, operationName: 'A' }, 'nothing'],
])('%s', async (_what, body, text) => {
  const ask = await shortcutAfter(query);
  expect(await ask(body)).toEqual({ type, text: `{"data":{"echo":"${text}"},"extensions":${JSON.stringify(told)}}\n` });
});

it.each<[string, JsonObject, object?]>([
  ['another document', { query: '{ echo }' }],
  ['no document', {}],
  ['a persisted one', { query, extensions: { persistedQuery: { version: 1 } } }],
  ['an operation that is not there', { query, operationName: 'B' }],
  ['an operation that is none', { query, operationName: 7 }],
  ['variables that are none', { query, variables: [] }],
  ['variables that do not fit', { query, variables: { text: 7 } }],
  ['nobody', { query }, { context: contextOf({ actor: null }) }],
  ['those who take something that nobody took before', { query }, { accept: '*/*' }],
])('but not %s', async (_what, body, more = {}) => {
  const ask = await shortcutAfter(query);
  expect(await ask({ query })).not.toBeNull();
  expect(await ask(body, more)).toBeNull();
});

it.each([
  ['acts', 'mutation { act }'],
  ['what fails', '{ broken }'],
  ['directives', '{ echo @include(if: true) }'],
  ['too much', '{ echo a: echo b: echo c: echo }'],
])('nor %s, however often', async (_what, often) => {
  const ask = await shortcutAfter(often, often, often);
  expect(await ask({ query: often })).toBeNull();
});

it('has a query end in time', async () => {
  const ask = await shortcutAfter(query);
  const context = contextOf({ deadline: createDeadline(1) });
  await ask({ query }, { context });
  await expect.poll(() => context.deadline.signal.aborted).toBe(true);
});
