/** The schema is the contract: every part of it is described, keeps the conventions, and its generated types are fresh. */
import { generate } from '@graphql-codegen/cli';
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  validateSchema,
  type GraphQLNamedType,
} from 'graphql';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import config from '../../../codegen.ts';
import { graphqlReference } from '../../../scripts/graphql-reference.ts';
import { breakingChanges } from '../../../scripts/schema-changes.ts';

const SOURCE = readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8');
const schema = buildSchema(SOURCE);
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
);

type Described = readonly (readonly [path: string, description: string | null | undefined])[];

function partsOf(type: GraphQLNamedType): Described {
  if (isEnumType(type)) return type.getValues().map((value) => [`${type.name}.${value.name}`, value.description]);
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field.description]);
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => [
    [`${type.name}.${field.name}`, field.description] as const,
    ...field.args.map((arg) => [`${type.name}.${field.name}(${arg.name}:)`, arg.description] as const),
  ]);
}

describe('the schema', () => {
  it('is valid, and has no directives but the specified ones', () => {
    expect(validateSchema(schema)).toEqual([]);
    expect(schema.getDirectives().filter((directive) => !isSpecifiedDirective(directive))).toEqual([]);
  });

  it('describes every type, field, argument and value in a sentence', () => {
    const parts = types.flatMap((type): Described => [[type.name, type.description], ...partsOf(type)]);
    expect(parts.length).toBeGreaterThan(400);
    const poor = parts.filter(([, text]) => !/^[A-Z`].*[.]$/s.test(text?.trim() ?? ''));
    expect(poor).toEqual([]);
  });

  it('pages every list of rooms, members, steps, knocks, transitions, servers, tokens and deliveries by Relay’s connections', () => {
    const connections = types.filter(({ name }) => name.endsWith('Connection'));
    expect(connections.map(({ name }) => name)).toEqual([
      'PathConnection',
      'MembershipDiffConnection',
      'RoomConnection',
      'MemberConnection',
      'KnockConnection',
      'TransitionConnection',
      'EventConnection',
      'ActionConnection',
      'DestinationConnection',
      'ServiceTokenConnection',
      'DeliveryConnection',
    ]);
    const listed = types.filter(isObjectType).flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => connections.some(({ name }) => String(field.type) === `${name}!`))
        .map((field) => ({ path: `${type.name}.${field.name}`, args: field.args.map(({ name }) => name) })),
    );
    expect(listed.length).toBeGreaterThan(15);
    for (const { path, args } of listed) {
      expect(args, path).toEqual(expect.arrayContaining(['first', 'after', 'last', 'before']));
    }
  });

  it('has the names that integrations rely on', () => {
    const fieldsOf = (name: string): readonly string[] => {
      const type = schema.getType(name);
      return isObjectType(type) || isInputObjectType(type) ? Object.keys(type.getFields()) : [];
    };
    expect(fieldsOf('Query')).toEqual(
      expect.arrayContaining(['viewer', 'room', 'rooms', 'knock', 'knocks', 'transitions', 'destinations', 'node']),
    );
    expect(fieldsOf('Mutation')).toEqual(
      expect.arrayContaining([
        ...[
          'createRoom',
          'setJoinRule',
          'knock',
          'retractKnock',
          'acceptKnock',
          'rejectKnock',
          'decideKnocks',
          'inviteUser',
        ],
        ...['revokeInvite', 'joinRoom', 'leaveRoom', 'kickUser', 'banUser', 'unbanUser', 'eraseUser'],
        ...['retryDestination', 'giveUpDeliveries'],
      ]),
    );
    expect(fieldsOf('Knock')).toEqual(
      expect.arrayContaining([
        ...['id', 'room', 'user', 'status', 'reason', 'knockedAt', 'decidedAt', 'decidedBy', 'decisionReason'],
        ...[
          'secondsToDecision',
          'attempts',
          'transitions',
          'deliveries',
          'viewerCanAccept',
          'viewerCanReject',
          'viewerCanBan',
        ],
      ]),
    );
    expect(fieldsOf('Transition')).toEqual(
      expect.arrayContaining([
        ...['id', 'position', 'room', 'user', 'from', 'to', 'kind', 'actor', 'onBehalfOf', 'cause', 'outOfBand'],
        ...['reason', 'event', 'previous', 'trigger', 'supersedes', 'occurredAt', 'recordedAt'],
      ]),
    );
    expect(fieldsOf('Room')).toEqual(
      expect.arrayContaining([
        ...['id', 'roomId', 'name', 'topic', 'canonicalAlias', 'joinRule', 'version', 'members', 'member'],
        ...['knocks', 'transitions', 'bans', 'invites', 'stats'],
      ]),
    );
    expect(fieldsOf('User')).toEqual(expect.arrayContaining(['id', 'userId', 'server', 'displayName', 'avatarUrl']));
    expect(fieldsOf('Member')).toEqual(expect.arrayContaining(['user', 'room', 'membership', 'since', 'powerLevel']));
  });

  it('breaks nothing that was released, and a change that would is named', () => {
    const released = readFileSync(new URL('../../../schema.released.graphql', import.meta.url), 'utf8');
    expect(breakingChanges(released, SOURCE)).toEqual([]);
    expect(breakingChanges(released, SOURCE.replace('  "What became of it."\n  status: KnockStatus!\n', ''))).toEqual([
      'Knock.status was removed. (FIELD_REMOVED)',
    ]);
    const stricter = SOURCE.replace('input KnockFilter {', 'input KnockFilter {\n  "Now asked for."\n  why: String!');
    expect(breakingChanges(released, stricter)).toEqual([
      'A required field why on input type KnockFilter was added. (REQUIRED_INPUT_FIELD_ADDED)',
    ]);
  });

  it('is a page of the reference in its own words, and cannot have a part without any', () => {
    const page = readFileSync(new URL('../../../docs/reference/graphql.md', import.meta.url), 'utf8');
    for (const type of types) expect(page, type.name).toContain(`### ${type.name}\n`);
    const silent = buildSchema(SOURCE.replace('  "What became of it."\n', ''));
    expect(() => graphqlReference(silent)).toThrow('Knock.status has no description');
  });

  it('lets every act on a membership answer with what it changed', () => {
    const payloads = types.filter(isObjectType).filter((type) => type.getInterfaces().length > 0);
    const acts = payloads.filter(({ name }) => name.endsWith('Payload')).map(({ name }) => name);
    expect(acts).toHaveLength(11);
    for (const field of Object.values(schema.getMutationType()!.getFields())) {
      expect(String(field.type), field.name).toBe(`${field.name[0]!.toUpperCase()}${field.name.slice(1)}Payload!`);
    }
  });

  it('has fresh generated types, the same each time', async () => {
    const generated = async () => (await generate(config, false)) as { filename: string; content: string }[];
    const [first, second] = [await generated(), await generated()];
    expect(first).toEqual(second);
    for (const { filename, content } of first) {
      expect(readFileSync(filename, 'utf8') === content, `${filename} is stale: npm run generate:graphql`).toBe(true);
    }
    expect(first.map(({ filename }) => filename.split('/').at(-1))).toEqual(['schema.generated.ts']);
  });
});
