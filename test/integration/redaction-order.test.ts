/** Redactions that are not in force, or not yet: they have no effect, nobody is shown them, and they take effect when they may (PROTOCOL §3.5, §8). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { actInRoom } from '../../src/commands/act.ts';
import { joinRoom } from '../../src/commands/join.ts';
import { REDACTION } from '../../src/commands/redact-event.ts';
import { sendMessage } from '../../src/commands/send-message.ts';
import { sendState } from '../../src/commands/send-state.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { parseInline } from '../../src/http/client-server/filter-json.ts';
import type { ClientEvent } from '../../src/http/client-server/client-event.ts';
import { syncText } from '../../src/http/client-server/sync/answer.ts';
import { readSyncFilter } from '../../src/http/client-server/sync/filter.ts';
import { readSync } from '../../src/http/client-server/sync/read-sync.ts';
import { eventById, type StoredEvent } from '../../src/log/read.ts';
import type { EventId, RoomId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { rebuild } from '../../src/projections/rebuild.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, SERVER_NAME, userId, type TestLog } from '../support/history.ts';

let test: TestDatabase;
let log: TestLog;
let roomId: RoomId;
let target: EventId;
const boss = actor('boss');
const mallory = actor('mallory');

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  roomId = await makeKnockRoom(log.deps, 'boss', '12');
  const content = jsonObject({ join_rule: 'public' });
  await sendState(log.deps, boss, { roomId, type: 'm.room.join_rules', stateKey: '', content });
  await joinRoom(log.deps, mallory, { roomId });
  const request = { deviceId: 'DEVICE', transactionId: 'one' };
  const message = jsonObject({ body: 'what is to be redacted' });
  ({ eventId: target } = await sendMessage(log.deps, boss, {
    roomId,
    type: 'm.room.message',
    content: message,
    request,
  }));
});

afterAll(async () => {
  await log.close();
  await test.close();
});

/** As another server's would stand in the log: accepted by the rules, which do not look at the target. */
async function strayRedaction(redacts: string): Promise<StoredEvent> {
  const draft = { type: REDACTION, sender: mallory.userId, content: jsonObject({}), redacts: redacts as EventId };
  const { eventId } = await actInRoom(log.deps, mallory, { operation: 'test', roomId }, async () => ({ send: draft }));
  return (await eventById(test.database.db, eventId!, roomId))!;
}

async function shown(eventId: string) {
  const news = await readSync(test.database.db, {
    userId: userId('boss'),
    deviceId: 'DEVICE',
    since: null,
    filter: readSyncFilter(parseInline('{"room":{"timeline":{"limit":100}}}')),
    fullState: false,
    useStateAfter: false,
    now: Date.now(),
  });
  const { events } = JSON.parse(syncText(news)).rooms.join[roomId].timeline;
  return events.find((event: ClientEvent) => event.event_id === eventId) as ClientEvent | undefined;
}

async function expectSound(): Promise<void> {
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
  const { differences } = await rebuild({ pool: test.database.pool, serverName: SERVER_NAME }, { replace: 'never' });
  expect(differences).toEqual([]);
}

it('55: an unauthorised redaction has no effect and is not shown', async () => {
  const redaction = await strayRedaction(target);
  expect(redaction).toMatchObject({ withheld: true, redacts: target });
  expect(await shown(redaction.eventId)).toBeUndefined();
  const event = await shown(target);
  expect(event).toMatchObject({ content: { body: 'what is to be redacted' } });
  expect(event!.unsigned).not.toHaveProperty('redacted_because');
  await expectSound();
});

it('55: a redaction that stands in the log before its target waits, unseen, and a replay waits with it', async () => {
  const redaction = await strayRedaction(`$${'t'.repeat(43)}`);
  expect(redaction.withheld).toBe(true);
  expect(await shown(redaction.eventId)).toBeUndefined();
  await expectSound();
});

it('55: a redaction that waited takes the words when it comes into force, and is shown then', async () => {
  const redaction = await strayRedaction(target);
  const event = (await eventById(test.database.db, target, roomId))!;
  const { eventId, position, sender } = redaction;
  const erasure = {
    kind: 'event',
    roomId,
    event,
    member: null,
    redaction: { eventId, position },
    byUser: sender,
  } as const;
  const unit = { roomId: null, head: null, judged: [], actions: [], erasures: [erasure] };
  expect(await log.deps.recorder.append(unit)).toBe('committed');
  expect(await shown(target)).toMatchObject({ content: {}, unsigned: { redacted_because: { event_id: eventId } } });
  expect(await shown(eventId)).toMatchObject({ type: REDACTION, redacts: target });
  await expectSound();
});
