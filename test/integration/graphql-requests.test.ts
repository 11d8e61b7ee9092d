/** Requests to /graphql that are too much, malformed or none at all: refused in time, in words, and without a trace inside. */
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BAD_BODIES } from '../support/bad-bodies.ts';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, type Desk } from '../support/graphql.ts';
import { rawRequest, type RawAnswer, type RawRequest } from '../support/raw.ts';

let desk: Desk;
let kim: Client;
let roomId: string;

beforeAll(async () => {
  desk = await openDesk();
  kim = await desk.join('kim');
  roomId = await makeRoom(kim);
});

afterAll(() => desk.close());

const JSON_TYPE = { 'content-type': 'application/json' };

function post(body: string | Uint8Array, more: Partial<RawRequest> = {}): Promise<RawAnswer> {
  const asked = { method: 'POST', path: '/graphql', token: kim.token, headers: JSON_TYPE, body };
  return rawRequest(desk.server.port, { ...asked, ...more });
}

const send = (query: unknown, more: object = {}) => post(JSON.stringify({ query, ...more }));

function expectRefused(answer: RawAnswer, status: number, code: string, what: string): void {
  expect(
    { status: answer.status, code: answer.json?.errors?.[0]?.extensions?.code },
    `${what} ${answer.text.slice(0, 200)}`,
  ).toEqual({
    status,
    code,
  });
  expect(answer.json.errors, what).toHaveLength(1);
  expect(answer.json.data ?? null, what).toBeNull();
  expect(answer.text, what).not.toMatch(/\bat .*\.[jt]s|node_modules|select .* from|stacktrace/i);
  expect(answer.headers['access-control-allow-origin'], what).toBe('*');
}

describe('how a request is sent', () => {
  it('is by POST: other methods are refused, and GET shows the explorer to browsers only', async () => {
    const query = `/graphql?query=${encodeURIComponent('{ viewer { isAdmin } }')}`;
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await rawRequest(desk.server.port, { method, path: query, token: kim.token });
      expectRefused(answer, 405, 'M_UNRECOGNIZED', method);
      expect(answer.headers.allow).toContain('POST');
    }
    const head = await rawRequest(desk.server.port, { method: 'HEAD', path: query, token: kim.token });
    expect([head.status, head.text]).toEqual([405, '']);
    const page = await rawRequest(desk.server.port, { method: 'GET', path: query, headers: { accept: 'text/html' } });
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.text).not.toContain('isAdmin');
    const options = await rawRequest(desk.server.port, { method: 'OPTIONS', path: '/graphql' });
    expect([options.status, options.headers['access-control-allow-origin']]).toEqual([204, '*']);
  });

  it('is as JSON that says so, to somebody who takes JSON', async () => {
    const body = JSON.stringify({ query: '{ viewer { isAdmin } }' });
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/graphql',
    ]) {
      expectRefused(await post(body, { headers: { 'content-type': type } }), 415, 'M_NOT_JSON', type);
    }
    expectRefused(await post(body, { headers: {} }), 415, 'M_NOT_JSON', 'no type');
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON ;charset="UTF-8"']) {
      expect((await post(body, { headers: { 'content-type': type } })).json.data, type).toEqual({
        viewer: { isAdmin: false },
      });
    }
    for (const accept of ['text/html', 'image/png, text/*;q=0.5', 'application/xml']) {
      expectRefused(await post(body, { headers: { ...JSON_TYPE, accept } }), 406, 'M_UNRECOGNIZED', accept);
    }
    for (const accept of ['*/*', 'application/json', 'text/html, application/graphql-response+json;q=0.9', '']) {
      expect((await post(body, { headers: { ...JSON_TYPE, accept } })).status, accept).toBe(200);
    }
  });

  it('an act whose answer the caller does not take is not done', async () => {
    const body = JSON.stringify({ query: `mutation { leaveRoom(input: { roomId: "${roomId}" }) { room { id } } }` });
    const answer = await post(body, { headers: { ...JSON_TYPE, accept: 'text/html' } });
    expectRefused(answer, 406, 'M_UNRECOGNIZED', 'leaveRoom');
    const { room } = await ask(kim, 'query ($id: String) { room(roomId: $id) { viewerMembership } }', { id: roomId });
    expect(room.viewerMembership).toBe('JOIN');
  });

  it('not as what is no JSON, and not as JSON that is no request', async () => {
    const good = { query: '{ viewer { isAdmin } }' };
    for (const { what, of, errcode } of BAD_BODIES) {
      const answer = await post(of(good));
      // Events hold integers alone; a GraphQL request may bring any number that is one.
      const numeric = errcode === 'M_BAD_JSON' && String(of(good)).startsWith('{') && !what.includes('beyond');
      if (numeric) expect(answer.json.data, what).toEqual({ viewer: { isAdmin: false } });
      else expectRefused(answer, 400, errcode, what);
    }
  });

  it('one at a time, with the members that a request has', async () => {
    const one = { query: '{ viewer { isAdmin } }' };
    for (const [what, body] of [
      ['a batch', [one, one]],
      ['a batch of one', [one]],
      ['no query', {}],
      ['an empty query', { query: '' }],
      ['a query that is a number', { query: 7 }],
      ['a document instead of text', { query: { kind: 'Document', definitions: [] } }],
      ['variables as text', { ...one, variables: '{}' }],
      ['variables as a list', { ...one, variables: [] }],
      ['extensions as text', { ...one, extensions: 'x' }],
      ['an operation name that is a number', { ...one, operationName: 5 }],
    ] as const) {
      expectRefused(await post(JSON.stringify(body)), 400, 'M_BAD_JSON', what);
    }
  });

  it('of 64 KiB at most', async () => {
    const padded = (bytes: number) =>
      JSON.stringify({ query: '{ viewer { isAdmin } }', pad: '' }).replace('""', `"${'x'.repeat(bytes)}"`);
    expectRefused(await post(padded(64 * 1024)), 413, 'M_TOO_LARGE', '64 KiB and more');
    expect((await post(padded(63 * 1024))).status).toBe(200);
  });
});

describe('what a request asks for', () => {
  it('must parse and fit the schema', async () => {
    expectRefused(await send('{ viewer { '), 400, 'GRAPHQL_PARSE_FAILED', 'half a query');
    expectRefused(await send('subscription { knocks { id } }'), 400, 'M_UNRECOGNIZED', 'a subscription');
    for (const query of [
      ...[
        '{ nothing }',
        '{ viewer }',
        '{ viewer { isAdmin { x } } }',
        '{ knocks(first: "1") { totalCount } }',
        'query A { viewer { isAdmin } } query A { viewer { isAdmin } }',
      ],
      ...[
        '{ ...F }',
        'fragment F on Query { viewer { isAdmin } } { knocks { totalCount } }',
        '{ viewer { isAdmin @nothing } }',
      ],
      ...[
        '{ ...F } fragment F on Query { ...F }',
        '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      ],
      ...[
        '{ knock { id } }',
        'mutation { knock(input: {}) { room { id } } }',
        '{ knocks(where: { status: [NOTHING] }) { totalCount } }',
      ],
    ]) {
      const answer = await send(query);
      expect(answer.status, query).toBe(400);
      expect(answer.json.errors[0].extensions, query).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
    }
    expect(
      (await send('query A { viewer { isAdmin } } query B { viewer { isAdmin } }')).json.errors[0].extensions.code,
    ).toBe('OPERATION_RESOLUTION_FAILURE');
  });

  it('is bounded in tokens, depth and cost, by aliases and fragments too', async () => {
    const aliases = (n: number, what: string) =>
      `{ ${Array.from({ length: n }, (_, i) => `a${i}: ${what}`).join(' ')} }`;
    const words = Array.from({ length: 900 }, (_, n) => `a${n}: b${n}`).join(' ');
    expectRefused(await send(`{ ${words} }`), 400, 'GRAPHQL_PARSE_FAILED', 'tokens');
    expectRefused(await send(aliases(151, '__typename')), 400, 'M_TOO_LARGE', 'one word');
    const deep = `{ viewer { user ${'{ knocks { nodes { user '.repeat(4)} { id } ${'} } }'.repeat(4)} } }`;
    expectRefused(await send(deep), 400, 'M_TOO_LARGE', 'depth');
    expectRefused(
      await send(aliases(250, 'knocks(first: 100) { nodes { id } }')),
      400,
      'M_TOO_LARGE',
      'one word in pages',
    );
    expectRefused(await send(aliases(110, 'knocks(first: 100) { nodes { id } }')), 400, 'M_TOO_LARGE', 'aliases');
    const fragments = Array.from(
      { length: 20 },
      (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`,
    ).join(' ');
    const bomb = `{ ...F0 } ${fragments} fragment F20 on Query { viewer { isAdmin } }`;
    expectRefused(await send(bomb), 400, 'M_TOO_LARGE', 'fragments');
    const acts = aliases(40, `leaveRoom(input: { roomId: "${roomId}" }) { room { id } }`);
    expectRefused(await send(`mutation ${acts}`), 400, 'M_TOO_LARGE', 'acts');
    expectRefused(
      await send(`mutation { ...M } fragment M on Mutation ${acts}`),
      400,
      'M_TOO_LARGE',
      'acts in a fragment',
    );
    expectRefused(
      await send('{ rooms(first: 100) { nodes { members(first: 100) { nodes { id membership } } } } }'),
      400,
      'M_TOO_LARGE',
      'pages of pages',
    );
    const sized =
      'query ($n: Int = 100) { rooms(first: $n) { nodes { members(first: $n) { nodes { id membership } } } } }';
    expectRefused(await send(sized), 400, 'M_TOO_LARGE', 'pages of pages by a default');
    expect((await send(sized, { variables: { n: 10 } })).status).toBe(200);
    const braces = `${'{ a '.repeat(10_000)}${'}'.repeat(10_000)}`;
    expectRefused(await send(braces), 400, 'M_TOO_LARGE', 'ten thousand braces');
  });

  it('may be the schema, without a token, and not the schema a hundred times', async () => {
    const body = JSON.stringify({ query: getIntrospectionQuery() });
    const anonymous = await post(body, { token: undefined });
    expect(anonymous.status).toBe(200);
    expect(anonymous.json.data['__schema'].queryType.name).toBe('Query');
    const bomb = Array.from({ length: 90 }, (_, n) => `a${n}: __schema { types { fields { args { name } } } }`).join(
      ' ',
    );
    expectRefused(
      await post(JSON.stringify({ query: `{ ${bomb} }` }), { token: undefined }),
      400,
      'M_TOO_LARGE',
      'bomb',
    );
    const turns = `{ __schema { types ${'{ fields { type '.repeat(6)} { name } ${'} }'.repeat(6)} } }`;
    const deep = await post(JSON.stringify({ query: turns }), { token: undefined });
    expectRefused(deep, 400, 'GRAPHQL_VALIDATION_FAILED', 'depth of introspection');
    const both = JSON.stringify({ query: '{ __typename viewer { isAdmin } }' });
    expectRefused(await post(both, { token: undefined }), 401, 'M_MISSING_TOKEN', 'a field beside');
  });
});

describe('what a request brings along', () => {
  it('variables of wrong types are refused, and what is not asked for is passed over', async () => {
    const query =
      'query ($w: KnockFilter, $n: Int, $id: ID!) { knocks(where: $w, first: $n) { totalCount } node(id: $id) { id } }';
    for (const variables of [
      ...[{ id: 'x', n: '1' }, { id: 'x', n: 1.5 }, { id: 'x', n: 2 ** 31 }, { id: {} }, { id: null }, {}, { id: [] }],
      ...[
        { id: 'x', w: 'all' },
        { id: 'x', w: { status: 'NONE' } },
        { id: 'x', w: { unknown: 1 } },
        { id: 'x', w: { roomId: {} } },
      ],
    ]) {
      const answer = await send(query, { variables });
      expect(answer.json.errors[0].extensions.code, JSON.stringify(variables)).toBe('M_INVALID_PARAM');
      expect(answer.json.data ?? null).toBeNull();
    }
    const text = `{"query":"{ viewer { isAdmin } }","variables":{"__proto__":{"isAdmin":true},"constructor":1,"extra":[1e300]}}`;
    expect((await post(text)).json.data).toEqual({ viewer: { isAdmin: false } });
    const proto = `{"query":"query ($w: KnockFilter) { knocks(where: $w) { totalCount } }","variables":{"w":{"__proto__":{"roomId":"x"}}}}`;
    expect((await post(proto)).json.errors[0].extensions.code).toBe('M_INVALID_PARAM');
  });

  it('ids that are none, of other things or in other words are refused or lead nowhere', async () => {
    const { room, member, transition } = await act(kim, 'joinRoom', { roomId });
    const ask1 = (field: string) =>
      send(`{ ${field} }`).then(({ json }) => json.errors?.[0]?.extensions?.code ?? json.data);
    for (const field of [
      ...[`knock(id: "${room.id}") { id }`, `knock(id: "${member.id}") { id }`, `knock(id: "${roomId}") { id }`],
      ...['knock(id: "") { id }', 'node(id: "Um9vbQ") { id }', 'node(id: 7) { id }', 'room(roomId: "#a:b") { id }'],
      ...[
        'room { id }',
        `room(roomId: "${roomId}", alias: "#a:b") { id }`,
        'room(alias: "nothing") { id }',
        'room(roomId: null) { id }',
      ],
      ...[`knocks(where: { roomId: "${room.id}" }) { totalCount }`, 'knocks(where: { userId: "kim" }) { totalCount }'],
      ...[
        'knocks(where: { server: "no server" }) { totalCount }',
        'transitions(where: { actor: "kim" }) { nodes { id } }',
      ],
      ...[`rooms(where: { roomIds: [${'"!a:b",'.repeat(101)}] }) { totalCount }`],
    ]) {
      expect(await ask1(field), field).toBe('M_INVALID_PARAM');
    }
    expect(await ask1('room(alias: "#nothing:here") { id }')).toEqual({ room: null });
    expect(await ask1(`room(roomId: "!nothing:here") { id }`)).toEqual({ room: null });
    const nowhere = Buffer.from('Transition\u0000999999').toString('base64url');
    expect(await ask1(`node(id: "${nowhere}") { id }`)).toEqual({ node: null });
    expect(await ask1(`node(id: "${transition.id}") { ... on Knock { id } ... on Transition { kind } }`)).toEqual({
      node: { kind: 'JOINED' },
    });
  });
});
