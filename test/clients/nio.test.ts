/** A door's story with matrix-nio, unmodified, which holds every answer against JSON schemas of its own. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { arriveWithNio, type NioPerson } from '../support/nio.ts';
import { startServer, temporaryFolder, type TestServer } from '../support/server.ts';

const python = inject('nioPython');

let dataDir: string;
let server: TestServer;
let mara: NioPerson;
let finn: NioPerson;
let roomId: string;
const logs: string[] = [];

/** Ends the server and starts it again on the same port, and keeps what it has logged. */
async function restart(end: 'stop' | 'kill'): Promise<void> {
  const { port } = server;
  await server[end]();
  logs.push(server.output().log);
  server = await startServer({ dataDir, port });
}

async function expectShown<T>(look: () => T | Promise<T>, expected: T): Promise<void> {
  await expect.poll(look, { timeout: 30_000, interval: 30 }).toEqual(expected);
}

const done = (is: string) => ({ is, error: null });

/** Memberships of the room as the moderator's client reported them: `knock → invite`. */
const movesSeen = (): readonly string[] =>
  mara.events
    .filter(({ room, target }) => room === roomId && target === finn.userId)
    .map(({ before, membership }) => `${before ?? 'none'} → ${membership}`);

const lastReason = (): string | null | undefined => mara.events.at(-1)?.reason;

describe.skipIf(python === null)('a room with a door, in matrix-nio', () => {
  beforeAll(async () => {
    dataDir = await temporaryFolder();
    server = await startServer({ dataDir });
    mara = await arriveWithNio(python!, server.url, 'mara');
    finn = await arriveWithNio(python!, server.url, 'finn');
    await mara.call('set_displayname', { displayname: 'Mara' });
  });

  afterAll(async () => {
    await Promise.all([mara?.stop(), finn?.stop()]);
    await server?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('a room that is made shows its name, and opens its door to knocks', async () => {
    const made = await mara.call('room_create', { name: 'Reading room' });
    expect(made).toMatchObject(done('RoomCreateResponse'));
    roomId = made.room_id!;
    expect(await mara.call('room_enable_knocking', { room_id: roomId })).toMatchObject(done('RoomPutStateResponse'));
    const users = { [mara.userId]: { name: 'Mara', invited: false } };
    await expectShown(() => mara.show(roomId), { name: 'Reading room', users, joined: 1, joinRule: 'knock' });
  });

  it('a knock shows with its reason; who is let in is invited, joins, and is shown', async () => {
    const knock = { room_id: roomId, reason: 'I mend books.' };
    expect(await finn.call('room_knock', knock)).toMatchObject(done('RoomKnockResponse'));
    await expectShown(movesSeen, ['none → knock']);
    expect(lastReason()).toBe('I mend books.');
    const invite = { room_id: roomId, user_id: finn.userId };
    expect(await mara.call('room_invite', invite)).toMatchObject(done('RoomInviteResponse'));
    await expectShown(() => finn.invites, [{ room: roomId, by: mara.userId, name: 'Reading room' }]);
    expect(await finn.call('join', { room_id: roomId })).toMatchObject(done('JoinResponse'));
    const users = {
      [mara.userId]: { name: 'Mara', invited: false },
      [finn.userId]: { name: finn.userId, invited: false },
    };
    for (const person of [mara, finn])
      await expectShown(() => person.show(roomId), { name: 'Reading room', users, joined: 2, joinRule: 'knock' });
  });

  it('messages and names arrive', async () => {
    const content = { msgtype: 'm.text', body: 'Hello' };
    const said = { room_id: roomId, message_type: 'm.room.message', content };
    expect(await finn.call('room_send', said)).toMatchObject(done('RoomSendResponse'));
    await expectShown(() => mara.events.at(-1), { room: roomId, sender: finn.userId, body: 'Hello' });
    const named = await finn.call('set_displayname', { displayname: 'Finn the mender' });
    expect(named).toMatchObject(done('ProfileSetDisplayNameResponse'));
    await expectShown(async () => (await mara.show(roomId))?.users[finn.userId]?.name, 'Finn the mender');
  });

  it('who leaves, is rejected, banned, unbanned or retracts is shown so', async () => {
    const before = movesSeen().length;
    const steps: readonly (readonly [NioPerson, string, object, string])[] = [
      [finn, 'room_leave', {}, 'join → leave'],
      [finn, 'room_knock', { reason: 'Again' }, 'leave → knock'],
      [mara, 'room_kick', { user_id: finn.userId, reason: 'No' }, 'knock → leave'],
      [finn, 'room_knock', { reason: 'Please' }, 'leave → knock'],
      [mara, 'room_ban', { user_id: finn.userId, reason: 'Enough' }, 'knock → ban'],
      [mara, 'room_unban', { user_id: finn.userId }, 'ban → leave'],
      [finn, 'room_knock', { reason: 'Sorry' }, 'leave → knock'],
      [finn, 'room_leave', {}, 'knock → leave'],
    ];
    for (const [n, [who, method, args, move]] of steps.entries()) {
      expect((await who.call(method, { room_id: roomId, ...args })).error, method).toBeNull();
      await expectShown(
        () => movesSeen().slice(before),
        steps.slice(0, n + 1).map(([, , , seen]) => seen),
      );
      if (move.endsWith('ban'))
        expect(await finn.call('room_knock', { room_id: roomId })).toMatchObject({ error: 'M_FORBIDDEN' });
    }
    expect(await finn.call('room_forget', { room_id: roomId })).toMatchObject(done('RoomForgetResponse'));
    expect(await finn.show(roomId)).toBeNull();
  });

  it.each(['stop', 'kill'] as const)(
    'a client that waits while the server ends (%s) goes on without loss',
    async (end) => {
      const before = movesSeen().length;
      await restart(end);
      expect((await finn.call('room_knock', { room_id: roomId, reason: end })).error).toBeNull();
      await expectShown(() => movesSeen().slice(before), ['leave → knock']);
      expect(lastReason()).toBe(end);
      expect((await finn.call('room_leave', { room_id: roomId })).error).toBeNull();
      await expectShown(() => movesSeen().slice(before), ['leave → knock', 'knock → leave']);
    },
  );

  it('the clients understood every answer, and met no request that the server does not know', () => {
    expect([...mara.unknown, ...finn.unknown]).toEqual([]);
    const answers = [...logs, server.output().log].join('\n').split('\n');
    const statuses = answers.flatMap((line) => (line.includes('"answered"') ? [JSON.parse(line)] : []));
    expect(statuses.length).toBeGreaterThan(30);
    expect(statuses.filter(({ status }) => status === 404 || status === 405 || status >= 500)).toEqual([]);
  });
});
