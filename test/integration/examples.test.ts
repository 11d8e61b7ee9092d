/** The examples for integrators, as their users run them: a bot, an export and a notifier, against a started server. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, type Data, type Desk } from '../support/graphql.ts';
import { startServer, type TestServer } from '../support/server.ts';

const PATIENCE = { timeout: 30_000, interval: 50 };

let desk: Desk;
let server: TestServer;
let owner: Client;
let kim: Client;
let lee: Client;
const running: ChildProcess[] = [];

beforeAll(async () => {
  desk = await openDesk();
  server = desk.server;
  [owner, kim, lee] = (await Promise.all(['owner', 'kim', 'lee'].map((name) => desk.join(name)))) as [
    Client,
    Client,
    Client,
  ];
});

afterAll(async () => {
  running.forEach((child) => child.kill('SIGKILL'));
  if (server !== desk.server) await server.stop();
  await desk.close();
});

interface Example {
  readonly child: ChildProcess;
  readonly printed: { out: string; complaint: string };
  readonly ended: Promise<number | null>;
}

function run(name: string, args: readonly string[], token = owner.token): Example {
  const file = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
  const env = { PATH: process.env['PATH'] ?? '', VESTIBULE_URL: server.url, VESTIBULE_TOKEN: token };
  const child = spawn(process.execPath, [file, ...args], { env });
  running.push(child);
  const printed = { out: '', complaint: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.complaint += chunk.toString()));
  return { child, printed, ended: new Promise((resolve) => child.once('close', resolve)) };
}

async function statuses(roomId: string): Promise<Data> {
  const { knocks } = await ask(owner, `{ knocks(where: {roomId: "${roomId}"}) { nodes { status user { userId } } } }`);
  return Object.fromEntries(knocks.nodes.map(({ status, user }: Data) => [user.userId, status]));
}

it('the bot accepts who waits already and who knocks later, of the servers it trusts, and leaves others alone', async () => {
  const [roomId, strict] = [await makeRoom(owner), await makeRoom(owner)];
  const [, home] = kim.userId.split(/:(.*)/s) as [string, string];
  await act(kim, 'knock', { roomId });
  await act(kim, 'knock', { roomId: strict });
  const bot = run('auto-accept', [roomId, home]);
  const wary = run('auto-accept', [strict, 'elsewhere.example']);
  await vi.waitFor(() => expect(bot.printed.out).toContain(`${kim.userId} is invited`), PATIENCE);
  await act(lee, 'knock', { roomId });
  await vi.waitFor(() => expect(bot.printed.out).toContain(`${lee.userId} is invited`), PATIENCE);
  expect(await statuses(roomId)).toEqual({ [kim.userId]: 'ACCEPTED', [lee.userId]: 'ACCEPTED' });
  await vi.waitFor(() => expect(wary.printed.out).toContain('is left to the moderators'), PATIENCE);
  expect(await statuses(strict)).toEqual({ [kim.userId]: 'PENDING' });
  for (const { child } of [bot, wary]) child.kill();
});

it('the export writes each knock on a line, which no spreadsheet takes for a formula', async () => {
  const roomId = await makeRoom(owner);
  for (let n = 0; n < 60; n += 1) {
    await act(kim, 'knock', { roomId });
    await act(kim, 'retractKnock', { roomId });
    await act(lee, 'knock', { roomId });
    await act(owner, 'rejectKnock', { roomId, userId: lee.userId });
  }
  const { printed, ended } = run('export-knocks', [roomId]);
  expect(await ended, printed.complaint).toBe(0);
  const [head, ...lines] = printed.out.trimEnd().split('\r\n');
  expect(head).toBe('user,status,knocked_at,decided_at,decided_by,seconds_to_decision');
  expect(lines).toHaveLength(120);
  expect(lines[0]).toMatch(new RegExp(`^'${kim.userId},RETRACTED,\\d{4}-.*Z,\\d{4}-.*Z,'${kim.userId},[\\d.]+$`));
  expect(lines[119]).toMatch(new RegExp(`^'${lee.userId},REJECTED,.*,'${owner.userId},`));
});

it('the notifier tells each knock and decision once, also when it and the server were killed meanwhile', async () => {
  const roomId = await makeRoom(owner);
  const folder = await mkdtemp(join(tmpdir(), 'vestibule-notify-'));
  const state = join(folder, 'position');
  const heard: Data[] = [];
  const webhook: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      heard.push(JSON.parse(body));
      response.end();
    });
  });
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`;
  const ofRoom = (): readonly string[] => heard.filter((note) => note.roomId === roomId).map(({ kind }) => kind);
  let notifier = run('notify', [url, state]);
  await act(kim, 'knock', { roomId });
  await vi.waitFor(() => expect(ofRoom()).toEqual(['KNOCK_REQUESTED']), PATIENCE);
  await vi.waitFor(async () => expect(await readFile(state, 'utf8')).toBe(heard.at(-1).position), PATIENCE);
  notifier.child.kill('SIGKILL');
  await notifier.ended;
  await act(owner, 'rejectKnock', { roomId, userId: kim.userId });
  notifier = run('notify', [url, state]);
  await vi.waitFor(() => expect(ofRoom()).toEqual(['KNOCK_REQUESTED', 'KNOCK_REJECTED']), PATIENCE);
  await server.kill();
  server = await startServer({ databaseUrl: desk.test.url, dataDir: desk.server.dataDir, port: desk.server.port });
  await act(lee, 'knock', { roomId });
  await vi.waitFor(() => expect(ofRoom()).toEqual(['KNOCK_REQUESTED', 'KNOCK_REJECTED', 'KNOCK_REQUESTED']), PATIENCE);
  notifier.child.kill();
  webhook.close();
  expect(new Set(heard.map(({ position }) => position)).size).toBe(heard.length);
  await rm(folder, { recursive: true, force: true });
});

it('an example without a good token says so and ends', async () => {
  for (const [name, args] of [
    ['auto-accept', ['!room', 'here']],
    ['export-knocks', ['!room']],
    ['notify', ['http://127.0.0.1:9/', '/nowhere']],
  ] as const) {
    const { printed, ended } = run(name, args, 'not a token');
    expect(await ended, name).toBe(1);
    expect(printed.complaint, name).toMatch(/token/i);
  }
});
