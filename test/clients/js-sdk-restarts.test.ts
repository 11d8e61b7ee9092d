/** The server ends in the middle of the syncs of matrix-js-sdk, and comes back: its clients go on, and miss nothing. */
import { rm } from 'node:fs/promises';
import { EventStatus, Preset } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientWith, register, type Client } from '../support/client.ts';
import {
  arrive,
  expectShown,
  membershipSeen,
  ownMembership,
  roomOf,
  timelineOf,
  troubles,
  type Exchange,
  type Person,
} from '../support/js-sdk.ts';
import { startServer, temporaryFolder, type TestServer } from '../support/server.ts';

let dataDir: string;
let server: TestServer;
let mara: Person;
let finn: Person;
let knockers: readonly Client[];
let roomId: string;
const exchanges: Exchange[] = [];
/** What was said in the room, in the order of the answers. */
const said: string[] = [];

beforeAll(async () => {
  dataDir = await temporaryFolder();
  server = await startServer({ dataDir });
  mara = await arrive(server.url, 'mara', exchanges);
  finn = await arrive(server.url, 'finn', exchanges);
  knockers = await Promise.all(['ada', 'ben', 'cem', 'dia', 'eva', 'fay'].map((name) => register(server.url, name)));
  const initial_state = [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }];
  ({ room_id: roomId } = await mara.client.createRoom({ name: 'The door', preset: Preset.PrivateChat, initial_state }));
  await mara.client.invite(roomId, finn.userId);
  await expectShown(() => ownMembership(finn, roomId), 'invite');
  await finn.client.joinRoom(roomId);
  for (const person of [mara, finn]) await expectShown(() => membershipSeen(person, roomId, finn.userId), 'join');
});

afterAll(async () => {
  for (const { client } of [mara, finn]) client.stopClient();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function knock({ userId, token }: Client): Promise<void> {
  const reason = `after ${said.length}`;
  await clientWith(server.url, token, userId).ok('POST', `/knock/${roomId}`, { reason });
  said.push(`${userId} m.room.member knock ${reason}`);
}

/** Sends a message while there is no server: the client keeps it, and sends it again when it is told to. */
async function sendWhileAway(body: string, back: Promise<void>): Promise<void> {
  await finn.client.sendTextMessage(roomId, body).catch(async () => {
    await back;
    const room = roomOf(finn, roomId);
    const kept = room.getLiveTimeline().getEvents();
    await finn.client.resendEvent(
      kept.find(({ status }) => status === EventStatus.NOT_SENT)!,
      room,
    );
  });
  said.push(`${finn.userId} m.room.message ${body}`);
}

describe('a server that ends while clients sync', () => {
  it.each([
    ['stop', 0],
    ['kill', 2],
    ['kill', 4],
  ] as const)('%s: what happened before and after shows once, in its order', async (end, first) => {
    const seenBefore = timelineOf(mara, roomId).length;
    const saidBefore = said.length;
    await knock(knockers[first]!);
    const { port } = server;
    await server[end]();
    const back = Promise.withResolvers<void>();
    const sent = sendWhileAway(`while it was away (${end})`, back.promise);
    server = await startServer({ dataDir, port });
    back.resolve();
    await sent;
    await knock(knockers[first + 1]!);
    for (const person of [mara, finn]) {
      // The client's own message may stand where it was written: below what it had heard until then.
      await expectShown(
        () => timelineOf(person, roomId).slice(seenBefore).toSorted(),
        said.slice(saidBefore).toSorted(),
      );
      const others = (line: string): boolean => !line.startsWith(finn.userId);
      expect(timelineOf(person, roomId).slice(seenBefore).filter(others)).toEqual(
        said.slice(saidBefore).filter(others),
      );
    }
  });

  it('the members are those that the server tells of, in each client', async () => {
    const { chunk } = await clientWith(server.url, mara.client.getAccessToken()!, mara.userId).ok(
      'GET',
      `/rooms/${roomId}/members`,
    );
    const told: string[] = chunk.map(
      (event: { state_key: string; content: { membership: string } }) =>
        `${event.state_key} ${event.content.membership}`,
    );
    expect(told).toHaveLength(knockers.length + 2);
    for (const person of [mara, finn]) {
      const seen = roomOf(person, roomId)
        .currentState.getMembers()
        .map(({ userId, membership }) => `${userId} ${membership}`);
      expect(seen.toSorted()).toEqual(told.toSorted());
    }
  });

  it('the clients lost the connection, and met no answer but good ones', () => {
    for (const { states } of [mara, finn]) expect(states).toContain('RECONNECTING');
    expect(exchanges.some(({ status }) => status === null)).toBe(true);
    expect(troubles(exchanges)).toEqual([]);
  });
});
