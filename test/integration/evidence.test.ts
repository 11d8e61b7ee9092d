/** The evidence of a knock: checked here on demand, and anywhere else by a program that shares no code with the server. */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signInAs } from '../support/accounts.ts';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, type Data, type Desk } from '../support/graphql.ts';
import { guestsOf } from '../support/guests.ts';
import { actor, makeKnockRoom, SERVER_NAME, type TestLog } from '../support/history.ts';
import { rejectKnock } from '../../src/commands/decide-knock.ts';
import { identityOf, user } from '../support/rooms.ts';
import { knowKeys } from '../support/world-log.ts';

const VERIFY = fileURLToPath(new URL('../../examples/verify-evidence/verify.mjs', import.meta.url));
const GUEST = user('guest', 'a.test');

let desk: Desk;
let [owner, kim, stranger, root, boss] = [] as unknown as Client[];
let knockId: string;
let guestRoom: string;

/** A user of another server knocks, and is turned away. */
async function guestKnocks(log: TestLog): Promise<void> {
  await knowKeys(log.deps.db, [identityOf('a.test')]);
  const roomId = await makeKnockRoom(log.deps, 'boss', '11');
  guestRoom = roomId;
  await guestsOf(log).member(roomId, GUEST, 'knock');
  await rejectKnock(log.deps, actor('boss'), { roomId, userId: GUEST, reason: 'no guests' });
}

beforeAll(async () => {
  desk = await openDesk(guestKnocks);
  [owner, kim, stranger] = await Promise.all(['owner', 'kim', 'stranger'].map((name) => desk.join(name)));
  root = await desk.admin('root');
  [boss] = (await signInAs(desk.test.database, desk.server.url, ['boss'], SERVER_NAME)) as [Client];
  const roomId = await makeRoom(owner!);
  await act(kim!, 'knock', { roomId, reason: 'secret words' });
  knockId = (await act(kim!, 'knock', { roomId, reason: 'other secret words' })).knock.id;
  await act(owner!, 'acceptKnock', { roomId, userId: kim!.userId, reason: 'welcome' });
  await act(kim!, 'joinRoom', { roomId });
});

afterAll(() => desk.close());

const EVIDENCE = `evidence { checkedAt isValid file events { isValid idMatches event { eventId sender { userId } }
  transition { kind } signatures { server keyId isRequired status } } }`;

async function evidence(client: Client, id = knockId): Promise<Data> {
  return (await ask(client, `query ($id: ID!) { knock(id: $id) { ${EVIDENCE} } }`, { id })).knock?.evidence ?? null;
}

async function guestKnock(): Promise<string> {
  const query = 'query ($room: String!) { knocks(where: { roomId: $room }) { nodes { id } } }';
  return (await ask(boss!, query, { room: guestRoom })).knocks.nodes[0].id;
}

let files = 0;

/** What the example says of a file. */
async function verified(file: object): Promise<{ readonly code: number | null; readonly said: string }> {
  const path = join(desk.server.dataDir, `evidence${(files += 1)}.json`);
  await writeFile(path, JSON.stringify(file));
  const { status, stdout, stderr } = spawnSync(process.execPath, [VERIFY, path], { encoding: 'utf8' });
  return { code: status, said: `${stdout}${stderr}` };
}

describe('the evidence of a knock', () => {
  it('has each of its events with good signatures, and none of the words', async () => {
    const found = await evidence(owner!);
    expect(found.isValid).toBe(true);
    expect(found.events.map(({ transition }: Data) => transition.kind)).toEqual([
      ...['KNOCK_REQUESTED', 'KNOCK_RENEWED', 'KNOCK_ACCEPTED'],
    ]);
    expect(found.events.map(({ event }: Data) => event.sender.userId)).toEqual(
      [kim, kim, owner].map((who) => who!.userId),
    );
    for (const { isValid, idMatches, signatures } of found.events) {
      expect({ isValid, idMatches, signatures }).toEqual({
        ...{ isValid: true, idMatches: true },
        signatures: [
          { server: SERVER_NAME, keyId: expect.stringMatching(/^ed25519:/), isRequired: true, status: 'VALID' },
        ],
      });
    }
    expect(JSON.stringify(found.file)).not.toMatch(/secret words|welcome/);
  });

  it('holds for somebody with no code of this server', async () => {
    const { code, said } = await verified((await evidence(owner!)).file);
    expect(said).toContain('It holds.');
    expect(said).toContain(`KNOCK_ACCEPTED  by ${owner!.userId}`);
    expect(code).toBe(0);
  });

  it('does not hold any more, whatever is changed of it', async () => {
    const { file } = await evidence(owner!);
    const changes: Record<string, (copy: Data) => void> = {
      membership: ({ events }) => (events[2].event.content.membership = 'leave'),
      sender: ({ events }) => (events[2].event.sender = kim!.userId),
      time: ({ events }) => (events[0].event.origin_server_ts += 1),
      room: ({ events }) => (events[0].event.room_id = '!other:vestibule.test'),
      id: ({ events }) => (events[0].event_id = events[1].event_id),
      'a missing event': ({ events }) => events.pop(),
      'a missing signature': ({ events }) => (events[1].event.signatures = {}),
      status: ({ knock }) => (knock.status = 'REJECTED'),
      'another person': ({ knock }) => (knock.user_id = '@somebody:else.test'),
      keys: ({ server_keys: keys, server_name: name }) => {
        for (const key of Object.values(keys[name]) as { key: string }[])
          key.key = Buffer.alloc(32, 7).toString('base64');
      },
      format: (copy) => (copy.format = 'another'),
    };
    for (const [what, change] of Object.entries(changes)) {
      const copy = structuredClone(file);
      change(copy);
      expect(await verified(copy), what).toMatchObject({ code: 1 });
    }
  });

  it('is seen by the knocker and an admin, and by nobody else', async () => {
    expect((await evidence(kim!)).events).toHaveLength(3);
    expect((await evidence(root!)).isValid).toBe(true);
    expect(await evidence(stranger!)).toBeNull();
    expect(await evidence(boss!)).toBeNull();
  });

  it('still holds when the knocker’s words were erased', async () => {
    const erase = 'mutation ($input: EraseUserInput!) { eraseUser(input: $input) { user { userId } } }';
    const { errors } = await root!.graphql(erase, { input: { userId: kim!.userId } });
    expect(errors).toBeUndefined();
    const found = await evidence(owner!);
    expect(found.isValid).toBe(true);
    expect(await verified(found.file)).toMatchObject({ code: 0 });
  });
});

describe('the evidence of a knock by somebody of another server', () => {
  it('has that server’s signature and key, and this one’s for the decision', async () => {
    const found = await evidence(boss!, await guestKnock());
    expect(found.isValid).toBe(true);
    expect(
      found.events.map(({ signatures }: Data) => signatures.map(({ server, status }: Data) => [server, status])),
    ).toEqual([[['a.test', 'VALID']], [[SERVER_NAME, 'VALID']]]);
    expect(Object.keys(found.file.server_keys).toSorted()).toEqual(['a.test', SERVER_NAME].toSorted());
    expect(await verified(found.file)).toMatchObject({ code: 0 });
  });

  it('is not called valid when the other server’s key is not known, or was not good at the time', async () => {
    const { pool } = desk.test.owner;
    const id = await guestKnock();
    const statusNow = async () => {
      const { isValid, events } = await evidence(boss!, id);
      return [isValid, events[0].signatures[0].status];
    };
    const { rows } = await pool.query('delete from server_keys returning *');
    expect(await statusNow()).toEqual([false, 'UNKNOWN_KEY']);
    const [row] = rows as { server_name: string; key_id: string; key: Buffer }[];
    const insert = 'insert into server_keys values ($1, $2, $3, null, $4, now())';
    await pool.query(insert, [row!.server_name, row!.key_id, row!.key, 1_000]);
    expect(await statusNow()).toEqual([false, 'EXPIRED_KEY']);
    expect(await verified((await evidence(boss!, id)).file)).toMatchObject({ code: 1 });
    await pool.query('update server_keys set key = $1, expired_ts = $2', [
      Buffer.alloc(32, 9),
      Number.MAX_SAFE_INTEGER,
    ]);
    expect(await statusNow()).toEqual([false, 'INVALID']);
  });
});
