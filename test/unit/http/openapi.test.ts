/** The OpenAPI document of what is served agrees with the Matrix specification's own, operation by operation. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { endpoint, named } from '../../../src/http/endpoint.ts';
import { adminEndpoints } from '../../../src/http/admin/index.ts';
import { clientServerEndpoints } from '../../../src/http/client-server/index.ts';
import { contradictions, documented, specified } from '../../support/openapi.ts';

const FOLDER = new URL('../../../src/http/client-server/', import.meta.url);
const OURS = documented(clientServerEndpoints);

/** Where we say something else on purpose, and why. */
const ON_PURPOSE: Readonly<Record<string, string>> = {
  'deactivateAccount: caller is "user", in the specification "optional"':
    'there are no mail addresses to prove oneself by',
  'changePassword: caller is "user", in the specification "optional"':
    'there are no mail addresses to prove oneself by',
  'knockRoom: the specification has no parameter server_name': 'clients still send it (PROTOCOL D18)',
  'getRoomSummary: caller is "optional", in the specification "signedRequest"':
    'clients sign nothing: what is meant is a token that may be left out (PROTOCOL §1.7)',
  'joinRoom: the specification has no parameter server_name': 'clients still send it (PROTOCOL D18)',
};

/** A name as files spell it: joinRoomById → join-room-by-id, getAccount3PIDs → get-account3-pids. */
const kebab = (name: string): string =>
  name
    .replaceAll('_', '-')
    .replaceAll(/(?<=[a-z0-9])[A-Z]/g, '-$&')
    .toLowerCase();

describe('every served operation', () => {
  const names = [...OURS.keys()];

  it.each(names)('%s is one of the specification, in a file of its name', (name) => {
    expect(Object.keys(specified)).toContain(name);
    expect(existsSync(new URL(`${kebab(name)}.ts`, FOLDER)), `${kebab(name)}.ts`).toBe(true);
  });

  it.each(names)('%s says what the specification says of it', (name) => {
    const theirs = specified[name];
    if (theirs === undefined) return expect.fail(`${name} is not in the specification`);
    const found = contradictions(name, OURS.get(name)!, theirs);
    return expect(found.filter((line) => ON_PURPOSE[line] === undefined)).toEqual([]);
  });

  it('differs on purpose only where it still differs', () => {
    const found = names.flatMap((name) => contradictions(name, OURS.get(name)!, specified[name]!));
    expect(Object.keys(ON_PURPOSE).filter((line) => !found.includes(line))).toEqual([]);
  });
});

describe('the endpoints for admins', () => {
  it('take no place of the specification', () => {
    const places = Object.values(specified).map(({ method, path }) => `${method} ${path}`);
    for (const { method, path } of documented(adminEndpoints).values())
      expect(places).not.toContain(`${method} ${path}`);
  });
});

describe('the comparison', () => {
  const saying = (declared: Parameters<typeof endpoint>[0]): readonly string[] => {
    const [[name, ours] = expect.fail('nothing was declared')] = documented(named({ ban: endpoint(declared) }));
    return contradictions(name, ours, specified['ban']!);
  };
  const handle = (): object => ({});

  it('sees another method, path and caller, and a body that is not read', () => {
    expect(saying({ method: 'PUT', path: '/_matrix/client/v3/rooms/:id/ban', auth: 'none', handle })).toEqual([
      'ban: method is "PUT", in the specification "POST"',
      'ban: path is "/_matrix/client/v3/rooms/{id}/ban", in the specification "/_matrix/client/v3/rooms/{roomId}/ban"',
      'ban: caller is "none", in the specification "user"',
      'ban: body is false, in the specification true',
    ]);
  });

  it('sees parameters and fields that are unknown, of another type, or not needed', () => {
    const body = { type: 'object', properties: { user_id: { type: 'integer' }, who: { type: 'string' } } };
    const place = { method: 'POST', path: '/_matrix/client/v3/rooms/:roomId/ban', auth: 'user', handle } as const;
    expect(saying({ ...place, query: { via: 'many' }, body })).toEqual([
      'ban: the specification has no parameter via',
      'ban: the body has user_id as integer, in the specification string',
      'ban: the body has who, which the specification does not know',
      'ban: the body does not need user_id, in the specification it does',
    ]);
  });
});
