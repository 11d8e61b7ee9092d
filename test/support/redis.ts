/**
 * A real Redis for a test file, which it may empty and take away: a redis-server process of its own on a free port, or
 * the database that TEST_REDIS_URL names, behind a gate that the tests close.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { freePort } from './free-port.ts';

/** What the run has: a program to start, or the URL of a database that the tests may empty. */
export type RedisHome = { readonly program: string } | { readonly url: string };

export interface TestRedis {
  readonly url: string;
  /** Nobody reaches it any more, and what it held is gone. */
  kill(): Promise<void>;
  /** Brings it back, empty, at the same address. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Started, and empty. Rejects where the run has none: tests that need it stand under `describe.skipIf(!hasRedis())`. */
export async function startRedis(): Promise<TestRedis> {
  const home = inject('redis');
  if (home === null) throw new Error('there is no Redis on this machine');
  const redis = 'program' in home ? await ownProcess(home.program) : await behindGate(new URL(home.url));
  await redis.start();
  return redis;
}

export const hasRedis = (): boolean => inject('redis') !== null;

async function ownProcess(program: string): Promise<TestRedis> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'vestibule-redis-'));
  const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  let gone: (() => Promise<void>) | null = null;
  const kill = async (): Promise<void> => {
    await gone?.();
    gone = null;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async start() {
      const child = spawn(program, flags, { stdio: 'ignore' });
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      gone = () => {
        child.kill('SIGKILL');
        return exited;
      };
      await answering(`redis://127.0.0.1:${port}`);
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The client cannot tell a closed gate from a dead server: connections break, and new ones are refused. */
async function behindGate(target: URL): Promise<TestRedis> {
  const port = await freePort();
  const through = new URL(target);
  through.hostname = '127.0.0.1';
  through.port = String(port);
  const open = new Set<Socket>();
  const gate = createServer((near) => {
    const far = connect(Number(target.port || 6379), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.pipe(other);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
  });
  const kill = async (): Promise<void> => {
    const closed = new Promise((resolve) => gate.close(resolve));
    for (const socket of open) socket.destroy();
    await closed;
    await emptied(target.href);
  };
  return {
    url: through.href,
    kill,
    async start() {
      await emptied(target.href);
      await new Promise<void>((resolve) => gate.listen(port, '127.0.0.1', resolve));
    },
    stop: kill,
  };
}

async function emptied(url: string): Promise<void> {
  const client = new Redis(url);
  await client.flushdb();
  client.disconnect();
}

async function answering(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  try {
    await client.connect().catch(() => undefined);
    await client.ping();
  } finally {
    client.disconnect();
  }
}
