/** Requests to another server, as a table: what goes over the wire, what is made of the answer, and what is not believed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCalls, type Calls } from '../../src/federation/calls.ts';
import { parseJsonObject } from '../../src/matrix/json.ts';
import { createAuthority } from './certificates.ts';
import { startHomeserver, type Asked, type FakeHomeserver } from './fake-homeserver.ts';
import { openFederation, type TestFederation } from './federation.ts';

export interface Call {
  readonly ask: (calls: Calls, remote: FakeHomeserver) => Promise<unknown>;
  readonly method: string;
  /** As it is asked for on the wire. */
  readonly target: string;
  readonly body?: object;
  readonly answer: object;
  readonly value: unknown;
  /** Answers that make no sense. */
  readonly bad: readonly unknown[];
}

export interface CallsWorld {
  readonly remote: FakeHomeserver;
  readonly calls: Calls;
}

export const F = '/_matrix/federation';

/** A server to ask and the calls to ask it with, for the tests of a file. */
export function callsWorld(): CallsWorld {
  let remote: FakeHomeserver;
  let federation: TestFederation;
  let calls: Calls;
  beforeAll(async () => {
    const authority = await createAuthority();
    remote = await startHomeserver(authority);
    federation = openFederation(authority.ca);
    calls = createCalls(federation.send);
  });
  afterAll(async () => {
    await federation.close();
    await remote.close();
  });
  return {
    get remote() {
      return remote;
    },
    get calls() {
      return calls;
    },
  };
}

/** Asks with the other server answering this, and gives what was made of it. */
export async function answered(
  world: CallsWorld,
  call: Pick<Call, 'ask'>,
  answer: unknown,
): Promise<{ readonly got: unknown; readonly asked: Asked }> {
  world.remote.on(F, () => (typeof answer === 'string' ? answer : JSON.stringify(answer)));
  const got = await call.ask(world.calls, world.remote);
  return { got, asked: world.remote.asked.at(-1)! };
}

export function testCalls(world: CallsWorld, table: Readonly<Record<string, Call>>): void {
  describe.each(Object.entries(table))('%s', (_name, call) => {
    const { method, target, body, answer, value, bad } = call;

    it('asks as the specification has it, with every part of the path encoded, and reads the answer', async () => {
      const { got, asked } = await answered(world, call, answer);
      expect(asked).toMatchObject({ method, target });
      expect(asked.body === '' ? undefined : parseJsonObject(asked.body)).toEqual(body);
      expect(asked.headers.authorization).toMatch(/^X-Matrix origin="vestibule\.test",/);
      expect(got).toEqual({ ok: true, value });
    });

    it.each(bad.map((each) => [JSON.stringify(each).slice(0, 150), each] as const))(
      'believes nothing like %s',
      async (_text, each) => {
        const { got } = await answered(world, call, each);
        expect(got).toMatchObject({ ok: false, failure: { kind: 'malformed', what: expect.any(String) } });
      },
    );

    it('passes on what the other server refuses', async () => {
      world.remote.on(F, (_asked, response) => {
        response.writeHead(403).end('{"errcode": "M_FORBIDDEN", "error": "No."}');
        return undefined;
      });
      expect(await call.ask(world.calls, world.remote)).toMatchObject({
        ok: false,
        failure: { kind: 'refused', errcode: 'M_FORBIDDEN' },
      });
    });
  });
}

/** Answers with a list of events under the key that are none of the room `!a/room:there.test`. */
export function badEvents(key: string): readonly unknown[] {
  const message = { type: 'm.room.message', room_id: '!a/room:there.test', content: { n: 1 } };
  return [
    {},
    { [key]: null },
    { [key]: {} },
    { [key]: [1] },
    { [key]: ['$id'] },
    { [key]: [[]] },
    { [key]: [{ ...message, room_id: '!other:there.test' }] },
    { [key]: [{ type: 'm.room.message', content: {} }] },
    { [key]: [{ ...message, room_id: ['!a/room:there.test'] }] },
  ];
}
