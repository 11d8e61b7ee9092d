/** A real Redis for a test file: a redis-server process of its own on a free port, which the tests may flush and kill. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';

const run = promisify(execFile);

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** SIGKILL; the port is free afterwards and {@link TestRedis.start} brings an empty server back on it. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Each caller gets a server process of its own, which it may flush and kill. */
export async function startRedis(): Promise<TestRedis> {
  const binary = await redisBinary();
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'vestibule-redis-'));
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    const options = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      directory,
    ];
    child = spawn(binary, options, { stdio: 'ignore' });
    await answers(port);
  };
  const kill = async (): Promise<void> => {
    if (child === null) return;
    const gone = new Promise((resolve) => child!.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    child = null;
  };
  await start();
  const stop = async (): Promise<void> => {
    await kill();
    await rm(directory, { recursive: true, force: true });
  };
  return { url: `redis://127.0.0.1:${port}`, port, kill, start, stop };
}

async function redisBinary(): Promise<string> {
  const found = await which('redis-server');
  if (found !== null) return found;
  if (process.getuid?.() === 0 && (await which('apt-get')) !== null) {
    process.stderr.write('redis-server is not installed: installing it with apt-get\n');
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', 'redis-server'], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    const installed = await which('redis-server');
    if (installed !== null) return installed;
  }
  throw new Error('the queue tests need a redis-server binary on the PATH (Redis 7 or newer)');
}

async function which(name: string): Promise<string | null> {
  try {
    return (await run('/bin/sh', ['-c', `command -v ${name}`])).stdout.trim();
  } catch {
    return null;
  }
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

async function answers(port: number): Promise<void> {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
  });
  client.on('error', () => undefined);
  try {
    await client.connect().catch(() => undefined);
    await client.ping();
  } finally {
    client.disconnect();
  }
}
