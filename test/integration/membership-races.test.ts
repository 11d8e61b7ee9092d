/** Two servers about one person at once (PROTOCOL §5.4), on the real database: which of them stands does not hang on who is heard first. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verify } from '../../src/commands/verify/verify.ts';
import { parseUserId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import type { ForkedInput } from '../support/forked-room.ts';
import { idsOf, makeWorld, type World, type WorldEvent, type WorldInput } from '../support/forked-world.ts';
import { openTestLog, userId, type TestLog } from '../support/history.ts';
import { OWNER, races, sceneryOf, TARGET, type Race } from '../support/races.ts';
import { identityOf } from '../support/rooms.ts';
import { currentIds, knowKeys, startWorld } from '../support/world-log.ts';

const KEEPER = userId('keeper');

let test: TestDatabase;
let log: TestLog;
let made = 0;

beforeAll(async () => {
  test = await openTestDatabase();
  await knowKeys(
    test.database.db,
    ['here', 'there', 'far'].map((name) => identityOf(name)),
  );
  log = await openTestLog(test.database);
});

afterAll(async () => {
  await log.close();
  await test.close();
});

/** The same by the keeper of a room of this server, who stands for the owner of the races' room. */
const here = <T extends object>(race: T): T => JSON.parse(JSON.stringify(race).replaceAll(OWNER, KEEPER)) as T;

function inputOf({ sender, content, ...rest }: ForkedInput): WorldInput {
  return { ...rest, sender: parseUserId(sender)!, content: jsonObject(content) };
}

interface RunRace {
  readonly world: World;
  readonly first: readonly WorldEvent[];
  readonly a: WorldEvent;
  readonly b: WorldEvent;
  /** Of somebody who had heard of neither. */
  readonly third: WorldEvent;
  /** Of somebody who has heard of all. */
  readonly meeting: WorldEvent;
}

function run(version: RoomVersionId, race: Race): RunRace {
  const world = makeWorld(version, KEEPER, `race${(made += 1)}`);
  const first: WorldEvent[] = [];
  for (const input of sceneryOf(version, race))
    first.push(world.must([first.at(-1) ?? world.create], inputOf(here(input))));
  const fork = first.at(-1)!;
  const [a, b] = [race.a, race.b].map((input) => world.must([fork], inputOf(here(input)))) as [WorldEvent, WorldEvent];
  const message = (body: string): WorldInput => ({
    type: 'm.room.message',
    sender: KEEPER,
    content: jsonObject({ body }),
  });
  const third = world.must([fork], message('aside'));
  return { world, first, a, b, third, meeting: world.must([a, b, third], message('together')) };
}

const ORDERS: Readonly<Record<string, (race: RunRace) => readonly WorldEvent[]>> = {
  'A first': ({ a, b }) => [a, b],
  'B first': ({ a, b }) => [b, a],
  'a third branch between them': ({ a, b, third }) => [a, third, b],
  'all of them met': ({ a, b, third, meeting }) => [third, b, a, meeting],
};

/** The target's membership, and by whom it was set. */
async function standing(world: World): Promise<string> {
  const { rows } = await test.database.pool.query<{ membership: string; sender: string }>(
    `select s.membership, e.sender from room_state s join events e on e.room_id = s.room_id and e.position = s.event
      where s.room_id = $1 and s.type = 'm.room.member' and s.state_key = $2`,
    [world.roomId, TARGET],
  );
  const [row] = rows;
  return row === undefined ? 'none' : `${row.membership} by ${row.sender}`;
}

/** The last thing that the membership log says of the target; a renewal or a profile says nothing. */
async function lastTold(world: World): Promise<string> {
  const { rows } = await test.database.pool.query<{ to: string }>(
    'select "to" from transitions where room_id = $1 and user_id = $2 order by position desc limit 1',
    [world.roomId, TARGET],
  );
  return rows[0]?.to ?? 'none';
}

async function pendingKnocks(world: World): Promise<number> {
  const found = await test.database.db
    .selectFrom('knocks')
    .select('opened')
    .where('room_id', '=', world.roomId)
    .where('status', '=', 'PENDING')
    .execute();
  return found.length;
}

describe.each(['11', '12'] as const)('version %s', (version) => {
  const named = races(version).map((race) => [`${race.row}${race.when === undefined ? '' : `, ${race.when}`}`, race]);
  it.each(named as [string, Race][])('52: %s', async (_name, race) => {
    for (const [order, inOrder] of Object.entries(ORDERS)) {
      const ran = run(version, race);
      const { world } = ran;
      const stored = await startWorld(log, world, ran.first);
      const arrived = inOrder(ran);
      for (const event of arrived) await stored.receive(event);
      expect(await standing(world), order).toBe(here({ winner: race.winner }).winner);
      const tips = arrived.includes(ran.meeting) ? [ran.meeting] : arrived;
      expect(await currentIds(test.database.db, stored), order).toEqual(idsOf(world, world.stateAfter(tips)));
      expect(await lastTold(world), order).toBe(race.winner.split(' ')[0]);
      expect(await pendingKnocks(world), order).toBe(race.winner.startsWith('knock') ? 1 : 0);
    }
  });
});

it('all of it verifies, and is judged alike again', async () => {
  const report = await verify({ pool: test.owner.pool, identity: log.identity }, { deep: test.database.db });
  expect(report.findings).toEqual([]);
});

it('nobody is left whose membership the state and the log tell differently', async () => {
  const { rows } = await test.database.pool.query(
    `select s.room_id, s.membership, t."to" from room_state s
      join lateral (select "to" from transitions t where t.room_id = s.room_id and t.user_id = s.state_key
                     order by position desc limit 1) t on true
     where s.type = 'm.room.member' and s.membership <> t."to"`,
  );
  expect(rows).toEqual([]);
});
