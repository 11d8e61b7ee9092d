/**
 * The composition of docker-compose.yml without an engine: the image's files, the commands, environment, database roles and
 * health checks of the file, on a real Postgres and a real Redis. That an engine builds and starts it is not tested here.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scrubFiles } from '../../src/commands/scrub-files.ts';
import { openDatabase, type Database } from '../../src/database/database.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { knockRoom, register } from '../support/client.ts';
import { composeEnvironment, readCompose } from '../support/compose.ts';
import { revealReasons } from '../support/graphql.ts';
import { checkHealth, healthy, layOutImage, makeComposeDatabase, runInImage, type Running } from '../support/image.ts';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from '../support/server.ts';

const PASSWORD = 'e3b0c44298fc1c149afbf4c8';

describe.skipIf(!hasRedis())('the composition', () => {
  let home: string;
  let image: string;
  let postgres: EmbeddedPostgres;
  let redis: TestRedis;
  let url: string;
  let owner: Database;
  const running: Running[] = [];

  /** A service's environment with the addresses that stand for Compose's names here. */
  function environment(name: string): Record<string, string> {
    const given = { SERVER_NAME: 'compose.example', DATABASE_PASSWORD: PASSWORD, REGISTRATION: 'open' };
    const env = composeEnvironment(readCompose().services[name]!, given);
    const here = (text: string): string =>
      text
        .replace('@postgres:5432', `@${new URL(postgres.url).host}`)
        .replace('redis://redis:6379', redis.url)
        .replace('http://server:8008', url)
        .replace('0.0.0.0:8008', new URL(url).host);
    return {
      DATA_DIR: join(home, 'data'),
      ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, here(value)])),
    };
  }

  function start(name: string): Running {
    const started = runInImage(image, ['src/main.ts', ...readCompose().services[name]!.command!], environment(name));
    running.push(started);
    return started;
  }

  beforeAll(async () => {
    home = await temporaryFolder();
    image = join(home, 'image');
    url = `http://127.0.0.1:${await freePort()}`;
    await layOutImage(image);
    postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), newPassword: () => PASSWORD });
    redis = await startRedis();
    await makeComposeDatabase(postgres.url, PASSWORD);
    owner = openDatabase({ url: environment('server')['DATABASE_URL']!, role: 'owner', max: 1 });
  });

  afterAll(async () => {
    await Promise.all(running.map((each) => each.stop()));
    await owner.close();
    await redis.stop();
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  });

  it('has an unhealthy server until it serves, and an unhealthy worker until one works', async () => {
    expect(await checkHealth(image, 'server', url)).toBe(1);
    await healthy(image, 'server', url, start('server'));
    expect(await checkHealth(image, 'worker', url)).toBe(1);
    await healthy(image, 'worker', url, start('worker'));
  });

  it('serves a knock, and its log verifies', async () => {
    const [keeper, guest] = [await register(url, 'keeper'), await register(url, 'guest')];
    const roomId = await knockRoom(keeper);
    await guest.ok('POST', `/knock/${roomId}`, { reason: 'from a container' });
    await revealReasons(keeper);
    const { data } = await keeper.graphql('{ knocks { nodes { reason user { userId } } } }');
    expect(data.knocks.nodes).toEqual([{ reason: 'from a container', user: { userId: '@guest:compose.example' } }]);
    expect(await runInImage(image, ['src/main.ts', 'verify'], environment('worker')).ended).toBe(0);
  });

  it('works in a role that cannot change the log, of an owner who is no superuser', async () => {
    const { rows } = await owner.pool.query('select current_user, rolsuper from pg_roles where rolname = current_user');
    expect(rows).toEqual([{ current_user: 'vestibule', rolsuper: false }]);
    const service = openDatabase({ url: owner.url, max: 1 });
    const refused = { code: '42501', message: expect.stringContaining('permission denied') };
    for (const table of ['events', 'verdicts', 'transitions', 'actions', 'log_seals']) {
      for (const change of [`delete from ${table}`, `truncate ${table}`])
        await expect(service.pool.query(change)).rejects.toMatchObject(refused);
    }
    await service.close();
  });

  it('lets the owner take erased words out of the files, up to the checkpoint', async () => {
    expect(await scrubFiles(owner.pool)).toMatchObject({ checkpoint: true });
  });

  it('ends with 0 when it is told to', async () => {
    const codes = await Promise.all(running.splice(0).map((each) => each.stop()));
    expect(codes).toEqual([0, 0]);
  });
});
