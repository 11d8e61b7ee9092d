/** Everybody who could ask, in a room with a door, and one of each thing that could be asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Client } from './client.ts';
import { act, ask, makeRoom, openDesk, type Desk } from './graphql.ts';
import { makeToken } from './service-tokens.ts';

/** In the order of the table's columns: people, then tokens by their one scope, then the admin. */
export const VIEWERS = [
  ...['stranger', 'member', 'knocker', 'moderator', 'elsewhere', 'left'],
  ...['rooms', 'knocks', 'reasons', 'decide', 'audit', 'adminToken', 'admin'],
] as const;

export type ViewerName = (typeof VIEWERS)[number];

const SCOPES = {
  rooms: 'ROOMS_READ',
  knocks: 'KNOCKS_READ',
  reasons: 'REASONS_READ',
  decide: 'KNOCKS_DECIDE',
  audit: 'AUDIT_READ',
} as const;

export interface Scene {
  readonly desk: Desk;
  readonly viewers: Readonly<Record<ViewerName, Client>>;
  readonly owner: Client;
  readonly roomId: string;
  /** Where every member may invite. */
  readonly warnedRoomId: string;
  readonly server: string;
  /** Ids of nodes, by their types. */
  readonly ids: Readonly<Record<string, readonly string[]>>;
  readonly jobId: string;
  /** A place in the log at which the room was known. */
  readonly position: string;
}

/** Words that stand in the scene. */
export const WORDS = {
  knock: 'may I come in',
  again: 'may I come in now',
  no: 'not today',
  note: 'a note among us',
} as const;

export async function openScene(): Promise<Scene> {
  const desk = await openDesk(null, { RATE_LIMITS: 'off', GRAPHQL_MAX_COST: '9999999' });
  const people: Record<string, Client> = {};
  for (const name of ['stranger', 'member', 'knocker', 'moderator', 'elsewhere', 'left', 'owner', 'bot', 'guest'])
    people[name] = await desk.join(name);
  const { member, knocker, moderator, left, owner, bot } = people;
  const admin = await desk.admin('root');
  const roomId = await makeRoom(owner!, { version: '11', topic: 'Behind the door' });
  await makeRoom(people['elsewhere']!);
  for (const client of [member!, moderator!, left!, bot!]) {
    await act(owner!, 'inviteUser', { roomId, userId: client.userId });
    await act(client, 'joinRoom', { roomId });
  }
  const levels = await owner!.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  const users = { ...levels.users, ...Object.fromEntries([moderator!, left!, bot!].map(({ userId }) => [userId, 50])) };
  await owner!.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, users });
  await act(left!, 'leaveRoom', { roomId });
  await knocker!.ok('PUT', `/profile/${knocker!.userId}/displayname`, { displayname: 'Kim' });
  await knocker!.ok('PUT', `/profile/${knocker!.userId}/avatar_url`, { avatar_url: 'mxc://localhost/kim' });
  await owner!.ok('PUT', '/directory/room/%23door:localhost:8448', { room_id: roomId });
  await owner!.ok('PUT', `/rooms/${roomId}/state/m.room.canonical_alias`, { alias: '#door:localhost:8448' });
  await act(owner!, 'banUser', { roomId, userId: '@banned:owed.example' });
  await act(owner!, 'inviteUser', { roomId, userId: people['guest']!.userId });
  await act(knocker!, 'knock', { roomId, reason: WORDS.knock });
  const rejected = await act(owner!, 'rejectKnock', { roomId, userId: knocker!.userId, reason: WORDS.no });
  const pending = await act(knocker!, 'knock', { roomId, reason: WORDS.again });
  const knockId = pending.knock.id;
  const triage = `mutation ($id: ID!) { claimKnock(input: { knockId: $id }) { knock { id } }
    markKnockSeen(input: { knockId: $id }) { knock { id } } tagKnock(input: { knockId: $id, tag: "later" }) { knock { id } }
    noteKnock(input: { knockId: $id, text: "${WORDS.note}" }) { knock { id } } }`;
  await ask(owner!, triage, { id: knockId });
  const warnedRoomId = await makeRoom(owner!);
  for (const client of [member!, moderator!]) {
    await act(owner!, 'inviteUser', { roomId: warnedRoomId, userId: client.userId });
    await act(client, 'joinRoom', { roomId: warnedRoomId });
  }
  await openInvites(owner!, warnedRoomId, moderator!);
  const server = 'owed.example';
  await owe(desk, server, roomId);
  const tokens = await Promise.all(
    Object.entries(SCOPES).map(async ([name, scope]) => [
      ...[name, (await makeToken(desk, admin, bot!, { name, scopes: [scope] })).client],
    ]),
  );
  const adminToken = await makeToken(desk, admin, admin, { name: 'adminToken', scopes: ['ADMIN'] });
  const jobId = await doneJob(admin);
  await seal(desk);
  const ids = {
    User: await nodeIds(admin, `{ knock(id: "${knockId}") { user { id } } }`, 'id'),
    Room: [pending.room.id as string],
    Member: [pending.member.id as string],
    Knock: [rejected.knock.id as string, knockId as string],
    Transition: [rejected.transition.id as string, pending.transition.id as string],
    Event: await nodeIds(admin, `{ knock(id: "${knockId}") { event { id } } }`, 'id'),
    ServiceToken: [await endedToken(desk, admin, bot!, roomId)],
    Action: await nodeIds(
      admin,
      `{ actions(first: 1, where: { operations: ["rejectKnock"] }) { nodes { id } } }`,
      'id',
    ),
  };
  const viewers = { ...people, ...Object.fromEntries(tokens), adminToken: adminToken.client, admin };
  return {
    ...{ desk, owner: owner!, roomId, warnedRoomId, server, ids, jobId },
    position: rejected.transition.position,
    viewers: viewers as unknown as Scene['viewers'],
  };
}

async function openInvites(owner: Client, roomId: string, moderator: Client): Promise<void> {
  const levels = await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  const users = { ...levels.users, [moderator.userId]: 50 };
  await owner.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, users, invite: 0 });
}

/** A token of which there is everything to tell. */
async function endedToken(desk: Desk, admin: Client, user: Client, roomId: string): Promise<string> {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const made = await makeToken(desk, admin, user, {
    ...{ name: 'Ended', scopes: ['ROOMS_READ'], roomIds: [roomId], expiresAt },
  });
  const { id } = made.token;
  await ask(made.client, '{ viewer { isAdmin } }');
  await ask(admin, 'mutation ($id: ID!) { rotateServiceToken(input: { id: $id }) { secret } }', { id });
  await ask(admin, 'mutation ($id: ID!) { revokeServiceToken(input: { id: $id }) { serviceToken { id } } }', { id });
  return id;
}

/** The queue may still be on its way to its Redis. */
async function doneJob(admin: Client): Promise<string> {
  for (;;) {
    const { data, errors } = await admin.graphql('mutation { startVerify { job { id } } }');
    const id: string | undefined = data?.startVerify?.job.id;
    if (id !== undefined) {
      const query = `{ job(id: "${id}") { state } }`;
      while ((await ask(admin, query)).job.state !== 'COMPLETED') await sleep(100);
      return id;
    }
    expect(errors[0].message).toBe('The job queue cannot be reached.');
    await sleep(200);
  }
}

async function nodeIds(client: Client, query: string, name: string): Promise<readonly string[]> {
  const { data } = await client.graphql(query);
  return [...JSON.stringify(data ?? null).matchAll(new RegExp(`"${name}":"([^"]+)"`, 'g'))].map(([, id]) => id!);
}

/** A seal, before the minute is over. */
async function seal({ test }: Desk): Promise<void> {
  await test.owner.pool.query(
    `insert into log_seals (upto_position, rows, row_hashes, digest, previous, signature, at)
     values (1, 1, '\\x00', '\\x00', null, 'none', now()) on conflict do nothing`,
  );
}

/** A delivery that waits for a server, as the expander would have written it. */
async function owe({ test }: Desk, server: string, roomId: string): Promise<void> {
  const { pool } = test.owner;
  await pool.query(
    `insert into destinations (destination, owed, txn_limit, retry_at, failures, failed_at, failure, error)
     values ($1, true, 50, now() + interval '1 day', 3, now(), 'error', 'away')`,
    [server],
  );
  await pool.query(
    `insert into deliveries (destination, position, room_id, event, kept, state, owed_at)
     select $1, t.position, $2, t.event, true, 'queued', now() from transitions t
      where t.room_id = $2 and t.kind like 'KNOCK%' and t.event is not null`,
    [server, roomId],
  );
}
