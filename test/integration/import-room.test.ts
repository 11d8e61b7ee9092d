/** A room that lives elsewhere is taken over as another server tells of it, and taken over again after it lived on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importRoom } from '../../src/commands/import-room.ts';
import { verify } from '../../src/commands/verify.ts';
import { serverOf } from '../../src/matrix/identifiers.ts';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  checkSignatures,
  foreignRoom,
  HOST,
  publishKeys,
  toldRoom,
  type ForeignRoom,
  type SentEvent,
} from '../support/foreign-room.ts';
import { openTestLog, SERVER_NAME, userId, type TestLog } from '../support/history.ts';
import { ALL_VERSIONS, user } from '../support/rooms.ts';

const kim = user('kim', 'there');
const lee = user('lee', 'elsewhere');
const ada = userId('ada');

let test: TestDatabase;
let log: TestLog;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  await publishKeys(test.database, 'there', 'elsewhere');
});

afterAll(async () => {
  await log.close();
  await test.close();
});

const deps = () => ({ db: test.database.db, lanes: log.deps.lanes, serverName: SERVER_NAME, checkSignatures });

async function take(room: ForeignRoom, join: SentEvent): Promise<void> {
  await importRoom(deps(), toldRoom(room, join, serverOf(HOST)));
}

async function rows<T extends object>(text: string, ...values: readonly unknown[]): Promise<readonly T[]> {
  return (await test.database.pool.query<T>(text, [...values])).rows;
}

/** The current state by id, as the database has it. */
async function stateOf({ roomId }: ForeignRoom): Promise<ReadonlyMap<string, string>> {
  const found = await rows<{ name: string; event_id: string }>(
    `select s.type || chr(1) || s.state_key as name, e.event_id from room_state s
       join events e on e.room_id = s.room_id and e.position = s.event where s.room_id = $1`,
    roomId,
  );
  return new Map(found.map((row) => [row.name, row.event_id]));
}

function stateAfter({ state }: SentEvent): ReadonlyMap<string, string> {
  return new Map([...state].map(([name, { eventId }]) => [name.replace('\0', '\x01'), eventId]));
}

async function expectSound(): Promise<void> {
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
}

function livelyRoom(version: RoomVersionId): ForeignRoom {
  const room = foreignRoom(version);
  room.member(kim, kim, 'join');
  room.member(lee, lee, 'join');
  room.member(HOST, user('banned', 'elsewhere'), 'ban');
  room.member(HOST, user('guest', 'elsewhere'), 'invite');
  room.send({ type: 'm.room.name', sender: HOST, stateKey: '', content: { name: 'Far away' } });
  room.message(kim, 'before your time');
  room.member(lee, lee, 'leave');
  return room;
}

describe.each(ALL_VERSIONS)('a room of version %s', (version) => {
  it('is taken over with its state, its members and nothing of its past, and the join ends its graph', async () => {
    const room = livelyRoom(version);
    const join = room.member(ada, ada, 'join');
    await take(room, join);
    expect(await stateOf(room)).toEqual(stateAfter(join));
    const tips = await rows<{ event_id: string }>(
      'select e.event_id from extremities x join events e on e.room_id = x.room_id and e.position = x.event where x.room_id = $1',
      room.roomId,
    );
    expect(tips).toEqual([{ event_id: join.eventId }]);
    const [head] = await rows(
      'select version, joined, invited, resident, room_position from rooms where room_id = $1',
      room.roomId,
    );
    expect(head).toEqual({ version, joined: 3, invited: 1, resident: true, room_position: 2 });
    const told = await rows<{ kind: string; cause: string; user_id: string }>(
      'select kind, cause, user_id from transitions where room_id = $1 order by position',
      room.roomId,
    );
    expect(told.at(-1)).toEqual({ kind: 'JOINED', cause: 'self', user_id: ada });
    expect(
      told
        .slice(0, -1)
        .map(({ kind, cause }) => `${kind} ${cause}`)
        .sort(),
    ).toEqual(['BANNED import', 'INVITE_SENT import', 'JOINED import', 'JOINED import']);
    await expectSound();
  });
});
