/** People with matrix-js-sdk as its own package brings it: what their clients ask of a started server, and what they show. */
import {
  ClientEvent,
  createClient,
  RoomMemberEvent,
  SyncState,
  type ICreateClientOpts,
  type MatrixClient,
  type MatrixEvent,
  type Room,
} from 'matrix-js-sdk';
import { expect, vi } from 'vitest';

/** A request of a client; the status is null when no answer came. */
export interface Exchange {
  readonly who: string;
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
}

export interface Person {
  readonly client: MatrixClient;
  readonly userId: string;
  /** What the client told of other people's and its own memberships, in its order: `@user:here none → knock`. */
  readonly moves: readonly string[];
  /** States of its sync, in its order. */
  readonly states: readonly SyncState[];
}

// Parts of it that know no client's logger write to the console.
for (const method of ['debug', 'info', 'log', 'warn', 'error'] as const) console[method] = () => undefined;

/** Says nothing: what goes wrong is in the exchanges and in what the client shows. */
const SILENT: NonNullable<ICreateClientOpts['logger']> = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  getChild: () => SILENT,
};

/** The client's own option for how it fetches: what it asks is written down and passed on. */
function recording(who: string, exchanges: Exchange[]): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const told = { who, method: init?.method ?? 'GET', path: url.pathname };
    try {
      const answer = await fetch(input, init);
      exchanges.push({ ...told, status: answer.status });
      return answer;
    } catch (error) {
      exchanges.push({ ...told, status: null });
      throw error;
    }
  };
}

/** Registers, logs in and starts a client; resolves when it has synced. */
export async function arrive(baseUrl: string, name: string, exchanges: Exchange[]): Promise<Person> {
  const door = createClient({ baseUrl, fetchFn: recording(name, exchanges), logger: SILENT });
  const password = `password of ${name}`;
  await door.register(name, password, null, { type: 'm.login.dummy' });
  return logIn(baseUrl, name, exchanges);
}

/** Logs in with a new device and starts its client; resolves when it has synced. */
export async function logIn(baseUrl: string, name: string, exchanges: Exchange[]): Promise<Person> {
  const fetchFn = recording(name, exchanges);
  const door = createClient({ baseUrl, fetchFn, logger: SILENT });
  const identifier = { type: 'm.id.user', user: name };
  const password = `password of ${name}`;
  const session = await door.loginRequest({ type: 'm.login.password', identifier, password });
  const { user_id: userId, access_token: accessToken, device_id: deviceId } = session;
  const client = createClient({ baseUrl, fetchFn, logger: SILENT, userId, accessToken, deviceId });
  const [moves, states]: [string[], SyncState[]] = [[], []];
  client.on(RoomMemberEvent.Membership, (_event, member, old) => {
    moves.push(`${member.userId} ${old ?? 'none'} → ${member.membership}`);
  });
  const synced = new Promise<void>((resolve) => {
    client.on(ClientEvent.Sync, (state) => {
      states.push(state);
      if (state === SyncState.Prepared) resolve();
    });
  });
  await client.startClient({ initialSyncLimit: 50 });
  await synced;
  return { client, userId, moves, states };
}

/** The room as a client shows it; fails while it shows none. */
export function roomOf({ client }: Person, roomId: string): Room {
  const room = client.getRoom(roomId);
  if (room === null) throw new Error(`${client.getUserId()} sees no room ${roomId}`);
  return room;
}

/** A user's membership as the client shows it; undefined when it shows none. */
export function membershipSeen(person: Person, roomId: string, userId: string): string | undefined {
  return person.client.getRoom(roomId)?.getMember(userId)?.membership;
}

/** The client's own membership of the room; null when it shows no such room. */
export function ownMembership({ client }: Person, roomId: string): string | null {
  return client.getRoom(roomId)?.getMyMembership() ?? null;
}

/** The live timeline, oldest first, an event a line: who said what. */
export function timelineOf(person: Person, roomId: string): readonly string[] {
  return roomOf(person, roomId).getLiveTimeline().getEvents().map(lineOf);
}

function lineOf(event: MatrixEvent): string {
  const { membership, reason, body } = event.getContent();
  const said = [membership, event.getStateKey() === event.getSender() ? undefined : event.getStateKey(), reason, body];
  return [event.getSender(), event.getType(), ...said].filter((part) => part !== undefined && part !== '').join(' ');
}

/** Waits until the client shows what is expected of it. */
export async function expectShown<T>(look: () => T, expected: T): Promise<void> {
  await vi.waitFor(() => expect(look()).toEqual(expected), { timeout: 60_000, interval: 20 });
}

/** What no client of an honest server meets: a request that it does not know, and its own failures. */
export function troubles(exchanges: readonly Exchange[]): readonly Exchange[] {
  return exchanges.filter(({ status }) => status === 404 || status === 405 || (status !== null && status >= 500));
}
