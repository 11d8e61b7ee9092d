/** Service tokens: made, used within their bounds, rotated, ended; and what of them is kept and told. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientWith, type Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, refusal, refusedAct, revealReasons, type Desk } from '../support/graphql.ts';
import { CREATE, makeToken, TOKEN } from '../support/service-tokens.ts';
import { confirmed } from '../support/uia.ts';

let desk: Desk;
let admin: Client;
let owner: Client;
let bot: Client;
let roomId: string;

const ROTATE = `mutation ($input: RotateServiceTokenInput!) {
  rotateServiceToken(input: $input) { secret serviceToken { ${TOKEN} } } }`;
const REVOKE = `mutation ($input: RevokeServiceTokenInput!) { revokeServiceToken(input: $input) { serviceToken { ${TOKEN} } } }`;
const ME = `{ viewer { isAdmin user { userId } serviceToken { ${TOKEN} } } }`;

beforeAll(async () => {
  desk = await openDesk();
  const people = await Promise.all(['owner', 'bot'].map((name) => desk.join(name)));
  [owner, bot] = [people[0]!, people[1]!];
  admin = await desk.admin('root');
  roomId = await makeRoom(owner, { version: '11' });
  await act(owner, 'inviteUser', { roomId, userId: bot.userId });
  await act(bot, 'joinRoom', { roomId });
});

afterAll(() => desk.close());

async function setPower(power: number): Promise<void> {
  const levels = await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  const users = { ...levels.users, [bot.userId]: power };
  await owner.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, users });
}

async function knocks(name: string): Promise<Client> {
  const knocker = await desk.join(name);
  await act(knocker, 'knock', { roomId, reason: `the words of ${name}` });
  return knocker;
}

const actionsOf = async (operation: string) =>
  (
    await desk.test.owner.pool.query(
      'select actor, token, target, outcome, on_behalf_of from actions where operation = $1 order by position',
      [operation],
    )
  ).rows;

/** Resolves when the token is refused as unknown. */
const unknown = async (client: Client): Promise<string> => (await refusal(client, ME)).extensions.code;

describe('a service token', () => {
  it('is told once, is stored as a hash, and is good for GraphQL alone', async () => {
    const { client, secret, token } = await makeToken(desk, admin, bot, { name: 'Desk', scopes: ['ROOMS_READ'] });
    expect(secret).toMatch(/^vss_[\w-]{43}$/);
    expect(token).toMatchObject({
      ...{ name: 'Desk', scopes: ['ROOMS_READ'], roomIds: null, user: { userId: bot.userId } },
      ...{ createdBy: { userId: admin.userId }, expiresAt: null, rotatedAt: null, revokedAt: null, lastUsedAt: null },
    });
    const { viewer } = await ask(client, ME);
    expect(viewer).toMatchObject({ isAdmin: false, user: { userId: bot.userId }, serviceToken: { id: token.id } });
    await expect
      .poll(async () => (await ask(client, ME)).viewer.serviceToken.lastUsedAt)
      .toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    const { serviceTokens } = await ask(admin, `{ serviceTokens { totalCount nodes { ${TOKEN} } } }`);
    expect(serviceTokens.nodes.map(({ name }: { name: string }) => name)).toContain('Desk');
    expect(JSON.stringify(serviceTokens)).not.toContain(secret);
    const { rows } = await desk.test.owner.pool.query('select t::text as text from service_tokens t');
    expect(JSON.stringify(rows)).not.toContain(secret.slice(4));
    expect(desk.server.output().log).not.toContain(secret.slice(4));
    const rest = await client.call('GET', '/account/whoami');
    expect([rest.status, rest.body.errcode]).toEqual([401, 'M_UNKNOWN_TOKEN']);
    expect((await ask(bot, ME)).viewer.serviceToken).toBeNull();
  });

  it('decides with the power of its user, and the log tells whose token it was', async () => {
    const input = { name: 'Auto-accept', scopes: ['KNOCKS_READ', 'KNOCKS_DECIDE'], roomIds: [roomId] };
    const { client, token } = await makeToken(desk, admin, bot, input);
    const kim = await knocks('kim');
    await setPower(0);
    const refused = await refusedAct(client, 'acceptKnock', { roomId, userId: kim.userId });
    expect(refused.extensions.code).toBe('M_FORBIDDEN');
    await setPower(50);
    const { transition, event } = await act(client, 'acceptKnock', { roomId, userId: kim.userId, reason: 'Come in' });
    expect(transition).toMatchObject({
      ...{ kind: 'KNOCK_ACCEPTED', onBehalfOf: 'Auto-accept', actor: { userId: bot.userId } },
      reason: null,
    });
    expect(event).toMatchObject({ sender: { userId: bot.userId }, content: { membership: 'invite' } });
    expect(JSON.stringify(event)).not.toContain('Come in');
    const publicId = Buffer.from(token.id, 'base64url').toString().split('\0')[1];
    const by = { actor: bot.userId, token: publicId, target: kim.userId, on_behalf_of: 'Auto-accept' };
    expect(await actionsOf('acceptKnock')).toEqual([
      { ...by, outcome: 'M_FORBIDDEN' },
      { ...by, outcome: 'ok' },
    ]);
    await act(kim, 'leaveRoom', { roomId });
  });

  it('sees of rooms, knocks and words what its scopes say, whoever its user is there', async () => {
    const lee = await knocks('lee');
    const look = `query ($room: String) { room(roomId: $room) { name members { totalCount } }
      knocks(where: { userId: "${lee.userId}" }) { nodes { reason user { userId } event { content pdu } } }
      rooms { nodes { roomId } } transitions(where: { userId: "${lee.userId}" }) { nodes { reason } } }`;
    const outside = await desk.join('outside');
    const other = await makeRoom(await desk.join('other'));
    const seen = async (scopes: readonly string[], roomIds: readonly string[] | null) => {
      const name = `sees ${scopes.join()} in ${roomIds?.join() ?? 'all'}`.slice(0, 64);
      const { client } = await makeToken(desk, admin, outside, { name, scopes, roomIds });
      if (scopes.includes('REASONS_READ')) await revealReasons(client, { userId: lee.userId });
      return ask(client, look, { room: roomId });
    };
    const hidden = await seen(['KNOCKS_READ'], null);
    expect(hidden).toMatchObject({ room: { name: null, members: { totalCount: 0 } } });
    expect(hidden.knocks.nodes).toMatchObject([{ reason: null, user: { userId: lee.userId } }]);
    expect(JSON.stringify(hidden)).not.toContain('the words of');
    const open = await seen(['ROOMS_READ', 'KNOCKS_READ', 'REASONS_READ'], null);
    expect(open.room).toMatchObject({ name: 'The door', members: { totalCount: 4 } });
    expect(open.knocks.nodes[0].event.content.reason).toBe('the words of lee');
    expect(open.transitions.nodes).toEqual([{ reason: 'the words of lee' }]);
    expect(open.rooms.nodes).toEqual(expect.arrayContaining([{ roomId }, { roomId: other }]));
    const elsewhere = await seen(['ROOMS_READ', 'KNOCKS_READ', 'REASONS_READ'], [other]);
    expect(elsewhere).toMatchObject({ room: null, knocks: { nodes: [] }, transitions: { nodes: [] } });
    expect(elsewhere.rooms.nodes).toEqual([{ roomId: other }]);
    await act(lee, 'retractKnock', { roomId });
  });

  it('does nothing that it has no scope for, and the refusal is recorded', async () => {
    const scopes = ['ROOMS_READ', 'KNOCKS_READ', 'REASONS_READ', 'KNOCKS_DECIDE', 'AUDIT_READ'];
    const { client } = await makeToken(desk, admin, bot, { name: 'Almost all', scopes });
    await setPower(50);
    const before = (await actionsOf('kickUser')).length;
    const refused = await refusedAct(client, 'kickUser', { roomId, userId: owner.userId });
    expect(refused).toMatchObject({
      ...{ message: 'This token cannot do that: it needs the scope admin.', extensions: { code: 'M_FORBIDDEN' } },
    });
    expect((await actionsOf('kickUser')).slice(before)).toMatchObject([
      { actor: bot.userId, outcome: 'M_FORBIDDEN', on_behalf_of: 'Almost all' },
    ]);
    for (const name of ['joinRoom', 'leaveRoom', 'knock'] as const)
      expect((await refusedAct(client, name, { roomId })).extensions.code, name).toBe('M_FORBIDDEN');
    const room = 'mutation { createRoom(input: {}) { room { id } } }';
    expect((await refusal(client, room)).extensions.code).toBe('M_FORBIDDEN');
    const { room: seen } = await ask(client, `{ room(roomId: "${roomId}") { viewerCanKick viewerCanInvite } }`);
    expect(seen).toEqual({ viewerCanKick: false, viewerCanInvite: false });
  });

  it('with the scope of an admin does what an admin does, while its user is one', async () => {
    const { client } = await makeToken(desk, admin, admin, { name: 'Root’s', scopes: ['ADMIN'] });
    expect((await ask(client, ME)).viewer.isAdmin).toBe(true);
    await ask(client, '{ destinations { totalCount } serviceTokens { totalCount } }');
    const { client: none } = await makeToken(desk, admin, bot, { name: 'No admin’s', scopes: ['ADMIN'] });
    expect((await ask(none, ME)).viewer.isAdmin).toBe(false);
    expect((await refusal(none, '{ destinations { totalCount } }')).extensions.code).toBe('M_FORBIDDEN');
    const input = { name: 'Child', userId: bot.userId, scopes: ['ROOMS_READ'] };
    const refused = await refusal(client, CREATE, { input });
    expect(refused).toMatchObject({
      extensions: { code: 'M_FORBIDDEN' },
      message: expect.stringContaining('No token'),
    });
  });
});

describe('rotating', () => {
  it('ends the old secret at once, or after a while', async () => {
    const { client, token } = await makeToken(desk, admin, bot, { name: 'Rotated', scopes: ['ROOMS_READ'] });
    const { secret, serviceToken } = (await ask(admin, ROTATE, { input: { id: token.id } })).rotateServiceToken;
    expect(serviceToken).toMatchObject({ id: token.id, rotatedAt: expect.any(String) });
    expect(await unknown(client)).toBe('M_UNKNOWN_TOKEN');
    const second = clientWith(desk.server.url, secret, bot.userId);
    const graced = (await ask(admin, ROTATE, { input: { id: token.id, graceSeconds: 2 } })).rotateServiceToken;
    const third = clientWith(desk.server.url, graced.secret, bot.userId);
    for (const each of [second, third]) expect((await ask(each, ME)).viewer.serviceToken.id).toBe(token.id);
    await expect
      .poll(async () => (await second.graphql(ME)).errors?.[0].extensions.code, { timeout: 5000 })
      .toBe('M_UNKNOWN_TOKEN');
    expect((await ask(third, ME)).viewer.serviceToken.id).toBe(token.id);
  });

  it('is for admins, and for the token itself', async () => {
    const { client, token } = await makeToken(desk, admin, bot, { name: 'Itself', scopes: ['KNOCKS_READ'] });
    const { token: other } = await makeToken(desk, admin, bot, { name: 'Another', scopes: ['KNOCKS_READ'] });
    for (const [who, id] of [
      [client, other.id],
      [owner, token.id],
      [bot, token.id],
    ] as const) {
      const input = { id };
      expect((await refusal(who, ROTATE, { input })).extensions.code).toBe('M_FORBIDDEN');
      expect((await refusal(who, REVOKE, { input })).extensions.code).toBe('M_FORBIDDEN');
    }
    const { secret } = (await ask(client, ROTATE, { input: { id: token.id } })).rotateServiceToken;
    expect(await unknown(client)).toBe('M_UNKNOWN_TOKEN');
    const node = `query ($id: ID!) { node(id: $id) { ... on ServiceToken { name } } }`;
    const renewed = clientWith(desk.server.url, secret, bot.userId);
    expect(await ask(renewed, node, { id: token.id })).toEqual({ node: { name: 'Itself' } });
    expect(await ask(renewed, node, { id: other.id })).toEqual({ node: null });
    expect(await ask(owner, node, { id: token.id })).toEqual({ node: null });
  });
});

describe('the end of a token', () => {
  it('is for good; its row and its acts stay, and its name is free', async () => {
    const { client, token } = await makeToken(desk, admin, bot, { name: 'Ended', scopes: ['ROOMS_READ'] });
    const ended = (await ask(admin, REVOKE, { input: { id: token.id } })).revokeServiceToken.serviceToken;
    expect(ended).toMatchObject({ revokedAt: expect.any(String), revokedBy: { userId: admin.userId } });
    expect(await unknown(client)).toBe('M_UNKNOWN_TOKEN');
    expect((await ask(admin, REVOKE, { input: { id: token.id } })).revokeServiceToken.serviceToken).toEqual(ended);
    expect((await refusal(admin, ROTATE, { input: { id: token.id } })).extensions.code).toBe('M_NOT_FOUND');
    expect((await actionsOf('revokeServiceToken')).map(({ outcome }) => outcome).slice(-2)).toEqual([
      'ok',
      'unchanged',
    ]);
    const again = await makeToken(desk, admin, bot, { name: 'Ended', scopes: ['ROOMS_READ'] });
    expect(again.token.id).not.toBe(token.id);
    const list = `query ($usable: Boolean, $user: String) {
      serviceTokens(where: { usable: $usable, userId: $user }) { totalCount nodes { id } } }`;
    const ids = async (usable: boolean) =>
      (await ask(admin, list, { usable, user: bot.userId })).serviceTokens.nodes.map(({ id }: { id: string }) => id);
    expect(await ids(false)).toEqual([token.id]);
    expect(await ids(true)).toContain(again.token.id);
    expect(await ids(true)).not.toContain(token.id);
  });

  it('comes by itself when it was made with one', async () => {
    const expiresAt = new Date(Date.now() + 1500).toISOString();
    const { client, token } = await makeToken(desk, admin, bot, { name: 'Short', scopes: ['ROOMS_READ'], expiresAt });
    expect(token.expiresAt).toBe(expiresAt);
    await ask(client, ME);
    await expect
      .poll(async () => (await client.graphql(ME)).errors?.[0].extensions.code, { timeout: 5000 })
      .toBe('M_UNKNOWN_TOKEN');
  });

  it('comes with the end of its user’s account', async () => {
    const leaver = await desk.join('leaver');
    const { client } = await makeToken(desk, admin, leaver, { name: 'Leaver’s', scopes: ['ROOMS_READ'] });
    await ask(client, ME);
    expect(await confirmed(leaver, 'POST', '/account/deactivate')).toMatchObject({ status: 200 });
    expect(await unknown(client)).toBe('M_UNKNOWN_TOKEN');
  });
});

describe('making a token', () => {
  it('is for admins', async () => {
    const input = { name: 'Mine', userId: owner.userId, scopes: ['ROOMS_READ'] };
    expect((await refusal(owner, CREATE, { input })).extensions.code).toBe('M_FORBIDDEN');
    expect((await refusal(owner, '{ serviceTokens { totalCount } }')).extensions.code).toBe('M_FORBIDDEN');
    expect((await actionsOf('createServiceToken')).at(-1)).toMatchObject({
      actor: owner.userId,
      outcome: 'M_FORBIDDEN',
    });
  });

  it.each([
    ['a name that is empty', { name: '' }],
    ['a name of spaces', { name: '   ' }],
    ['a name that ends in a space', { name: 'Desk ' }],
    ['a name that looks like a user', { name: '@mara:localhost:8448' }],
    ['a name with a line in it', { name: 'a\nb' }],
    ['a name that is too long', { name: 'x'.repeat(65) }],
    ['no scope', { scopes: [] }],
    ['an admin of one room', { scopes: ['ADMIN'], roomIds: ['!a:b'] }],
    ['no room', { roomIds: [] }],
    ['a room that is none', { roomIds: ['#a:b'] }],
    ['too many rooms', { roomIds: Array.from({ length: 101 }, (_, n) => `!r${n}:b`) }],
    ['a user of another server', { userId: '@kim:elsewhere.example' }],
    ['a user who is not there', { userId: '@nobody:localhost:8448' }],
    ['a user who is none', { userId: 'bot' }],
    ['an end that is past', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['an end that is no time', { expiresAt: 'tomorrow' }],
  ])('is refused with %s', async (_what, wrong) => {
    const input = { name: 'Wrong', userId: bot.userId, scopes: ['ROOMS_READ'], ...wrong };
    expect((await refusal(admin, CREATE, { input })).extensions.code).toBe('M_INVALID_PARAM');
  });

  it('with a name that another has is refused, also when both are made at once', async () => {
    const input = { name: 'Twin', userId: bot.userId, scopes: ['ROOMS_READ'] };
    const answers = await Promise.all([1, 2, 3].map(() => admin.graphql(CREATE, { input })));
    const codes = answers
      .map(({ errors }) => errors?.[0].extensions.code ?? 'made')
      .toSorted((a, b) => (a < b ? -1 : 1));
    expect(codes).toEqual(['M_INVALID_PARAM', 'M_INVALID_PARAM', 'made']);
  });
});
