/** What is served to other servers agrees with the Matrix specification's own OpenAPI files, operation by operation. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { serverServerEndpoints } from '../../../src/http/server-server/index.ts';
import { contradictions, documented, specifiedForServers } from '../../support/openapi.ts';

const FOLDER = new URL('../../../src/http/server-server/', import.meta.url);
const OURS = documented(serverServerEndpoints);

/** What the specification has replaced, and servers still ask for. */
const REPLACED: readonly string[] = ['sendJoinV1', 'sendLeaveV1'];

/** Where we say something else on purpose, and why. */
const ON_PURPOSE: readonly (readonly [RegExp, string])[] = [
  [
    /^send(InviteV1|JoinV2|Knock|LeaveV2): (\w+ of the body is not read|the body does not need)/,
    'an event is signed: its form is checked by the rules of its room, and kept as it came',
  ],
  [/^(backfillRoom|makeKnock): need of \w+ is false/, 'what is missing is refused with M_MISSING_PARAM by the handler'],
  [/^sendTransaction: the body does not need pdus/, 'there may be other news alone (PROTOCOL §2.4)'],
  [/^sendJoinV2: the parameter omit_members is not read$/, 'the whole state is told (PROTOCOL D21)'],
  [/^sendInviteV1: (the answer is object|nothing is refused with 403)/, 'no room of a version that it is for is known'],
  [/^sendInviteV2: the body has invite_room_state as /, 'the handler says what is wrong with it (PROTOCOL D1)'],
  [/^queryProfile: nothing is refused with 403$/, 'profiles are public'],
];
const isOnPurpose = (line: string): boolean => ON_PURPOSE.some(([pattern]) => pattern.test(line));

const kebab = (name: string): string => name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, '-$&').toLowerCase();

describe('every operation that is served to other servers', () => {
  const names = [...OURS.keys()];

  it.each(names)('%s is one of the specification, in a file of its name', (name) => {
    expect([...Object.keys(specifiedForServers), ...REPLACED]).toContain(name);
    expect(existsSync(new URL(`${kebab(name)}.ts`, FOLDER)), `${kebab(name)}.ts`).toBe(true);
  });

  it.each(names.filter((name) => !REPLACED.includes(name)))('%s says what the specification says of it', (name) => {
    const found = contradictions(name, OURS.get(name)!, specifiedForServers[name]!);
    expect(found.filter((line) => !isOnPurpose(line))).toEqual([]);
  });

  it('differs on purpose only where it still differs', () => {
    const found = names.flatMap((name) =>
      REPLACED.includes(name) ? [] : contradictions(name, OURS.get(name)!, specifiedForServers[name]!),
    );
    expect(ON_PURPOSE.filter(([pattern]) => !found.some((line) => pattern.test(line)))).toEqual([]);
  });
});

describe('every other operation between servers', () => {
  const page = readFileSync(new URL('../../../docs/reference/server-server-api.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  const left = rows.slice(2).flatMap((line) => [...line.split('|')[2]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));

  it('stands once in the table of what is not served, with a reason', () => {
    const expected = Object.keys(specifiedForServers).filter((name) => !OURS.has(name));
    expect([...left].sort()).toEqual(expected.sort());
    for (const row of rows.slice(2)) expect(row.split('|')[3]!.trim(), row).not.toBe('');
  });
});
