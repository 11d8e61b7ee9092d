/** The log of acts: every mutation leaves what came of it, read here from the table itself. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, actDocument, ask, makeRoom, openDesk, refusal, refusedAct, type Desk } from '../support/graphql.ts';

interface Action {
  readonly actor: string;
  readonly token: string | null;
  readonly operation: string;
  readonly room_id: string | null;
  readonly target: string | null;
  readonly outcome: string;
  readonly event_id: string | null;
}

let desk: Desk;
let owner: Client;
let kim: Client;
let plain: Client;
let roomId: string;
let read = 0;

beforeAll(async () => {
  desk = await openDesk();
  [owner, kim, plain] = await Promise.all([desk.join('owner'), desk.join('kim'), desk.join('plain')]);
});

afterAll(() => desk.close());

/** The acts since the last look, oldest first. */
async function news(): Promise<readonly Action[]> {
  const { rows } = await sql<Action & { position: number }>`
    select a.position, a.actor, a.token, a.operation, a.room_id, a.target, a.outcome, e.event_id
      from actions a left join events e on e.position = a.event
     where a.position > ${read} order by a.position`.execute(desk.test.database.db);
  read = rows.at(-1)?.position ?? read;
  return rows.map(({ position: _position, ...action }) => action);
}

const told = (operation: string, client: Client, target: string | null, outcome = 'ok') => ({
  ...{ operation, actor: client.userId, target, outcome, room_id: roomId },
});

describe('an act that is done', () => {
  it('names who did what to whom with which token, and the event it became', async () => {
    roomId = await makeRoom(owner);
    const [made] = await news();
    expect(made).toMatchObject(told('createRoom', owner, null));
    expect(made!.event_id).toMatch(/^\$/);
    // The public name of the token, never its secret.
    expect(made!.token).toMatch(/^[\w-]+$/);
    expect(owner.token).not.toContain(made!.token);

    const set = `mutation { setJoinRule(input: { roomId: "${roomId}", joinRule: KNOCK }) { event { eventId } } }`;
    const { setJoinRule } = await ask(owner, set);
    expect(await news()).toEqual([
      { ...told('setJoinRule', owner, 'm.room.join_rules'), token: made!.token, event_id: setJoinRule.event.eventId },
    ]);
  });

  it('is one row for each kind of act', async () => {
    const about = { roomId, userId: kim.userId };
    const story = [
      ...[
        [kim, 'knock', { roomId }],
        [owner, 'rejectKnock', about],
        [kim, 'knock', { roomId }],
      ],
      ...[
        [kim, 'retractKnock', { roomId }],
        [kim, 'knock', { roomId }],
        [owner, 'acceptKnock', about],
      ],
      ...[
        [owner, 'revokeInvite', about],
        [owner, 'inviteUser', about],
        [kim, 'joinRoom', { roomId }],
      ],
      ...[
        [owner, 'kickUser', about],
        [owner, 'banUser', about],
        [owner, 'unbanUser', about],
      ],
      ...[
        [owner, 'inviteUser', about],
        [kim, 'leaveRoom', { roomId }],
      ],
    ] as const;
    for (const [client, name, input] of story) {
      const { event } = await act(client, name, { ...input, reason: 'because' });
      const rows = await news();
      expect(rows, name).toHaveLength(1);
      expect(rows[0], name).toMatchObject({ ...told(name, client, kim.userId), event_id: event.eventId });
    }
  });

  it('and changed nothing says so', async () => {
    await act(kim, 'knock', { roomId, reason: 'twice' });
    const [first] = await news();
    await act(kim, 'knock', { roomId, reason: 'twice' });
    expect(await news()).toEqual([{ ...first, outcome: 'unchanged', event_id: null }]);
    await act(kim, 'retractKnock', { roomId });
    await news();
    await act(kim, 'leaveRoom', { roomId });
    expect(await news()).toMatchObject([told('leaveRoom', kim, kim.userId, 'unchanged')]);
  });

  it('several in one request are one row each, in their order', async () => {
    const both = `mutation { a: knock(input: { roomId: "${roomId}", reason: "one" }) { knock { status } }
      b: knock(input: { roomId: "${roomId}", reason: "two" }) { knock { reason } }
      c: retractKnock(input: { roomId: "${roomId}" }) { knock { status } } }`;
    expect(await ask(kim, both)).toEqual({
      ...{
        a: { knock: { status: 'PENDING' } },
        b: { knock: { reason: 'two' } },
        c: { knock: { status: 'RETRACTED' } },
      },
    });
    expect((await news()).map(({ operation, outcome }) => [operation, outcome])).toEqual([
      ...[
        ['knock', 'ok'],
        ['knock', 'ok'],
        ['retractKnock', 'ok'],
      ],
    ]);
  });
});

describe('an act that is refused', () => {
  it('is a row with its errcode, for each kind of act', async () => {
    const about = { roomId, userId: kim.userId };
    const refused = [
      ...[
        ['acceptKnock', about, 'M_FORBIDDEN'],
        ['rejectKnock', about, 'M_FORBIDDEN'],
      ],
      ...[
        ['inviteUser', about, 'M_FORBIDDEN'],
        ['revokeInvite', about, 'M_FORBIDDEN'],
      ],
      ...[
        ['kickUser', about, 'M_FORBIDDEN'],
        ['banUser', about, 'M_FORBIDDEN'],
        ['unbanUser', about, 'M_FORBIDDEN'],
      ],
      ...[
        ['joinRoom', { roomId }, 'M_FORBIDDEN'],
        ['leaveRoom', { roomId }, 'M_FORBIDDEN'],
      ],
      ...[['retractKnock', { roomId }, 'M_BAD_STATE']],
    ] as const;
    await news();
    for (const [name, input, code] of refused) {
      expect((await refusedAct(plain, name, input)).extensions.code).toBe(code);
      const target = 'userId' in input ? kim.userId : plain.userId;
      expect(await news(), name).toMatchObject([{ ...told(name, plain, target, code), event_id: null }]);
    }
    const set = `mutation { setJoinRule(input: { roomId: "${roomId}", joinRule: PUBLIC }) { room { id } } }`;
    expect((await refusal(plain, set)).extensions.code).toBe('M_FORBIDDEN');
    expect(await news()).toMatchObject([told('setJoinRule', plain, 'm.room.join_rules', 'M_FORBIDDEN')]);
    const make = 'mutation { createRoom(input: { version: "3" }) { room { id } } }';
    expect((await refusal(plain, make)).extensions.code).toBe('M_UNSUPPORTED_ROOM_VERSION');
    expect(await news()).toMatchObject([
      { operation: 'createRoom', actor: plain.userId, room_id: null, outcome: 'M_UNSUPPORTED_ROOM_VERSION' },
    ]);
  });

  it('because a knock was decided before tells that', async () => {
    await act(kim, 'knock', { roomId });
    await act(owner, 'rejectKnock', { roomId, userId: kim.userId });
    await news();
    await refusedAct(owner, 'acceptKnock', { roomId, userId: kim.userId });
    expect(await news()).toMatchObject([told('acceptKnock', owner, kim.userId, 'KNOCK_ALREADY_DECIDED')]);
    await refusedAct(owner, 'acceptKnock', { roomId, userId: plain.userId });
    expect(await news()).toMatchObject([told('acceptKnock', owner, plain.userId, 'M_NOT_FOUND')]);
  });

  it('because no name could be read keeps nothing of what was written', async () => {
    const bad = [
      ...[
        ['knock', { roomId: 'not a room' }],
        ['joinRoom', { roomId, via: ['not a server'] }],
      ],
      ...[
        ['kickUser', { roomId, userId: 'kim' }],
        ['acceptKnock', { roomId: '!x', userId: kim.userId }],
      ],
    ] as const;
    for (const [name, input] of bad) {
      expect((await refusedAct(owner, name, input)).extensions.code, name).toBe('M_INVALID_PARAM');
      expect(await news(), name).toMatchObject([
        { operation: name, actor: owner.userId, room_id: null, target: null, outcome: 'M_INVALID_PARAM' },
      ]);
    }
    for (const input of ['joinRule: PUBLIC, allowRoomIds: ["!a:b"]', 'allowRoomIds: ["!a:b"]', 'invite: ["kim"]']) {
      const document = `mutation { createRoom(input: { ${input} }) { room { id } } }`;
      expect((await refusal(owner, document)).extensions.code, input).toBe('M_INVALID_PARAM');
      expect(await news(), input).toMatchObject([{ operation: 'createRoom', outcome: 'M_INVALID_PARAM' }]);
    }
  });

  it('a hundred times over does not fill the log, and is answered all the same', async () => {
    const pest = await desk.join('pest');
    await news();
    const input = { roomId, userId: kim.userId };
    for (let n = 0; n < 60; n += 1) {
      expect((await refusedAct(pest, 'banUser', input)).extensions.code).toBe('M_FORBIDDEN');
    }
    const rows = await news();
    expect(rows.length).toBeGreaterThanOrEqual(30);
    expect(rows.length).toBeLessThan(60);
    // Others are recorded as ever, and so is what the pest is allowed.
    await refusedAct(kim, 'banUser', { roomId, userId: pest.userId });
    await act(pest, 'knock', { roomId });
    expect((await news()).map(({ operation, outcome }) => [operation, outcome])).toEqual([
      ...[
        ['banUser', 'M_FORBIDDEN'],
        ['knock', 'ok'],
      ],
    ]);
  });
});

describe('what is no act', () => {
  it('leaves nothing: queries, documents that do not fit the schema, requests without a token', async () => {
    await news();
    await ask(kim, '{ viewer { user { userId } } knocks { totalCount } }');
    const document = actDocument('knock').replace('$input: KnockInput!', '$input: Int!');
    expect((await refusal(kim, document, { input: 1 })).extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    const { errors } = await kim.graphql(actDocument('knock'), { input: { roomId: 7 } });
    expect(errors[0].extensions.code).toBe('M_INVALID_PARAM');
    const anonymous = await fetch(`${desk.server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: actDocument('knock'), variables: { input: { roomId } } }),
    });
    expect(anonymous.status).toBe(401);
    expect(await news()).toEqual([]);
  });
});
