/** Which servers are in a room, by room position, when one comes and goes within a batch. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Membership } from '../../src/matrix/pdu.ts';
import { parseServerName, parseUserId } from '../../src/matrix/identifiers.ts';
import { transactionOf } from '../../src/commands/lanes/write-batch.ts';
import type { Fact } from '../../src/projections/projection.ts';
import { rooms } from '../../src/projections/rooms.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { SERVER_NAME } from '../support/history.ts';

const ROOM = '!room:vestibule.test';
const THERE = parseServerName('there.test')!;
const KIM = parseUserId('@kim:there.test')!;

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});

afterAll(() => test.close());

/** The only user of a server coming (`join`) or going, as the n-th event of the room. */
function fact(n: number, to: Membership): Fact {
  const [from, arrived, departed] =
    to === 'join' ? (['leave', [THERE], []] as const) : (['join', [], [THERE]] as const);
  return {
    roomId: ROOM,
    version: '12',
    roomPosition: n,
    event: n * 10,
    verdict: 'accepted',
    verdictPosition: n * 10 + 1,
    startsRoom: n === 1,
    live: true,
    replaces: n === 1 ? [] : [(n - 1) * 10],
    afterLine: 0,
    afterAt: n,
    changes: [{ type: 'm.room.member', stateKey: KIM, event: n * 10, isNew: n === 1, membership: to, search: null }],
    transitions: [
      {
        position: n * 10 + 2,
        userId: KIM,
        from,
        to,
        event: n * 10,
        supersedes: null,
        kind: to === 'join' ? 'JOINED' : 'LEFT',
        actor: KIM,
        reason: null,
        displayName: null,
        inRoom: true,
        via: null,
      },
    ],
    presence: { arrived, departed },
  };
}

async function presenceAfter(...batches: readonly (readonly Fact[])[]): Promise<readonly object[]> {
  const client = await test.database.pool.connect();
  try {
    await client.query('begin');
    for (const batch of batches) await rooms.apply(transactionOf(client), batch, { serverName: SERVER_NAME });
    return (await client.query('select from_at, to_at from room_servers order by from_at')).rows;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

it('a server that goes, comes and goes again has its stays apart, however the batches were cut', async () => {
  const history = [
    fact(1, 'join'),
    fact(2, 'leave'),
    fact(3, 'join'),
    fact(4, 'leave'),
    fact(5, 'join'),
    fact(6, 'leave'),
  ];
  const stays = [
    { from_at: 1, to_at: 2 },
    { from_at: 3, to_at: 4 },
    { from_at: 5, to_at: 6 },
  ];
  for (let cut = 1; cut <= history.length; cut += 1)
    expect(await presenceAfter(history.slice(0, cut), history.slice(cut)), `cut at ${cut}`).toEqual(stays);
  expect(await presenceAfter(...history.map((one) => [one]))).toEqual(stays);
});
