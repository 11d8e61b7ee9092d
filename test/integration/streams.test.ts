/** Subscriptions: history first, then live, over WebSocket and server-sent events, to those who may see it at that moment. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, refusal, type Data, type Desk } from '../support/graphql.ts';
import { overEvents, overSocket, type Stream, type StreamRequest } from '../support/streams.ts';

let desk: Desk;
let owner: Client;
let mod: Client;
let kim: Client;
let lee: Client;

beforeAll(async () => {
  desk = await openDesk();
  [owner, mod, kim, lee] = (await Promise.all(['owner', 'mod', 'kim', 'lee'].map((name) => desk.join(name)))) as [
    ...[Client, Client, Client, Client],
  ];
});

afterAll(() => desk.close());

const TRANSITIONS = `subscription ($where: TransitionFilter, $after: String) {
  transitions(where: $where, after: $after) { position kind user { userId } room { roomId } }
}`;
const KNOCKS = `subscription ($where: KnockFilter, $after: String) {
  knocks(where: $where, after: $after) { id status reason user { userId } room { roomId } viewerCanAccept }
}`;

const DOORS = { 'a WebSocket': overSocket, 'server-sent events': overEvents } as const;

const kinds = (results: readonly Data[]): readonly string[] => results.map(({ data }) => data.transitions.kind);

/** A moderator of equal power to nobody. */
async function staffed(): Promise<string> {
  const roomId = await makeRoom(owner);
  await act(owner, 'inviteUser', { roomId, userId: mod.userId });
  await act(mod, 'joinRoom', { roomId });
  await setPower(roomId, 50);
  return roomId;
}

async function setPower(roomId: string, level: number): Promise<void> {
  const levels = await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  const users = { ...levels.users, [mod.userId]: level };
  await owner.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, users });
}

for (const [name, open] of Object.entries(DOORS)) {
  describe(`over ${name}`, () => {
    const streams: Stream[] = [];
    const start = (client: Client | null, request: StreamRequest): Stream => {
      const stream = open(desk.server.url, client?.token ?? null, request);
      streams.push(stream);
      return stream;
    };
    afterAll(() => streams.forEach((stream) => stream.stop()));

    it('transitions come as history first, then live, in order and each once', async () => {
      const roomId = await staffed();
      await act(kim, 'knock', { roomId, reason: 'hello' });
      const stream = start(owner, { query: TRANSITIONS, variables: { where: { roomId }, after: '0' } });
      expect(kinds(await stream.come(4))).toEqual(['JOINED', 'INVITE_SENT', 'INVITE_ACCEPTED', 'KNOCK_REQUESTED']);
      await act(owner, 'acceptKnock', { roomId, userId: kim.userId });
      await act(kim, 'joinRoom', { roomId });
      const results = await stream.come(6);
      expect(kinds(results).slice(4)).toEqual(['KNOCK_ACCEPTED', 'INVITE_ACCEPTED']);
      const positions = results.map(({ data }) => Number(data.transitions.position));
      expect(positions.toSorted((a, b) => a - b)).toEqual(positions);
      expect(results.map(({ extensions }) => extensions.position)).toEqual(positions.map(String));
      const again = start(owner, { query: TRANSITIONS, variables: { where: { roomId }, after: String(positions[3]) } });
      expect((await again.come(2)).map(({ data }) => Number(data.transitions.position))).toEqual(positions.slice(4));
    });

    it('without a position only what happens from now on comes, and only what is asked for', async () => {
      const roomId = await staffed();
      const where = { roomId, kinds: ['KNOCK_REQUESTED', 'KNOCK_RETRACTED'], userId: kim.userId };
      const stream = start(owner, { query: TRANSITIONS, variables: { where } });
      const open = start(owner, { query: TRANSITIONS, variables: { where: { roomId } } });
      await sleep(300);
      await act(lee, 'knock', { roomId });
      await act(kim, 'knock', { roomId });
      await act(kim, 'retractKnock', { roomId });
      expect(kinds(await open.come(3))).toEqual(['KNOCK_REQUESTED', 'KNOCK_REQUESTED', 'KNOCK_RETRACTED']);
      expect(kinds(await stream.come(2))).toEqual(['KNOCK_REQUESTED', 'KNOCK_RETRACTED']);
      expect(stream.results.every(({ data }) => data.transitions.user.userId === kim.userId)).toBe(true);
    });

    it('a moderator who loses the power gets nothing of the room from then on, and gets it again with the power', async () => {
      const roomId = await staffed();
      const stream = start(mod, { query: TRANSITIONS, variables: { where: { roomId } } });
      const witness = start(owner, { query: TRANSITIONS, variables: { where: { roomId } } });
      await sleep(300);
      await act(kim, 'knock', { roomId, reason: 'seen' });
      await stream.come(1);
      await setPower(roomId, 0);
      await act(lee, 'knock', { roomId, reason: 'not seen' });
      await act(kim, 'retractKnock', { roomId });
      await witness.come(3);
      await setPower(roomId, 50);
      await act(kim, 'knock', { roomId, reason: 'seen again' });
      await witness.come(4);
      expect(kinds(await stream.come(2))).toEqual(['KNOCK_REQUESTED', 'KNOCK_REQUESTED']);
      expect(stream.results.map(({ data }) => data.transitions.user.userId)).toEqual([kim.userId, kim.userId]);
    });

    it('a knocker gets what happens to the own knock, and nothing of others', async () => {
      const roomId = await staffed();
      const stream = start(kim, { query: TRANSITIONS, variables: { where: { roomId } } });
      await sleep(300);
      await act(lee, 'knock', { roomId });
      await act(kim, 'knock', { roomId });
      await act(owner, 'rejectKnock', { roomId, userId: lee.userId });
      await act(owner, 'rejectKnock', { roomId, userId: kim.userId });
      expect(kinds(await stream.come(2))).toEqual(['KNOCK_REQUESTED', 'KNOCK_REJECTED']);
      expect(stream.results.map(({ data }) => data.transitions.user.userId)).toEqual([kim.userId, kim.userId]);
    });

    it('knocks come when they are made, said again and ended, as they are then', async () => {
      const roomId = await staffed();
      const all = start(mod, { query: KNOCKS, variables: { where: { roomId } } });
      const pending = start(mod, { query: KNOCKS, variables: { where: { roomId, status: ['PENDING'] } } });
      await sleep(300);
      await act(kim, 'knock', { roomId, reason: 'one' });
      await all.come(1);
      await act(kim, 'knock', { roomId, reason: 'two' });
      await all.come(2);
      await act(mod, 'acceptKnock', { roomId, userId: kim.userId });
      await all.come(3);
      await act(kim, 'joinRoom', { roomId });
      await act(lee, 'knock', { roomId });
      const knocks = (await all.come(4)).map(({ data }) => data.knocks);
      expect(knocks.map(({ status }: Data) => status)).toEqual(['PENDING', 'PENDING', 'ACCEPTED', 'PENDING']);
      expect(knocks.map(({ viewerCanAccept }: Data) => viewerCanAccept)).toEqual([true, true, false, true]);
      expect(new Set(knocks.map(({ id }: Data) => id)).size).toBe(2);
      expect((await pending.come(3)).map(({ data }) => data.knocks.user.userId)).toEqual([
        ...[kim.userId, kim.userId, lee.userId],
      ]);
      const position = all.results[2].extensions.position;
      const again = start(mod, { query: KNOCKS, variables: { where: { roomId }, after: position } });
      expect((await again.come(1))[0].data.knocks).toMatchObject({ status: 'PENDING', user: { userId: lee.userId } });
    });

    it('a token that ends, ends its streams: at once where something comes, soon where nothing does', async () => {
      const roomId = await staffed();
      for (const busy of [true, false]) {
        const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'owner' } };
        const body = { ...login, password: 'password of owner' };
        const { access_token } = await owner.ok('POST', '/login', body);
        const stream = open(desk.server.url, access_token, { query: TRANSITIONS, variables: { where: { roomId } } });
        streams.push(stream);
        await sleep(300);
        await act(kim, 'knock', { roomId, reason: `until ${busy}` });
        await stream.come(1);
        const signOut = await fetch(`${desk.server.url}/_matrix/client/v3/logout`, {
          method: 'POST',
          headers: { authorization: `Bearer ${access_token}` },
        });
        expect(signOut.status).toBe(200);
        if (busy) await act(kim, 'retractKnock', { roomId });
        const why = (await stream.ended) as Data;
        const told = stream.results.slice(1);
        if (open === overSocket) {
          expect(why).toMatchObject({ code: 4403 });
          expect(told).toEqual([]);
        } else {
          expect(told).toEqual([
            { errors: [{ message: expect.any(String), extensions: { code: 'M_UNKNOWN_TOKEN' } }] },
          ]);
        }
      }
    });

    it('what is no subscription, or a bad one, is refused with its code and opens nothing', async () => {
      const roomId = await staffed();
      const codeOf = async (query: string, variables: Record<string, unknown> = {}): Promise<unknown> => {
        const stream = start(owner, { query, variables });
        const why = (await stream.ended) as Data;
        return Array.isArray(why) ? why[0].extensions.code : (why.response?.status ?? why);
      };
      const isSocket = open === overSocket;
      expect(await codeOf('{ viewer { isAdmin } }')).toBe(isSocket ? 'M_UNRECOGNIZED' : 400);
      expect(await codeOf('mutation { startVerify { job { id } } }')).toBe(isSocket ? 'M_UNRECOGNIZED' : 400);
      expect(await codeOf('subscription {')).toBe(isSocket ? 'GRAPHQL_PARSE_FAILED' : 400);
      expect(await codeOf('subscription { nothing }')).toBe(isSocket ? 'GRAPHQL_VALIDATION_FAILED' : 400);
      expect(await codeOf(TRANSITIONS, { after: 'yesterday' })).toBe(isSocket ? 'M_INVALID_PARAM' : 400);
      expect(await codeOf(TRANSITIONS, { where: { roomId: 'no room' } })).toBe(isSocket ? 'M_INVALID_PARAM' : 400);
      expect(await codeOf(KNOCKS, { where: { userId: 'nobody' } })).toBe(isSocket ? 'M_INVALID_PARAM' : 400);
      const deep =
        'subscription { transitions { room { members(first: 100) { nodes { user { knocks(first: 100) { nodes { id } } } } } } } }';
      expect(await codeOf(deep, { where: { roomId } })).toBe(isSocket ? 'M_TOO_LARGE' : 400);
    });

    it('nobody without a good token is served', async () => {
      for (const token of [null, 'not a token']) {
        const stream = open(desk.server.url, token, { query: TRANSITIONS });
        const why = (await stream.ended) as Data;
        expect(why.code ?? why.response?.status).toBe(open === overSocket ? 4403 : 401);
      }
    });
  });
}

it('a subscription that is sent with POST /graphql is refused, and told where it belongs', async () => {
  const { extensions, message } = await refusal(owner, TRANSITIONS);
  expect(extensions.code).toBe('M_UNRECOGNIZED');
  expect(message).toContain('/graphql/stream');
  await ask(owner, '{ viewer { isAdmin } }');
});
