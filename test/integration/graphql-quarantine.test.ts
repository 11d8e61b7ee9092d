/** What strangers write is hidden until somebody reveals it to themselves, on the record; search finds out nothing of it. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, refusal, type Data, type Desk } from '../support/graphql.ts';
import { makeToken } from '../support/service-tokens.ts';

let desk: Desk;
let owner: Client;
let mod: Client;
let admin: Client;
let kim: Client;
let stranger: Client;

beforeAll(async () => {
  desk = await openDesk();
  [owner, mod, kim, stranger] = (await Promise.all(
    ['owner', 'mod', 'kim', 'stranger'].map((name) => desk.join(name)),
  )) as [Client, Client, Client, Client];
  admin = await desk.admin('root');
});

afterAll(() => desk.close());

/** A room with two moderators. */
async function keptRoom(): Promise<string> {
  const roomId = await makeRoom(owner, { version: '11' });
  await act(owner, 'inviteUser', { roomId, userId: mod.userId });
  await act(mod, 'joinRoom', { roomId });
  const levels = await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  const users = { ...levels.users, [mod.userId]: 50 };
  await owner.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, users });
  return roomId;
}

const EVERYWHERE = `query ($room: String!, $id: ID!) {
  knock(id: $id) { reason reasonIsHidden decisionReason decisionReasonIsHidden
    event { content pdu reasonIsHidden } attempts { nodes { reason decisionReason } } }
  room(roomId: $room) {
    knocks { nodes { reason decisionReason } }
    transitions(first: 100) { nodes { reason reasonIsHidden event { content pdu reasonIsHidden } previous { content pdu } trigger { content pdu } } }
    members(where: { membership: [KNOCK, LEAVE] }) { nodes { displayName event { content pdu } user { knocks { nodes { reason } } } } }
  }
}`;

const everywhere = async (client: Client, room: string, id: string): Promise<string> =>
  JSON.stringify(await ask(client, EVERYWHERE, { room, id }));

const REVEAL = `mutation ($id: ID!) { revealReason(input: { knockId: $id }) { knock { reason reasonIsHidden decisionReason } } }`;
const reveal = async (client: Client, id: string): Promise<Data> =>
  (await ask(client, REVEAL, { id })).revealReason.knock;

async function reveals(): Promise<readonly Data[]> {
  const { rows } = await desk.test.owner.pool.query(
    `select a.actor, a.target, a.outcome, a.room_id, e.event_id from actions a left join events e on e.position = a.event
      where a.operation = 'revealReason' order by a.position desc limit 10`,
  );
  return rows;
}

describe('a knocker’s words', () => {
  it('are nowhere for others, and everywhere for the knocker', async () => {
    const roomId = await keptRoom();
    const { knock } = await act(kim, 'knock', { roomId, reason: 'megalosaurus' });
    for (const client of [owner, mod, admin]) {
      const text = await everywhere(client, roomId, knock.id);
      expect(text).not.toContain('megalosaurus');
      expect(JSON.parse(text).knock).toMatchObject({
        ...{ reason: null, reasonIsHidden: true, decisionReasonIsHidden: false },
        event: { content: { membership: 'knock' }, reasonIsHidden: true },
      });
    }
    const own = await everywhere(kim, roomId, knock.id);
    expect(JSON.parse(own).knock).toMatchObject({ reason: 'megalosaurus', reasonIsHidden: false });
    expect(own.match(/megalosaurus/g)!.length).toBeGreaterThan(5);
  });

  it('are shown to who reveals them, everywhere and nobody else, and that is on record', async () => {
    const roomId = await keptRoom();
    const { knock, event } = await act(kim, 'knock', { roomId, reason: 'baryonyx' });
    expect(await reveal(mod, knock.id)).toEqual({ reason: 'baryonyx', reasonIsHidden: false, decisionReason: null });
    expect((await everywhere(mod, roomId, knock.id)).match(/baryonyx/g)!.length).toBeGreaterThan(5);
    for (const client of [owner, admin]) expect(await everywhere(client, roomId, knock.id)).not.toContain('baryonyx');
    const row = { actor: mod.userId, target: kim.userId, room_id: roomId };
    expect((await reveals())[0]).toEqual({ ...row, outcome: 'ok', event_id: event.eventId });
    await reveal(mod, knock.id);
    expect((await reveals()).slice(0, 2)).toEqual([
      { ...row, outcome: 'unchanged', event_id: null },
      { ...row, outcome: 'ok', event_id: event.eventId },
    ]);
  });

  it('that come later are hidden again: of a renewal, and of taking the knock back', async () => {
    const roomId = await keptRoom();
    const { knock } = await act(kim, 'knock', { roomId, reason: 'first words' });
    await reveal(mod, knock.id);
    await act(kim, 'knock', { roomId, reason: 'second words' });
    const renewed = await everywhere(mod, roomId, knock.id);
    expect(renewed).toContain('first words');
    expect(renewed).not.toContain('second words');
    await act(kim, 'retractKnock', { roomId, reason: 'third words' });
    const text = await everywhere(mod, roomId, knock.id);
    expect(text).not.toMatch(/second|third/);
    expect(JSON.parse(text).knock).toMatchObject({ decisionReason: null, decisionReasonIsHidden: true });
    expect(await reveal(mod, knock.id)).toMatchObject({ reason: 'second words', decisionReason: 'third words' });
    expect(await everywhere(mod, roomId, knock.id)).toMatch(/third words/);
  });

  it('of a member who leaves, and a moderator’s, are hidden from nobody who sees them', async () => {
    const roomId = await keptRoom();
    const { knock } = await act(kim, 'knock', { roomId });
    await act(owner, 'acceptKnock', { roomId, userId: kim.userId, reason: 'come in' });
    await act(kim, 'joinRoom', { roomId });
    await act(kim, 'leaveRoom', { roomId, reason: 'farewell' });
    const text = await everywhere(mod, roomId, knock.id);
    expect(text).toContain('come in');
    expect(text).toContain('farewell');
    expect(JSON.parse(text).knock).toMatchObject({ reason: null, reasonIsHidden: false });
  });

  it('are not there to be revealed once they are redacted', async () => {
    const roomId = await keptRoom();
    const { knock, event } = await act(kim, 'knock', { roomId, reason: 'allosaurus' });
    await reveal(mod, knock.id);
    await owner.ok('PUT', `/rooms/${roomId}/redact/${encodeURIComponent(event.eventId)}/1`, {});
    expect(await everywhere(mod, roomId, knock.id)).not.toContain('allosaurus');
    expect(await reveal(owner, knock.id)).toEqual({ reason: null, reasonIsHidden: false, decisionReason: null });
  });
});

describe('revealing', () => {
  it('is for who sees the knock: to others there is none, and their record does not say whose it was', async () => {
    const roomId = await keptRoom();
    const { knock } = await act(kim, 'knock', { roomId, reason: 'secret' });
    const there = await refusal(stranger, REVEAL, { id: knock.id });
    const nowhere = Buffer.from('Knock\u00009999999').toString('base64url');
    expect(await refusal(stranger, REVEAL, { id: nowhere })).toEqual(there);
    expect(there.extensions).toEqual({ code: 'M_NOT_FOUND' });
    expect((await reveals())[0]).toMatchObject({ actor: stranger.userId, target: null, room_id: null });
    expect((await refusal(owner, REVEAL, { id: 'nonsense' })).extensions.code).toBe('M_INVALID_PARAM');
    expect(await reveal(kim, knock.id)).toMatchObject({ reason: 'secret' });
  });
});

describe('a service token', () => {
  it('reveals with reasons:read, on the record of its user and its own, and searches words with it alone', async () => {
    const roomId = await keptRoom();
    const { knock } = await act(kim, 'knock', { roomId, reason: 'ceratosaurus' });
    const blind = await makeToken(desk, admin, mod, { name: 'Counter', scopes: ['KNOCKS_READ'] });
    const reader = await makeToken(desk, admin, mod, { name: 'Reader', scopes: ['KNOCKS_READ', 'REASONS_READ'] });
    expect(await everywhere(reader.client, roomId, knock.id)).not.toContain('ceratosaurus');
    expect((await refusal(blind.client, REVEAL, { id: knock.id })).extensions.code).toBe('M_FORBIDDEN');
    expect((await refusal(blind.client, FOUND, { text: 'ceratosaurus' })).extensions.code).toBe('M_FORBIDDEN');
    expect(await found(reader.client, 'ceratosaurus', roomId)).toEqual([0, []]);
    expect(await reveal(reader.client, knock.id)).toMatchObject({ reason: 'ceratosaurus' });
    expect((await found(reader.client, 'ceratosaurus', roomId))[0]).toBe(1);
    expect((await reveals())[0]).toMatchObject({ actor: mod.userId, outcome: 'ok' });
    const text = await everywhere(blind.client, roomId, knock.id);
    expect(text).not.toContain('ceratosaurus');
  });
});

const FOUND = `query ($text: String, $room: String) { knocks(where: { text: $text, roomId: $room }) { totalCount nodes { id } }
  transitions(where: { text: $text, roomId: $room }) { totalCount nodes { kind } } }`;

async function found(client: Client, text: string, room?: string): Promise<readonly [number, readonly string[]]> {
  const { knocks, transitions } = await ask(client, FOUND, { text, room });
  expect(knocks.nodes).toHaveLength(knocks.totalCount);
  expect(transitions.nodes).toHaveLength(transitions.totalCount);
  return [knocks.totalCount, transitions.nodes.map(({ kind }: { kind: string }) => kind)];
}

describe('a search', () => {
  it('finds words in names and in the reasons that the viewer is shown, and finds out nothing of others', async () => {
    const roomId = await keptRoom();
    const ida = await desk.join('ida');
    await ida.ok('PUT', `/profile/${ida.userId}/displayname`, { displayname: 'Ida Ärmel-Østergård' });
    const { knock } = await act(ida, 'knock', { roomId, reason: 'I repair old bicycles, in Köln.' });
    const inRoom = (client: Client, text: string) => found(client, text, roomId);
    const hit = [1, ['KNOCK_REQUESTED']];
    const nothing = [0, []];
    expect(await inRoom(mod, 'ØSTERGÅRD')).toEqual(hit);
    for (const client of [mod, owner, admin]) expect(await inRoom(client, 'bicycles')).toEqual(nothing);
    expect(await inRoom(mod, '-bicycles')).toEqual(await inRoom(mod, '-nothing'));
    expect(await inRoom(stranger, 'østergård')).toEqual(nothing);
    expect(await inRoom(ida, 'bicycles')).toEqual(hit);
    await reveal(mod, knock.id);
    for (const text of ['bicycles', 'KÖLN repair', '"old bicycles"', 'trains or bicycles', 'köln -trains'])
      expect(await inRoom(mod, text), text).toEqual(hit);
    for (const text of ['bicycle', '"bicycles old"', 'köln -bicycles', 'trains', '', '!?', '-'])
      expect(await inRoom(mod, text), text).toEqual(nothing);
    for (const client of [owner, admin]) expect(await inRoom(client, 'bicycles')).toEqual(nothing);
    // A moderator's words are hidden from nobody who sees the transition.
    await act(owner, 'rejectKnock', { roomId, userId: ida.userId, reason: 'We are full, pterodactyl.' });
    for (const client of [owner, ida, admin])
      expect((await inRoom(client, 'pterodactyl'))[1]).toEqual(['KNOCK_REJECTED']);
  });

  it('forgets what is redacted, and what is erased', async () => {
    const roomId = await keptRoom();
    const { event } = await act(kim, 'knock', { roomId, reason: 'triceratops' });
    expect((await found(kim, 'triceratops'))[0]).toBe(1);
    await owner.ok('PUT', `/rooms/${roomId}/redact/${encodeURIComponent(event.eventId)}/2`, {});
    expect(await found(kim, 'triceratops')).toEqual([0, []]);
    await act(kim, 'knock', { roomId, reason: 'stegosaurus' });
    await act(owner, 'rejectKnock', { roomId, userId: kim.userId, reason: 'no stegosaurus' });
    expect((await found(kim, 'stegosaurus'))[1]).toHaveLength(2);
    await ask(admin, 'mutation ($userId: String!) { eraseUser(input: { userId: $userId }) { events } }', {
      userId: kim.userId,
    });
    expect(await found(kim, 'stegosaurus')).toEqual([0, []]);
    const { rows } = await desk.test.owner.pool.query('select 1 from member_words where user_id = $1', [kim.userId]);
    expect(rows).toEqual([]);
  });

  it('takes any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), async (text) => {
        await found(owner, text);
      }),
      { numRuns: 60, examples: [['\u0000'], ["' or 1=1 --"], ['"'], ['(a & b) | !c'], ['a:*'], ['\\']] },
    );
    expect((await refusal(owner, FOUND, { text: 'x'.repeat(201) })).extensions.code).toBe('M_INVALID_PARAM');
  });
});
