/** Triage that all moderators share: claims, sightings, notes and tags, told to nobody else, and gone with an erasure. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, refusal, type Data, type Desk, type Refusal } from '../support/graphql.ts';

let desk: Desk;
let owner: Client;
let mod: Client;
let member: Client;
let kim: Client;
let admin: Client;
let roomId: string;

beforeAll(async () => {
  desk = await openDesk();
  [owner, mod, member, kim] = (await Promise.all(['owner', 'mod', 'member', 'kim'].map((name) => desk.join(name)))) as [
    Client,
    Client,
    Client,
    Client,
  ];
  admin = await desk.admin('root');
  roomId = await makeRoom(owner, { version: '11' });
  for (const client of [mod, member]) {
    await act(owner, 'inviteUser', { roomId, userId: client.userId });
    await act(client, 'joinRoom', { roomId });
  }
  const levels = await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  await owner.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, {
    ...levels,
    users: { ...levels.users, [mod.userId]: 50 },
  });
});

afterAll(() => desk.close());

const TRIAGE = `id claimedBy { userId } claimedAt seenBy { user { userId } at } seenByViewer
  notes { user { userId } at text } tags viewerCanTriage`;

function document(name: string): string {
  return `mutation ($input: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) { done: ${name}(input: $input) { knock { ${TRIAGE} } } }`;
}

const doing = async (client: Client, name: string, input: object): Promise<Data> =>
  (await ask(client, document(name), { input })).done.knock;
const refused = (client: Client, name: string, input: object): Promise<Refusal> =>
  refusal(client, document(name), { input });
const look = async (client: Client, id: string): Promise<Data> =>
  (await ask(client, `query ($id: ID!) { knock(id: $id) { ${TRIAGE} } }`, { id })).knock;

async function knockOf(name: string, reason = 'hello'): Promise<{ readonly id: string; readonly client: Client }> {
  const client = await desk.join(name);
  return { id: (await act(client, 'knock', { roomId, reason })).knock.id, client };
}

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
const NOTHING = { claimedBy: null, claimedAt: null, seenBy: [], seenByViewer: false, notes: [], tags: [] };

describe('a knock', () => {
  it('is claimed by one moderator; the other is told who has it, and may take over', async () => {
    const { id } = await knockOf('claimed');
    const [first, second] = await Promise.all(
      [owner, mod].map((client) => client.graphql(document('claimKnock'), { input: { knockId: id } })),
    );
    const [won, lost] = first!.errors === undefined ? [first!, second!] : [second!, first!];
    const winner = won.data.done.knock.claimedBy.userId;
    const [loser, other] = winner === owner.userId ? [mod, owner] : [owner, mod];
    expect(won.errors).toBeUndefined();
    expect(lost.errors).toHaveLength(1);
    expect(lost.errors[0].extensions).toEqual({
      ...{ code: 'KNOCK_ALREADY_CLAIMED', knock: id, claimedBy: winner, claimedAt: TIME },
    });
    expect((await doing(loser, 'claimKnock', { knockId: id, takeOver: true })).claimedBy.userId).toBe(loser.userId);
    expect((await look(other, id)).claimedBy.userId).toBe(loser.userId);
    expect((await doing(other, 'releaseKnock', { knockId: id })).claimedBy).toBeNull();
    await act(owner, 'rejectKnock', { roomId, userId: `@claimed:${kim.userId.split(':').slice(1).join(':')}` });
    const late = await refused(mod, 'claimKnock', { knockId: id });
    expect(late.extensions).toEqual({
      ...{ code: 'KNOCK_ALREADY_DECIDED', knock: id, status: 'REJECTED', decidedBy: owner.userId },
    });
  });

  it('is marked as seen, noted and tagged, for all moderators alike', async () => {
    const { id } = await knockOf('noted');
    for (const client of [owner, owner, mod]) await doing(client, 'markKnockSeen', { knockId: id });
    await doing(mod, 'noteKnock', { knockId: id, text: '  known from the other room ' });
    await doing(owner, 'tagKnock', { knockId: id, tag: 'spam?' });
    await doing(mod, 'tagKnock', { knockId: id, tag: 'later' });
    await doing(mod, 'tagKnock', { knockId: id, tag: ' spam? ' });
    await doing(mod, 'untagKnock', { knockId: id, tag: 'later' });
    for (const client of [owner, mod]) {
      expect(await look(client, id)).toEqual({
        ...{ id, claimedBy: null, claimedAt: null, seenByViewer: true, viewerCanTriage: true, tags: ['spam?'] },
        seenBy: [owner, mod].map(({ userId }) => ({ user: { userId }, at: TIME })),
        notes: [{ user: { userId: mod.userId }, at: TIME, text: 'known from the other room' }],
      });
    }
    const { rows } = await desk.test.owner.pool.query(
      `select operation, outcome, count(*)::int4 from actions where operation like any (array['%KnockSeen', '%tagKnock', 'noteKnock'])
        group by 1, 2 order by 1, 2`,
    );
    expect(rows).toEqual([
      { operation: 'markKnockSeen', outcome: 'ok', count: 2 },
      { operation: 'markKnockSeen', outcome: 'unchanged', count: 1 },
      { operation: 'noteKnock', outcome: 'ok', count: 1 },
      { operation: 'tagKnock', outcome: 'ok', count: 2 },
      { operation: 'tagKnock', outcome: 'unchanged', count: 1 },
      { operation: 'untagKnock', outcome: 'ok', count: 1 },
    ]);
  });

  it('keeps what was noted while it is renewed, and a new one begins with nothing', async () => {
    const { id, client } = await knockOf('again');
    await doing(mod, 'tagKnock', { knockId: id, tag: 'kept' });
    await act(client, 'knock', { roomId, reason: 'in other words' });
    expect((await look(owner, id)).tags).toEqual(['kept']);
    await act(client, 'retractKnock', { roomId });
    const { knock } = await act(client, 'knock', { roomId, reason: 'once more' });
    expect(await look(owner, knock.id)).toEqual({ id: knock.id, ...NOTHING, viewerCanTriage: true });
  });
});

describe('triage', () => {
  it('is not told to the knocker, by no field and by no filter, nor to members and others', async () => {
    const { id, client } = await knockOf('untold');
    await doing(mod, 'claimKnock', { knockId: id });
    await doing(mod, 'markKnockSeen', { knockId: id });
    await doing(mod, 'noteKnock', { knockId: id, text: 'a secret note' });
    await doing(mod, 'tagKnock', { knockId: id, tag: 'secret' });
    expect(await look(client, id)).toEqual({ id, ...NOTHING, viewerCanTriage: false });
    const filters = [
      { claimed: true },
      { claimed: false },
      { claimedBy: mod.userId },
      { tag: 'secret' },
      { seen: false },
    ];
    for (const where of filters) {
      for (const each of [client, member, kim]) {
        const { viewer } = await ask(
          each,
          'query ($where: KnockFilter) { viewer { knocks(where: $where) { totalCount } } }',
          { where },
        );
        expect(viewer.knocks.totalCount, JSON.stringify(where)).toBe(0);
      }
    }
    for (const name of ['claimKnock', 'releaseKnock', 'markKnockSeen']) {
      expect((await refused(client, name, { knockId: id })).extensions.code).toBe('M_FORBIDDEN');
      expect((await refused(member, name, { knockId: id })).extensions.code).toBe('M_NOT_FOUND');
    }
    expect(await look(admin, id)).toMatchObject({ claimedBy: { userId: mod.userId }, tags: ['secret'] });
  });

  it('is what knocks are filtered by', async () => {
    const [one, two] = [await knockOf('one'), await knockOf('two')];
    await doing(owner, 'claimKnock', { knockId: one.id });
    await doing(mod, 'claimKnock', { knockId: one.id, takeOver: true });
    await doing(mod, 'tagKnock', { knockId: two.id, tag: 'odd' });
    await doing(mod, 'tagKnock', { knockId: one.id, tag: 'odd' });
    await doing(mod, 'untagKnock', { knockId: one.id, tag: 'odd' });
    await doing(owner, 'markKnockSeen', { knockId: two.id });
    const ids = async (client: Client, where: object): Promise<readonly string[]> => {
      const query = 'query ($where: KnockFilter) { knocks(where: $where) { nodes { id } } }';
      const { knocks } = await ask(client, query, { where });
      return knocks.nodes.map((knock: Data) => knock.id).filter((id: string) => [one.id, two.id].includes(id));
    };
    for (const client of [owner, mod, admin]) {
      expect(await ids(client, { claimed: true })).toEqual([one.id]);
      expect(await ids(client, { claimed: false })).toEqual([two.id]);
      expect(await ids(client, { claimedBy: mod.userId })).toEqual([one.id]);
      expect(await ids(client, { claimedBy: owner.userId })).toEqual([]);
      expect(await ids(client, { tag: 'odd' })).toEqual([two.id]);
    }
    expect(await ids(owner, { seen: true })).toEqual([two.id]);
    expect(await ids(mod, { seen: false })).toEqual([two.id, one.id]);
  });

  it('has bounds', async () => {
    const { id } = await knockOf('bounded');
    for (const text of ['', '   ', 'x'.repeat(4_001)]) {
      expect((await refused(mod, 'noteKnock', { knockId: id, text })).extensions.code).toBe('M_INVALID_PARAM');
    }
    for (const tag of ['', ' ', 'x'.repeat(65), 'two\nlines', '\u0000']) {
      expect((await refused(mod, 'tagKnock', { knockId: id, tag })).extensions.code).toBe('M_INVALID_PARAM');
    }
    for (let n = 0; n < 20; n += 1) await doing(mod, 'tagKnock', { knockId: id, tag: `tag ${n}` });
    expect((await refused(mod, 'tagKnock', { knockId: id, tag: 'one more' })).extensions.code).toBe('M_INVALID_PARAM');
  });

  it('loses its words with the knocker, and with who wrote them', async () => {
    const [one, two] = [await knockOf('goes'), await knockOf('stays')];
    for (const { id } of [one, two]) {
      await doing(owner, 'noteKnock', { knockId: id, text: `archaeopteryx of ${id}` });
      await doing(mod, 'tagKnock', { knockId: id, tag: 'feathered' });
      await doing(mod, 'tagKnock', { knockId: id, tag: 'hoatzin' });
      await doing(owner, 'untagKnock', { knockId: id, tag: 'hoatzin' });
    }
    const erase = (userId: string) =>
      ask(admin, 'mutation ($id: String!) { eraseUser(input: { userId: $id }) { events } }', { id: userId });
    await erase(one.client.userId);
    expect(await look(owner, one.id)).toMatchObject({ notes: [], tags: [] });
    expect(await look(owner, two.id)).toMatchObject({ notes: [{}], tags: ['feathered'] });
    await erase(owner.userId);
    expect(await look(mod, two.id)).toMatchObject({ notes: [], tags: ['feathered'] });
    const words = async (word: string): Promise<number> => {
      const { rows } = await desk.test.owner.pool.query('select content from action_content');
      return rows.filter(({ content }) => String(content).includes(word)).length;
    };
    expect(await words('archaeopteryx')).toBe(0);
    // Whoever took it off holds no copy.
    expect(await words('hoatzin')).toBe(1);
    await erase(mod.userId);
    expect(await look(admin, two.id)).toMatchObject({ notes: [], tags: [] });
    expect((await words('hoatzin')) + (await words('feathered'))).toBe(0);
  });
});

describe('the notes on a knock', () => {
  it('are told the newest, as many as are asked for and no more than a page', async () => {
    const { id } = await knockOf('noted3');
    for (const text of ['one', 'two', 'three']) await doing(mod, 'noteKnock', { knockId: id, text });
    const told = await ask(owner, `{ knock(id: "${id}") { notes(last: 2) { text } none: notes(last: 0) { text } } }`);
    expect(told.knock).toEqual({ notes: [{ text: 'two' }, { text: 'three' }], none: [] });
    const tooMany = await refusal(owner, `{ knock(id: "${id}") { notes(last: 101) { text } } }`, {});
    expect(tooMany.extensions.code).toBe('M_INVALID_PARAM');
  });
});
