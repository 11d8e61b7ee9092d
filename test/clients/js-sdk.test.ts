/** A door's whole story with matrix-js-sdk, unmodified: what three people's clients show, and that nothing they ask fails. */
import { Preset, type MatrixClient } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  arrive,
  logIn,
  membershipSeen,
  ownMembership,
  roomOf,
  expectShown,
  timelineOf,
  troubles,
  type Exchange,
  type Person,
} from '../support/js-sdk.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let [mara, finn, zoe]: Person[] = [];
let roomId: string;
const exchanges: Exchange[] = [];
const people: Person[] = [];

beforeAll(async () => {
  server = await startServer();
  for (const name of ['mara', 'finn', 'zoe']) people.push(await arrive(server.url, name, exchanges));
  [mara, finn, zoe] = people;
  await mara!.client.setDisplayName('Mara');
});

afterAll(async () => {
  for (const { client } of people) client.stopClient();
  await server.stop();
});

/** What an act is refused with. */
const refusal = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'not refused',
    (error: { httpStatus: number; errcode: string }) => `${error.httpStatus} ${error.errcode}`,
  );

/** Waits until the moderator sees this membership, and the person too. */
async function bothSee(person: Person, membership: string): Promise<void> {
  await expectShown(() => membershipSeen(mara!, roomId, person.userId), membership);
  await expectShown(() => ownMembership(person, roomId), membership);
}

const reasonSeen = (userId: string): unknown =>
  roomOf(mara!, roomId).getMember(userId)?.events.member?.getContent()['reason'];

describe('a room with a door, in matrix-js-sdk', () => {
  it('a room that is made shows its name and its maker', async () => {
    const made = await mara!.client.createRoom({
      name: 'Reading room',
      topic: 'Old books',
      preset: Preset.PrivateChat,
      initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }],
    });
    roomId = made.room_id;
    await expectShown(() => ownMembership(mara!, roomId), 'join');
    const room = roomOf(mara!, roomId);
    expect(room.name).toBe('Reading room');
    expect(room.getJoinRule()).toBe('knock');
    expect(room.getMember(mara!.userId)?.name).toBe('Mara');
    expect(room.getJoinedMemberCount()).toBe(1);
  });

  it('a knock with a reason shows to the moderator, and to the knocker the room’s name', async () => {
    await finn!.client.knockRoom(roomId, { reason: 'I mend books.' });
    await bothSee(finn!, 'knock');
    expect(reasonSeen(finn!.userId)).toBe('I mend books.');
    expect(roomOf(finn!, roomId).name).toBe('Reading room');
    expect(timelineOf(mara!, roomId).at(-1)).toBe(`${finn!.userId} m.room.member knock I mend books.`);
  });

  it('who is let in gets an invite, joins, and sees who else is there', async () => {
    await mara!.client.invite(roomId, finn!.userId, { reason: 'Welcome!' });
    await bothSee(finn!, 'invite');
    await finn!.client.joinRoom(roomId);
    await bothSee(finn!, 'join');
    await expectShown(() => membershipSeen(finn!, roomId, mara!.userId), 'join');
    for (const person of [mara!, finn!]) await expectShown(() => roomOf(person, roomId).getJoinedMemberCount(), 2);
    expect(timelineOf(finn!, roomId).at(-1)).toBe(`${finn!.userId} m.room.member join`);
  });

  it('a rejected knock ends, and may be knocked again', async () => {
    await zoe!.client.knockRoom(roomId, { reason: 'Let me in' });
    await bothSee(zoe!, 'knock');
    await mara!.client.kick(roomId, zoe!.userId, 'Not like this');
    await bothSee(zoe!, 'leave');
    await zoe!.client.knockRoom(roomId, { reason: 'Please' });
    await bothSee(zoe!, 'knock');
    expect(reasonSeen(zoe!.userId)).toBe('Please');
  });

  it('who is banned cannot knock, who is unbanned can', async () => {
    await mara!.client.ban(roomId, zoe!.userId, 'Enough');
    await bothSee(zoe!, 'ban');
    expect(await refusal(zoe!.client.knockRoom(roomId, { reason: 'But' }))).toBe('403 M_FORBIDDEN');
    await mara!.client.unban(roomId, zoe!.userId);
    await bothSee(zoe!, 'leave');
    await zoe!.client.knockRoom(roomId, { reason: 'I am sorry' });
    await bothSee(zoe!, 'knock');
  });

  it('a knock that is retracted ends, and a forgotten room is gone until the next knock', async () => {
    await zoe!.client.leave(roomId);
    await bothSee(zoe!, 'leave');
    await zoe!.client.forget(roomId);
    expect(zoe!.client.getRoom(roomId)).toBeNull();
    const again = await logIn(server.url, 'zoe', exchanges);
    people.push(again);
    expect(again.client.getRooms()).toEqual([]);
    await again.client.knockRoom(roomId, { reason: 'Once more' });
    for (const device of [zoe!, again]) await expectShown(() => ownMembership(device, roomId), 'knock');
    await expectShown(() => reasonSeen(zoe!.userId), 'Once more');
  });

  it('a new name shows to the others', async () => {
    await finn!.client.setDisplayName('Finn the mender');
    await expectShown(() => roomOf(mara!, roomId).getMember(finn!.userId)?.name, 'Finn the mender');
    await mara!.client.setRoomName(roomId, 'Reading room, upstairs');
    await expectShown(() => roomOf(finn!, roomId).name, 'Reading room, upstairs');
  });

  it('messages arrive in the order in which they were said, and a redacted one is empty', async () => {
    await finn!.client.sendTextMessage(roomId, 'Hello');
    // A client shows what it sends at once, below what it has heard so far.
    await expectShown(() => timelineOf(mara!, roomId).at(-1), `${finn!.userId} m.room.message Hello`);
    const { event_id } = await mara!.client.sendTextMessage(roomId, 'Hello yourself');
    await expectShown(() => timelineOf(finn!, roomId).at(-1), `${mara!.userId} m.room.message Hello yourself`);
    await finn!.client.sendTextMessage(roomId, 'Nice books');
    const tail = [
      `${finn!.userId} m.room.message Hello`,
      `${mara!.userId} m.room.message Hello yourself`,
      `${finn!.userId} m.room.message Nice books`,
    ];
    for (const person of [mara!, finn!]) await expectShown(() => timelineOf(person, roomId).slice(-3), tail);
    await mara!.client.redactEvent(roomId, event_id);
    await expectShown(() => roomOf(finn!, roomId).findEventById(event_id)?.isRedacted(), true);
  });

  it('who leaves keeps what was said until then, and nothing of what comes after', async () => {
    await finn!.client.leave(roomId);
    await bothSee(finn!, 'leave');
    await mara!.client.sendTextMessage(roomId, 'He is gone');
    await expectShown(() => timelineOf(mara!, roomId).at(-1), `${mara!.userId} m.room.message He is gone`);
    await finn!.client.setDisplayName('Finn');
    expect(timelineOf(finn!, roomId).at(-1)).toBe(`${finn!.userId} m.room.member leave`);
    await finn!.client.forget(roomId);
    expect(finn!.client.getRoom(roomId)).toBeNull();
  });
});

describe('what a client shows at the end', () => {
  it('each membership moved as it did, in each client', async () => {
    const away = (person: Person, userId: string) => person.moves.filter((move) => move.startsWith(`${userId} `));
    const path = (userId: string, ...steps: readonly string[]) =>
      steps.slice(1).map((step, n) => `${userId} ${steps[n]} → ${step}`);
    const [a, b, c] = [mara!.userId, finn!.userId, zoe!.userId];
    const zoes = ['none', 'knock', 'leave', 'knock', 'ban', 'leave', 'knock', 'leave', 'knock'];
    expect(away(mara!, b)).toEqual(path(b, 'none', 'knock', 'invite', 'join', 'leave'));
    expect(away(mara!, c)).toEqual(path(c, ...zoes));
    expect(away(mara!, a)).toEqual(path(a, 'none', 'join'));
    // Who joins gets the room's history, and sees their own way into it once more.
    const again = ['none', 'knock', 'invite', 'knock', 'invite', 'join', 'leave'];
    expect(away(finn!, b)).toEqual(path(b, ...again));
  });

  it('a new device of the moderator shows the same room', async () => {
    const device = await logIn(server.url, 'mara', exchanges);
    people.push(device);
    const look = (client: MatrixClient) => {
      const room = client.getRoom(roomId)!;
      const members = room.currentState
        .getMembers()
        .map(({ userId, name, membership }) => ({ userId, name, membership }));
      return { name: room.name, members: members.sort((a, b) => (a.userId < b.userId ? -1 : 1)) };
    };
    expect(look(device.client)).toEqual(look(mara!.client));
    expect(timelineOf(device, roomId)).toEqual(timelineOf(mara!, roomId).slice(-50));
  });

  it('no client met a request that the server does not know, or a failure of the server', () => {
    expect(exchanges.length).toBeGreaterThan(50);
    expect(troubles(exchanges)).toEqual([]);
    expect(exchanges.filter(({ status }) => status !== 200).map(({ who, status }) => `${who} ${status}`)).toEqual([
      'zoe 403',
    ]);
  });
});
