/** Users of this server join rooms that live on another one, over the wire. */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRoomJoiner, type RoomJoiner } from '../../src/commands/elsewhere/join-elsewhere.ts';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { createReceiver } from '../../src/commands/receive/receive-pdu.ts';
import { createCalls } from '../../src/federation/calls.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { startHomeserver, type FakeHomeserver } from '../support/fake-homeserver.ts';
import { openFederation, type TestFederation } from '../support/federation.ts';
import { foreignRoom, HOST, type ForeignRoom } from '../support/foreign-room.ts';
import { SERVER_NAME, userId } from '../support/history.ts';
import { ada, idsAfter, openWorld, type World } from '../support/receiving.ts';
import { ALL_VERSIONS, user } from '../support/rooms.ts';
import { callsOf, letJoin, serveRoom } from '../support/served-room.ts';

const bea = userId('bea');

let world: World;
let authority: Authority;
let federation: TestFederation;
let remote: FakeHomeserver;
let joiner: RoomJoiner;

beforeAll(async () => {
  world = await openWorld();
  authority = await createAuthority();
  federation = openFederation(authority.ca);
  const { db } = world.test.database;
  const calls = createCalls(federation.send);
  const checkSignatures = federation.signatures(db).check;
  const deps = { db, lanes: world.log.deps.lanes, serverName: SERVER_NAME, checkSignatures, now: Date.now };
  const receiver = createReceiver({ ...deps, judge: judgeReceived, remotes: calls });
  joiner = createRoomJoiner({ ...deps, identity: world.log.identity, calls, receiver });
});

beforeEach(async () => {
  remote = await startHomeserver(authority);
  return () => remote.close();
});

afterAll(async () => {
  await federation.close();
  await world.close();
});

const join = (room: ForeignRoom, who = ada) =>
  joiner.join({
    roomId: room.roomId,
    userId: who,
    candidates: [remote.name],
    content: jsonObject({ displayname: 'Ada' }),
  });

describe.each(ALL_VERSIONS)('a room of version %s', (version) => {
  it('is here once somebody has joined it, and who joins after them joins what is here', async () => {
    const room = foreignRoom(version);
    room.member(HOST, user('guest', 'elsewhere'), 'invite');
    serveRoom(remote, room);
    letJoin(remote, room);
    const [first, second] = await Promise.all([join(room), join(room, bea)]);
    expect(await world.currentState(room)).toEqual(idsAfter(room.newest()));
    expect(await world.extremities(room)).toEqual([second.eventId]);
    const own = room.events.get(first.eventId)!;
    expect(own.pdu.content).toEqual({ membership: 'join', displayname: 'Ada' });
    expect(await world.verdictsOf(room, own)).toEqual(['imported', 'accepted']);
    expect(await world.findings()).toEqual([]);
  });
});

describe('a join that comes to nothing', () => {
  const refuse = (status: number, body: object) => (_: unknown, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
    return undefined;
  };

  it('is refused as the other server refuses it, and leaves nothing', async () => {
    const room = foreignRoom('12');
    letJoin(remote, room);
    const forbidden = refuse(403, { errcode: 'M_FORBIDDEN', error: 'You are banned.' });
    remote.on('/_matrix/federation/v2/send_join/', forbidden);
    await expect(join(room)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN', message: 'You are banned.', status: 403 });
    remote.on('/_matrix/federation/v1/make_join/', forbidden);
    await expect(join(room)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    const old = refuse(400, { errcode: 'M_INCOMPATIBLE_ROOM_VERSION', error: 'Too old.', room_version: '1' });
    remote.on('/_matrix/federation/v1/make_join/', old);
    await expect(join(room)).rejects.toMatchObject({
      errcode: 'M_INCOMPATIBLE_ROOM_VERSION',
      extra: { room_version: '1' },
    });
    expect(await world.currentState(room)).toEqual(new Map());
  });

  it('is 502 where the other server answers what is no room', async () => {
    const room = foreignRoom('12');
    letJoin(remote, room);
    const answers: readonly (object | string)[] = [
      '{',
      {},
      { state: [], auth_chain: [] },
      { state: [foreignRoom('12').newest().pdu], auth_chain: [] },
      { state: [], auth_chain: [], members_omitted: true },
    ];
    for (const answer of answers) {
      remote.on('/_matrix/federation/v2/send_join/', () => answer);
      await expect(join(room)).rejects.toMatchObject({ errcode: 'M_UNKNOWN', status: 502 });
    }
    expect(callsOf(remote)).toContain('send_join');
    expect(await world.currentState(room)).toEqual(new Map());
    await remote.close();
    await expect(join(room)).rejects.toMatchObject({ errcode: 'M_UNKNOWN', status: 502 });
    expect(await world.findings()).toEqual([]);
  });
});
