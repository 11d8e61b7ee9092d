/** `npm run demo` as its user runs it: what it says it did is what the server tells, and what it prints works. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PEOPLE } from '../../examples/demo/people.ts';
import { clientWith, request } from '../support/client.ts';
import { revealReasons } from '../support/graphql.ts';
import { freePort } from '../support/free-port.ts';
import { startServer, type TestServer } from '../support/server.ts';

const DEMO = fileURLToPath(new URL('../../examples/demo.ts', import.meta.url));

interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly complaint: string;
}

async function demo(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const child = spawn(process.execPath, [DEMO, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env } });
  const printed = { out: '', complaint: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.complaint += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...printed };
}

const found = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? '';

let server: TestServer;
let run: Finished;

beforeAll(async () => {
  server = await startServer();
  run = await demo([server.url]);
});

afterAll(async () => {
  await server.stop();
});

describe('the demo', () => {
  it('shows every person, their words and what became of them while it works', () => {
    expect(run).toMatchObject({ code: 0, complaint: '' });
    expect(PEOPLE).toHaveLength(12);
    for (const { displayName, reason, fate } of PEOPLE) {
      expect(run.out).toContain(`${displayName}: “${reason}”`);
      if (fate.is !== 'pending') expect(run.out).toContain(fate.words);
    }
  });

  it('left in the log what it says', async () => {
    const token = found(run.out, /"Authorization": "Bearer (\S+)"/);
    const moderator = clientWith(server.url, token, '');
    await revealReasons(moderator);
    const { data } = await moderator.graphql(`{
      viewer { user { displayName } rooms { totalCount } }
      knocks(first: 100) { totalCount nodes {
        user { displayName userId } status reason decisionReason decidedBy { displayName }
        transitions { nodes { kind } } room { roomId stats { joined pendingKnocks } }
      } }
    }`);
    expect(data.viewer).toEqual({ user: { displayName: 'Mara Lindqvist' }, rooms: { totalCount: 1 } });
    expect(data.knocks.totalCount).toBe(12);
    for (const { displayName, reason, fate } of PEOPLE) {
      const knock = data.knocks.nodes.find(
        (each: { user: { displayName: string } }) => each.user.displayName === displayName,
      );
      const again = fate.is === 'pending' ? fate.again : undefined;
      expect(knock).toMatchObject({
        status: fate.is.toUpperCase(),
        reason: again ?? reason,
        decisionReason: fate.is === 'pending' ? null : fate.words,
      });
      expect(knock.transitions.nodes.map(({ kind }: { kind: string }) => kind)).toContain(
        again === undefined ? 'KNOCK_REQUESTED' : 'KNOCK_RENEWED',
      );
    }
    const { stats } = data.knocks.nodes[0].room;
    const joined = PEOPLE.filter(({ fate }) => fate.is === 'accepted' && fate.joins).length + 1;
    const pending = PEOPLE.filter(({ fate }) => fate.is === 'pending').length;
    expect(stats).toEqual({ joined, pendingKnocks: pending });
    expect(run.out).toContain(`has ${joined} members; of 12 knocks ${pending} are pending`);
  });

  it('prints a query and a shell command that answer, and a password that signs in', async () => {
    const query = found(run.out, /In its editor paste:\n(\{[\s\S]*?\n\})\n/);
    const token = found(run.out, /"Authorization": "Bearer (\S+)"/);
    const { data, errors } = await clientWith(server.url, token, '').graphql(query);
    expect(errors).toBeUndefined();
    expect(data.knocks.totalCount).toBe(4);
    expect(data.transitions.nodes).toHaveLength(10);
    const shell = spawn('bash', ['-c', found(run.out, /^(curl .*)$/m)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let answer = '';
    shell.stdout.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await new Promise((resolve) => shell.once('close', resolve));
    expect(JSON.parse(answer).data).toEqual(data);
    const body = {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: found(run.out, /as (@\S+), password/) },
      password: found(run.out, /password (\S+) /),
    };
    expect(await request(server.url, 'POST', '/login', { body })).toMatchObject({ status: 200 });
  });

  it('runs again on the same server, with other names', async () => {
    const second = await demo([], { VESTIBULE_URL: `${server.url}/` });
    expect(second).toMatchObject({ code: 0, complaint: '' });
    const name = /(@mara_\w+):/;
    expect(found(second.out, name)).not.toBe(found(run.out, name));
  });
});

describe('a demo that cannot', () => {
  it('says how to start a server where there is none', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await demo([url])).toMatchObject({ code: 1, out: '', complaint: expect.stringContaining('npm start') });
  });

  it('says what is missing where not everybody may register', async () => {
    for (const mode of ['closed', 'token']) {
      const guarded = await startServer({ env: { REGISTRATION: mode } });
      const refused = await demo([guarded.url]);
      expect(refused).toMatchObject({ code: 1, complaint: expect.stringContaining('REGISTRATION=open') });
      await guarded.stop();
    }
  });

  it('tells its usage, and refuses what is no address', async () => {
    expect(await demo(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('VESTIBULE_URL') });
    expect(await demo(['localhost'])).toMatchObject({ code: 1, complaint: expect.stringContaining('no http:// URL') });
    expect(await demo(['--fast'])).toMatchObject({ code: 1, complaint: expect.stringContaining('--fast') });
  });
});
