/** Who is owed which event: read from the log by the expander, and written down once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { banUser } from '../../src/commands/ban.ts';
import { createRoom } from '../../src/commands/create-room.ts';
import { kickUser, unbanUser } from '../../src/commands/leave.ts';
import type { RoomId, UserId } from '../../src/matrix/identifiers.ts';
import { sendState } from '../../src/commands/send-state.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { expandOnce } from '../../src/outbox/owe.ts';
import { guestOf, openDelivering, type Delivering } from '../support/delivering.ts';
import { actor, makeKnockRoom, SERVER_NAME } from '../support/history.ts';
import { server, user } from '../support/rooms.ts';

let world: Delivering;
const boss = actor('boss');

beforeAll(async () => {
  world = await openDelivering(0);
});
afterAll(() => world.close());

/** Servers without anybody behind them. */
const [alpha, beta, gamma] = ['alpha.test', 'beta.test', 'gamma.test'].map((name) => ({ name: server(name) })) as [
  { name: ReturnType<typeof server> },
  { name: ReturnType<typeof server> },
  { name: ReturnType<typeof server> },
];

async function publicRoom(...members: readonly UserId[]): Promise<RoomId> {
  const { roomId } = await createRoom(world.log.deps, boss, jsonObject({ preset: 'public_chat' }));
  for (const member of members) await world.guests.member(roomId, member, 'join');
  return roomId;
}

/** To whom the newest event of the room is owed, once the log is read. */
async function owedTo(roomId: RoomId): Promise<readonly string[]> {
  await world.expand();
  const rows = await world.sql(
    `select d.destination from deliveries d
      where d.room_id = $1 and d.position = (select max(position) from verdicts where room_id = $1) order by 1`,
    [roomId],
  );
  return rows.map(({ destination }) => String(destination));
}

describe('an event of a room', () => {
  it('is owed to every server that was in the room before it, once', async () => {
    const roomId = await publicRoom(guestOf(alpha), guestOf(alpha, 'other'), guestOf(beta));
    await world.message(roomId, 'to everybody');
    expect(await owedTo(roomId)).toEqual([alpha.name, beta.name]);
    expect(await owedTo(roomId)).toEqual([alpha.name, beta.name]);
  });

  it('that was taken for another server goes to the others at once, and not back', async () => {
    const roomId = await publicRoom(guestOf(alpha), guestOf(beta));
    await world.guests.member(roomId, guestOf(gamma), 'join');
    expect(await owedTo(roomId)).toEqual([alpha.name, beta.name]);
  });

  it('10: that is a knock taken for another server reaches third servers without another event', async () => {
    const roomId = await makeKnockRoom(world.log.deps, 'boss');
    await world.guests.invite(roomId, boss.userId, guestOf(alpha));
    await world.guests.member(roomId, guestOf(alpha), 'join');
    await world.guests.member(roomId, guestOf(beta), 'knock');
    expect(await owedTo(roomId)).toEqual([alpha.name]);
  });

  it('that another server sends to all by itself is owed to nobody', async () => {
    const roomId = await publicRoom(guestOf(alpha), guestOf(beta));
    await world.guests.message(roomId, guestOf(alpha), 'I told beta myself');
    expect(await owedTo(roomId)).toEqual([]);
  });

  it('in a room of this server alone is owed to nobody', async () => {
    const roomId = await publicRoom();
    await world.message(roomId, 'only here');
    expect(await owedTo(roomId)).toEqual([]);
  });

  it('28: that bans the last member of a server reaches that server, and nothing after it does', async () => {
    const roomId = await publicRoom(guestOf(alpha), guestOf(beta));
    await banUser(world.log.deps, boss, { roomId, userId: guestOf(alpha) });
    expect(await owedTo(roomId)).toEqual([alpha.name, beta.name]);
    await world.message(roomId, 'without alpha');
    expect(await owedTo(roomId)).toEqual([beta.name]);
  });

  it('that is an invite of somebody elsewhere goes to the room, and not to the server of the invited', async () => {
    const roomId = await publicRoom(guestOf(beta));
    await world.guests.invite(roomId, boss.userId, guestOf(alpha));
    expect(await owedTo(roomId)).toEqual([beta.name]);
  });
});

describe('the server of a user who is not in the room', () => {
  const about = (roomId: RoomId, who: UserId) => ({ roomId, userId: who });

  it('is owed the end of an invite, by the inviter or by a ban', async () => {
    const { deps } = world.log;
    const roomId = await publicRoom(guestOf(beta));
    await world.guests.invite(roomId, boss.userId, guestOf(alpha));
    await kickUser(deps, boss, about(roomId, guestOf(alpha)));
    expect(await owedTo(roomId)).toEqual([alpha.name, beta.name]);
    await world.guests.invite(roomId, boss.userId, guestOf(alpha));
    await banUser(deps, boss, about(roomId, guestOf(alpha)));
    expect(await owedTo(roomId)).toEqual([alpha.name, beta.name]);
    await unbanUser(deps, boss, about(roomId, guestOf(alpha)));
    expect(await owedTo(roomId)).toEqual([alpha.name, beta.name]);
  });

  it('is owed the denial of a knock, a rejection and a ban alike', async () => {
    const { deps } = world.log;
    const roomId = await makeKnockRoom(deps, 'boss');
    for (const deny of [kickUser, banUser]) {
      await world.guests.member(roomId, guestOf(alpha), 'knock');
      await deny(deps, boss, about(roomId, guestOf(alpha)));
      expect(await owedTo(roomId)).toEqual([alpha.name]);
    }
  });

  it('is not owed what its own user did, nor a ban of somebody who was nothing to the room', async () => {
    const { deps } = world.log;
    const roomId = await makeKnockRoom(deps, 'boss');
    await world.guests.member(roomId, guestOf(alpha), 'knock');
    await world.guests.member(roomId, guestOf(alpha), 'leave');
    expect(await owedTo(roomId)).toEqual([]);
    await banUser(deps, boss, about(roomId, guestOf(gamma)));
    expect(await owedTo(roomId)).toEqual([]);
  });

  it('is owed the denial by a moderator elsewhere if its knock was taken here, and only then', async () => {
    const { deps } = world.log;
    const roomId = await makeKnockRoom(deps, 'boss');
    const mod = user('mod', 'beta.test');
    await world.guests.invite(roomId, boss.userId, mod);
    await world.guests.member(roomId, mod, 'join');
    const content = jsonObject({ users: jsonObject({ [mod]: 50 }), invite: 50, kick: 50, ban: 50 });
    await sendState(deps, boss, { roomId, type: 'm.room.power_levels', stateKey: '', content });
    const denied = (target: UserId) => world.guests.member(roomId, mod, 'leave', { target, relay: false });
    await world.guests.member(roomId, guestOf(alpha), 'knock');
    await denied(guestOf(alpha));
    expect(await owedTo(roomId)).toEqual([alpha.name]);
    await world.guests.member(roomId, guestOf(gamma), 'knock', { relay: false, origin: beta.name });
    await denied(guestOf(gamma));
    expect(await owedTo(roomId)).toEqual([]);
  });
});

describe('the expander', () => {
  it('reads the log once, however many read it at a time, and goes on where it was', async () => {
    const roomId = await publicRoom(guestOf(alpha), guestOf(beta), guestOf(gamma));
    await world.expand();
    for (let n = 0; n < 30; n += 1) {
      await world.message(roomId, `message ${n}`);
      if (n % 3 === 0) void expandOnce(world.test.database.db, SERVER_NAME);
    }
    await Promise.all(Array.from({ length: 8 }, () => world.expand()));
    const rows = await world.sql(
      `select d.destination, count(*)::int4 as n, count(distinct d.event)::int4 as events from deliveries d
         join events e on e.room_id = d.room_id and e.position = d.event and e.type = 'm.room.message'
        where d.room_id = $1 group by 1 order by 1`,
      [roomId],
    );
    expect(rows).toEqual([alpha, beta, gamma].map(({ name }) => ({ destination: name, n: 30, events: 30 })));
    const [lag] = await world.sql(
      `select position - (select position from reader_positions where reader = 'deliveries') as lag from log_head`,
    );
    expect(lag).toEqual({ lag: 0 });
  });

  it('names a server that came to be owed something, and not again while it is', async () => {
    const roomId = await publicRoom(user('one', 'fresh.test'));
    expect(await world.expand()).not.toContain('fresh.test');
    await world.message(roomId, 'first');
    expect(await world.expand()).toEqual(['fresh.test']);
    await world.message(roomId, 'second');
    expect(await world.expand()).toEqual([]);
  });
});
