/** Knock episodes where a resolution of forks corrects what was told of somebody's membership. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transactionOf } from '../../src/commands/lanes/write-batch.ts';
import type { TransitionKind } from '../../src/log/transition.ts';
import { parseUserId, type UserId } from '../../src/matrix/identifiers.ts';
import type { Membership } from '../../src/matrix/pdu.ts';
import { knocks } from '../../src/projections/knocks.ts';
import type { Fact } from '../../src/projections/projection.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { SERVER_NAME } from '../support/history.ts';

const ROOM = '!room:vestibule.test';
const KIM = parseUserId('@kim:there.test')!;
const MOD = parseUserId('@mod:vestibule.test')!;
const RECONCILED = 'MEMBERSHIP_RECONCILED';

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});

afterAll(() => test.close());

interface Told {
  readonly kind: TransitionKind;
  readonly from: Membership | 'none';
  readonly to: Membership | 'none';
  readonly actor?: UserId | null;
  /** Of the member event in force; that of the n-th fact is n * 10. */
  readonly event?: number | null;
  readonly supersedes?: number;
}

/** The n-th event of the room: event at n * 10, verdict one behind it, transition two. */
function fact(n: number, { kind, from, to, actor = KIM, event = n * 10, supersedes }: Told): Fact {
  const words = to === 'knock' ? `knock ${event}` : null;
  return {
    ...{
      roomId: ROOM,
      version: '12',
      roomPosition: n,
      event: n * 10,
      verdict: 'accepted',
      verdictPosition: n * 10 + 1,
    },
    ...{ startsRoom: n === 1, live: true, replaces: [], afterLine: 0, afterAt: n, presence: null },
    changes: [],
    transitions: [
      {
        ...{ position: n * 10 + 2, userId: KIM, from, to, kind, event, supersedes: supersedes ?? null, actor },
        ...{ reason: words, displayName: null, inRoom: true, via: null },
      },
    ],
  };
}

const knocked = fact(1, { kind: 'KNOCK_REQUESTED', from: 'none', to: 'knock' });
const rejected = fact(2, { kind: 'KNOCK_REJECTED', from: 'knock', to: 'leave', actor: MOD });

/** The episodes after these facts, in one batch and each in its own: the same, or this fails. */
async function episodes(...facts: readonly Fact[]): Promise<readonly object[]> {
  const together = await episodesAfter([facts]);
  expect(await episodesAfter(facts.map((one) => [one]))).toEqual(together);
  return together;
}

async function episodesAfter(batches: readonly (readonly Fact[])[]): Promise<readonly object[]> {
  const client = await test.database.pool.connect();
  try {
    await client.query('begin');
    for (const batch of batches) await knocks.apply(transactionOf(client), batch, { serverName: SERVER_NAME });
    const text = 'select opened, status, event, closed, decided_by, reason from knocks order by opened';
    return (await client.query(text)).rows;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

describe('a resolution that puts a knock back', () => {
  it('makes the same episode pending again, without its decision', async () => {
    const back = fact(3, { kind: RECONCILED, from: 'leave', to: 'knock', event: 10, supersedes: 22 });
    expect(await episodes(knocked, rejected, back)).toEqual([
      { opened: 12, status: 'PENDING', event: 10, closed: null, decided_by: null, reason: 'knock 10' },
    ]);
  });

  it('knows the episode by any of its events, and leaves later ones alone', async () => {
    const renewed = fact(2, { kind: 'KNOCK_RENEWED', from: 'knock', to: 'knock' });
    const denied = fact(3, { kind: 'KNOCK_REJECTED', from: 'knock', to: 'leave', actor: MOD });
    const again = fact(4, { kind: 'KNOCK_REQUESTED', from: 'leave', to: 'knock' });
    const retracted = fact(5, { kind: 'KNOCK_RETRACTED', from: 'knock', to: 'leave' });
    const back = fact(6, { kind: RECONCILED, from: 'leave', to: 'knock', event: 20, supersedes: 52 });
    expect(await episodes(knocked, renewed, denied, again, retracted, back)).toMatchObject([
      { opened: 12, status: 'PENDING', event: 20, closed: null, reason: 'knock 20' },
      { opened: 42, status: 'RETRACTED', event: 40, closed: 52 },
    ]);
  });

  it('begins an episode with a knock that was never in force', async () => {
    const other = fact(3, { kind: RECONCILED, from: 'leave', to: 'knock', supersedes: 22 });
    expect(await episodes(knocked, rejected, other)).toMatchObject([
      { opened: 12, status: 'REJECTED', closed: 22, decided_by: MOD },
      { opened: 32, status: 'PENDING', event: 30, reason: 'knock 30' },
    ]);
  });

  it('goes on with the pending episode when another knock of it wins', async () => {
    const other = fact(2, { kind: RECONCILED, from: 'knock', to: 'knock', supersedes: 12 });
    expect(await episodes(knocked, other)).toMatchObject([{ opened: 12, status: 'PENDING', event: 20 }]);
  });

  it('lets what follows decide it', async () => {
    const back = fact(3, { kind: RECONCILED, from: 'leave', to: 'knock', event: 10, supersedes: 22 });
    const accepted = fact(4, { kind: 'KNOCK_ACCEPTED', from: 'knock', to: 'invite', actor: MOD });
    expect(await episodes(knocked, rejected, back, accepted)).toMatchObject([
      { opened: 12, status: 'ACCEPTED', closed: 42, decided_by: MOD },
    ]);
  });
});

describe('a resolution that ends a knock', () => {
  it.each([
    ['invite', MOD, 'ACCEPTED'],
    ['ban', MOD, 'BANNED'],
    ['join', KIM, 'SUPERSEDED'],
    ['leave', MOD, 'REJECTED'],
    ['leave', KIM, 'RETRACTED'],
  ] as const)('by %s of %s, closes the episode as %s', async (to, actor, status) => {
    const ended = fact(2, { kind: RECONCILED, from: 'knock', to, actor, supersedes: 12 });
    expect(await episodes(knocked, ended)).toMatchObject([{ opened: 12, status, closed: 22, decided_by: actor }]);
  });

  it('voids it when nothing, or what was before it, is in force', async () => {
    const none = fact(2, { kind: RECONCILED, from: 'knock', to: 'none', actor: null, event: null, supersedes: 12 });
    const void12 = { opened: 12, status: 'VOIDED', closed: 22, decided_by: null };
    expect(await episodes(knocked, none)).toMatchObject([void12]);
    const older = fact(2, { kind: RECONCILED, from: 'knock', to: 'leave', actor: MOD, event: 5, supersedes: 12 });
    expect(await episodes(knocked, older)).toMatchObject([void12]);
  });

  it('closes it otherwise where it corrects its end, and not where it corrects something later', async () => {
    const accepted = fact(2, { kind: 'KNOCK_ACCEPTED', from: 'knock', to: 'invite', actor: MOD });
    const banned = fact(3, { kind: RECONCILED, from: 'invite', to: 'ban', actor: MOD, supersedes: 22 });
    expect(await episodes(knocked, accepted, banned)).toMatchObject([{ opened: 12, status: 'BANNED', closed: 32 }]);
    const joined = fact(3, { kind: 'INVITE_ACCEPTED', from: 'invite', to: 'join' });
    const kicked = fact(4, { kind: RECONCILED, from: 'join', to: 'leave', actor: MOD, supersedes: 32 });
    expect(await episodes(knocked, accepted, joined, kicked)).toMatchObject([
      { opened: 12, status: 'ACCEPTED', closed: 22 },
    ]);
  });
});
