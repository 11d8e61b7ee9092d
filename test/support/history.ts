/** A real log to check: the writer, people, and a history with every kind of transition that a local room can have. */
import { pino } from 'pino';
import type { Actor, CommandDeps } from '../../src/commands/act.ts';
import { banUser } from '../../src/commands/ban.ts';
import { createRoom } from '../../src/commands/create-room.ts';
import { acceptKnock, rejectKnock } from '../../src/commands/decide-knock.ts';
import { inviteUser } from '../../src/commands/invite.ts';
import { joinRoom } from '../../src/commands/join.ts';
import { knock } from '../../src/commands/knock.ts';
import { kickUser, leaveRoom, retractKnock, revokeInvite, unbanUser } from '../../src/commands/leave.ts';
import { redactEvent } from '../../src/commands/redact-event.ts';
import { sendMessage } from '../../src/commands/send-message.ts';
import { sendState } from '../../src/commands/send-state.ts';
import { openWriter, type Writer } from '../../src/commands/lanes/writer.ts';
import type { Appended } from '../../src/log/append.ts';
import type { Database } from '../../src/database/database.ts';
import { parseServerName, parseUserId, type RoomId, type UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import type { ServerIdentity } from '../../src/matrix/signatures.ts';
import { signingKeyFromSeed } from '../../src/matrix/signing-keys.ts';

export const SERVER_NAME = parseServerName('vestibule.test')!;

export function testIdentity(seed = 1): ServerIdentity {
  return { serverName: SERVER_NAME, key: signingKeyFromSeed('a_test', Buffer.alloc(32, seed)), oldKeys: [] };
}

// Of all logs of a file: one that is opened again must not name new rooms as old ones.
let ids = 0;

export interface TestLog {
  readonly deps: CommandDeps;
  readonly identity: ServerIdentity;
  readonly writer: Writer;
  close(): Promise<void>;
}

/** Takes the writer's seat on a migrated database. Time is the wall clock's: a knock's stamps are real. */
export async function openTestLog(
  database: Database,
  onDeposed: () => void = () => undefined,
  identity: ServerIdentity = testIdentity(),
  onCommitted: (appended: Appended) => void = () => undefined,
): Promise<TestLog> {
  const ended = new AbortController();
  const writer = await openWriter({
    pool: database.pool,
    db: database.db,
    now: Date.now,
    serverName: identity.serverName,
    address: null,
    log: pino({ level: 'silent' }),
    onCommitted,
    onDeposed,
    signal: ended.signal,
  });
  if (writer === null) throw new Error('the writer seat was not free');
  const deps: CommandDeps = {
    db: database.db,
    lanes: writer.lanes,
    recorder: writer.recorder,
    identity,
    now: Date.now,
    randomId: (length) => `id${String(++ids)}`.padEnd(length, 'x'),
    defaultRoomVersion: '12',
  };
  return { deps, identity, writer, close: () => writer.close() };
}

export function userId(name: string): UserId {
  return parseUserId(`@${name}:${SERVER_NAME}`)!;
}

export function actor(name: string, admin = false): Actor {
  return { userId: userId(name), token: `token-of-${name}`, admin, onBehalfOf: null, grant: null };
}

export async function makeKnockRoom(deps: CommandDeps, owner: string, version: RoomVersionId = '12'): Promise<RoomId> {
  const input = jsonObject({
    room_version: version,
    preset: 'private_chat',
    name: `Room of ${owner}`,
    topic: 'A place to knock on',
    initial_state: [
      jsonObject({ type: 'm.room.join_rules', state_key: '', content: jsonObject({ join_rule: 'knock' }) }),
    ],
    power_level_content_override: jsonObject({ invite: 50 }),
  });
  return (await createRoom(deps, actor(owner), input)).roomId;
}

/** The kinds of transition that local commands can bring about in a room that never forks. */
export const LOCAL_KINDS = [
  ...['KNOCK_REQUESTED', 'KNOCK_RENEWED', 'KNOCK_ACCEPTED', 'KNOCK_REJECTED', 'KNOCK_RETRACTED'],
  ...['INVITE_SENT', 'INVITE_RENEWED', 'INVITE_ACCEPTED', 'INVITE_DECLINED', 'INVITE_REVOKED'],
  ...['JOINED', 'LEFT', 'KICKED', 'BANNED', 'BAN_RENEWED', 'UNBANNED'],
] as const;

/** All of {@link LOCAL_KINDS} in one room, by users `<prefix>-…`; `owner` has the room's power. */
export async function everyKind(deps: CommandDeps, roomId: RoomId, owner: string, prefix: string): Promise<void> {
  const boss = actor(owner);
  const person = (name: string): Actor => actor(`${prefix}-${name}`);
  const about = (who: Actor, reason: string) => ({ roomId, userId: who.userId, reason });
  const [ada, bob, cleo, dan, eve] = [person('ada'), person('bob'), person('cleo'), person('dan'), person('eve')];
  await knock(deps, ada, { roomId, reason: `${prefix} would like to come in` });
  await knock(deps, ada, { roomId, reason: `${prefix} asks again` });
  await acceptKnock(deps, boss, about(ada, 'welcome'));
  await joinRoom(deps, ada, { roomId });
  await leaveRoom(deps, ada, { roomId, reason: 'had to go' });
  await knock(deps, bob, { roomId, reason: 'hello' });
  await rejectKnock(deps, boss, about(bob, 'not today'));
  await knock(deps, bob, { roomId, reason: 'hello again' });
  await retractKnock(deps, bob, { roomId });
  await inviteUser(deps, boss, about(cleo, 'do come'));
  await inviteUser(deps, boss, about(cleo, 'please do'));
  await joinRoom(deps, cleo, { roomId });
  await kickUser(deps, boss, about(cleo, 'out'));
  await inviteUser(deps, boss, about(dan, 'come'));
  await leaveRoom(deps, dan, { roomId });
  await inviteUser(deps, boss, about(dan, 'come all the same'));
  await revokeInvite(deps, boss, about(dan, 'never mind'));
  await banUser(deps, boss, about(eve, 'spam'));
  await banUser(deps, boss, about(eve, 'spam, again'));
  await unbanUser(deps, boss, about(eve, 'served'));
  await sendState(deps, boss, {
    roomId,
    type: 'm.room.join_rules',
    stateKey: '',
    content: jsonObject({ join_rule: 'public' }),
  });
  await joinRoom(deps, eve, { roomId });
  await sendState(deps, boss, {
    roomId,
    type: 'm.room.join_rules',
    stateKey: '',
    content: jsonObject({ join_rule: 'knock' }),
  });
  await sendState(deps, boss, {
    roomId,
    type: 'm.room.topic',
    stateKey: '',
    content: jsonObject({ topic: `${prefix} was here` }),
  });
  await knock(deps, person('pending'), { roomId, reason: `${prefix} is still waiting` });
}

/**
 * Redactions in a room that `owner` keeps: of a message, twice, of a knock that waits and of one that was renewed since.
 * The words that stay say so.
 */
export async function redactions(deps: CommandDeps, roomId: RoomId, owner: string, prefix: string): Promise<void> {
  const boss = actor(owner);
  let requests = 0;
  const request = () => ({ deviceId: 'DEVICE', transactionId: `${prefix}-${(requests += 1)}` });
  const redact = (eventId: string, reason: string) =>
    redactEvent(deps, boss, { roomId, eventId, content: jsonObject({ reason }), request: request() });
  const content = jsonObject({ msgtype: 'm.text', body: 'to be redacted' });
  const { eventId } = await sendMessage(deps, boss, { roomId, type: 'm.room.message', content, request: request() });
  await redact(eventId, 'stays: the first');
  await redact(eventId, 'stays: the second');
  const waits = await knock(deps, actor(`${prefix}-waits`), { roomId, reason: 'to be redacted' });
  await redact(waits.eventId!, 'stays: of a knock');
  const renewed = await knock(deps, actor(`${prefix}-renews`), { roomId, reason: 'to be redacted' });
  await knock(deps, actor(`${prefix}-renews`), { roomId, reason: 'stays: renewed' });
  await redact(renewed.eventId!, 'stays: of what was renewed');
}
