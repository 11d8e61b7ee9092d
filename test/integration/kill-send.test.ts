/** A message is one event although its sender asks again: the server is killed while people send, and each repeats what was not answered. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/database/database.ts';
import { signInAs } from '../support/accounts.ts';
import { clientWith, type Client } from '../support/client.ts';
import { seededRandom } from '../support/dice.ts';
import { embeddedProcess } from '../support/embedded.ts';
import { eventsOf } from '../support/log-story.ts';
import { runRole, startServer, temporaryFolder, type TestServer } from '../support/server.ts';

const KILLS = 5;
const MOST_KILLS = 30;
const PEOPLE = 12;
const LATEST_KILL_MS = 250;

const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);

let dataDir: string;
let server: TestServer;
let database: Database;
let people: readonly Client[];
let roomId: string;

beforeAll(async () => {
  dataDir = await temporaryFolder();
  server = await startServer({ dataDir });
  database = openDatabase({ url: (await embeddedProcess(dataDir)).url, max: 4 });
  people = await signInAs(
    database,
    server.url,
    Array.from({ length: PEOPLE }, (_, n) => `sender-${n}`),
  );
  ({ room_id: roomId } = await people[0]!.ok('POST', '/createRoom', { preset: 'public_chat' }));
  for (const person of people.slice(1)) await person.ok('POST', `/rooms/${encodeURIComponent(roomId)}/join`, {});
});

afterAll(async () => {
  await database.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

interface Message {
  readonly person: number;
  readonly txnId: string;
  readonly body: string;
  /** Null as long as no answer came. */
  eventId: string | null;
}

async function send(message: Message): Promise<string> {
  const person = people[message.person]!;
  const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${message.txnId}`;
  const { event_id } = await clientWith(server.url, person.token, person.userId).ok('PUT', path, {
    msgtype: 'm.text',
    body: message.body,
  });
  return event_id;
}

/** Everybody sends one message after the other until the server is gone; each has at most one open. */
function startSending(round: number, messages: Message[]): Promise<unknown> {
  return Promise.all(
    people.map(async (_, person) => {
      for (let n = 0; ; n += 1) {
        const body = `${round}-${person}-${n}`;
        const message: Message = { person, txnId: `t${body}`, body, eventId: null };
        messages.push(message);
        const answer = await send(message).catch(() => null);
        if (answer === null) return;
        message.eventId = answer;
      }
    }),
  );
}

it(
  `57: each request makes one event, and is answered alike, over ${KILLS} kills and more`,
  { timeout: 300_000 },
  async () => {
    console.log(`KILL_SEED=${seed}`);
    const messages: Message[] = [];
    let unheard = 0;
    for (let round = 0; round < KILLS || (unheard === 0 && round < MOST_KILLS); round += 1) {
      const over = startSending(round, messages);
      await sleep(20 + random() * LATEST_KILL_MS);
      await server.kill();
      await over;
      const stored = new Set((await eventsOf(database, roomId)).map((event) => event.content['body']));
      unheard += messages.filter(({ eventId, body }) => eventId === null && stored.has(body)).length;
      server = await startServer({ dataDir });
      const asked = messages.filter(({ eventId }) => eventId === null);
      expect(asked.length).toBeGreaterThan(0);
      for (const message of asked) message.eventId = await send(message);
    }
    console.log(`${messages.length} messages; ${unheard} were stored and not answered`);
    // Else the kills proved nothing.
    expect(unheard).toBeGreaterThan(0);
    for (const message of messages.slice(-100)) expect(await send(message)).toBe(message.eventId);
    const events = (await eventsOf(database, roomId)).filter(({ type }) => type === 'm.room.message');
    const said = events.map((event) => `${String(event.content['body'])} ${event.eventId}`).sort();
    expect(said).toEqual(messages.map(({ body, eventId }) => `${body} ${eventId}`).sort());
    expect(await runRole(['verify'], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
  },
);
