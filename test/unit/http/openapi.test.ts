/** The OpenAPI document of what is served agrees with the Matrix specification's own, operation by operation. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { endpoint, named } from '../../../src/http/endpoint.ts';
import { adminEndpoints } from '../../../src/http/admin/index.ts';
import { clientServerEndpoints } from '../../../src/http/client-server/index.ts';
import { contradictions, documented, specified } from '../../support/openapi.ts';

const FOLDER = new URL('../../../src/http/client-server/', import.meta.url);
const OURS = documented(clientServerEndpoints);

/** Where we say something else on purpose, and why. */
const ON_PURPOSE: readonly (readonly [RegExp, string])[] = [
  [/^(knock|join)Room: the specification has no parameter server_name$/, 'clients still send it (PROTOCOL D18)'],
  [
    /^(changePassword|deactivateAccount): caller is "user", in the specification "optional"$/,
    'there are no mail addresses to prove oneself by',
  ],
  [/^getRoomSummary: caller is/, 'clients sign nothing: what is meant is a token that may be left out (PROTOCOL §1.7)'],
  [/^deactivateAccount: id_server of the body is not read$/, 'addresses are bound to no identity server'],
  [/^setPushRule: nothing is refused with 404$/, 'a rule that is not there is made'],
  [/: nothing is refused with 429$/, 'a look at what is there is not counted, nor what is kept for oneself'],
  [/^getLoginFlows: nothing is refused with 404$/, 'a password is always a way to sign in'],
  [/^getTokenOwner: nothing is refused with 403$/, 'there are no application services'],
  [/^get(UserProfile|ProfileField): nothing is refused with 403$/, 'profiles are public'],
  [/^getPresence: nothing is refused with 403$/, 'presence is not kept'],
  [/^login: (medium|address|token) of the body is not read$/, 'one signs in with a name and a password'],
  [/^joinRoom(ById)?: third_party_signed of the body is not read$/, 'invites go to user ids alone'],
  [/^defineFilter: \w+ of the body is not read$/, 'the handler reads filters, stored ones and those in a parameter'],
  [/^postPusher: \w+ of the body is not read$/, 'pushers can only be taken away'],
  [/^getTurnServer: the answer does not need/, 'there is none, which clients tell by an empty answer'],
];
const isOnPurpose = (line: string): boolean => ON_PURPOSE.some(([pattern]) => pattern.test(line));

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
    return expect(found.filter((line) => !isOnPurpose(line))).toEqual([]);
  });

  it('differs on purpose only where it still differs', () => {
    const found = names.flatMap((name) => contradictions(name, OURS.get(name)!, specified[name]!));
    expect(ON_PURPOSE.filter(([pattern]) => !found.some((line) => pattern.test(line)))).toEqual([]);
  });
});

describe('every other operation of the specification', () => {
  const page = readFileSync(new URL('../../../docs/reference/openapi.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  const left = rows.slice(2).flatMap((line) => [...line.split('|')[2]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));

  it('stands once in the table of what is not served, with a reason', () => {
    const expected = Object.keys(specified).filter((name) => !OURS.has(name));
    expect([...left].sort()).toEqual(expected.sort());
    for (const row of rows.slice(2)) expect(row.split('|')[3]!.trim(), row).not.toBe('');
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
  const rest = { summary: 'x', answer: { type: 'object' }, errors: [], handle: (): object => ({}) } as const;

  it('sees another method, path and caller, and a body that is not read', () => {
    expect(saying({ method: 'PUT', path: '/_matrix/client/v3/rooms/:id/ban', auth: 'none', ...rest })).toEqual([
      'ban: method is "PUT", in the specification "POST"',
      'ban: path is "/_matrix/client/v3/rooms/{id}/ban", in the specification "/_matrix/client/v3/rooms/{roomId}/ban"',
      'ban: caller is "none", in the specification "user"',
      'ban: body is false, in the specification true',
      'ban: nothing is refused with 403',
    ]);
  });

  it('sees parameters and fields that are unknown, of another type, or not needed', () => {
    const body = { type: 'object', properties: { user_id: { type: 'integer' }, who: { type: 'string' } } };
    const place = { method: 'POST', path: '/_matrix/client/v3/rooms/:roomId/ban', auth: 'user', ...rest } as const;
    expect(saying({ ...place, query: { via: 'many' }, body })).toEqual([
      'ban: the specification has no parameter via',
      'ban: the body has user_id as integer, in the specification string',
      'ban: the body has who, which the specification does not know',
      'ban: the body does not need user_id, in the specification it does',
      'ban: reason of the body is not read',
      'ban: nothing is refused with 403',
    ]);
  });
});
