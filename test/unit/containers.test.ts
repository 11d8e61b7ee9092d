/** The container files, as far as they can be judged without an engine: by the published schema, a validator, and our own rules. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { CONFIG_VARIABLES, readConfig } from '../../src/config.ts';
import { composeEnvironment, readCompose, type ComposeService } from '../support/compose.ts';
import { ARENAS, NODE_FLAGS } from '../support/server.ts';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const compose = readCompose();
const services = Object.entries(compose.services);
const dockerfile = read('Dockerfile');

/** Of `${NAME:?why}`, `${NAME:-else}` and `${NAME}`. */
function references(text: string): readonly { readonly name: string; readonly rest: string }[] {
  return [...text.matchAll(/\$\{(\w+)([^}]*)\}/g)].map(([, name = '', rest = '']) => ({ name, rest }));
}

/** The services that run our own image. */
const ours = (): readonly (readonly [string, ComposeService])[] =>
  services.filter(([, service]) => service.build !== undefined);

describe('docker-compose.yml', () => {
  it('follows the published schema of compose files', () => {
    const path = createRequire(import.meta.url)
      .resolve('dclint/package.json')
      .replace('package.json', 'schemas/');
    const schema = JSON.parse(readFileSync(`${path}compose.schema.json`, 'utf8')) as { $schema?: string };
    // The schema names draft 7 by an address that its own validator does not know.
    delete schema.$schema;
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    const follows = ajv.compile(schema);
    expect(follows(compose), JSON.stringify(follows.errors)).toBe(true);
    expect(follows({ services: { server: { image: 5 } } })).toBe(false);
  });

  it('runs Postgres 18, Redis 7 or newer, a server and a worker', () => {
    expect(Object.keys(compose.services)).toEqual(['postgres', 'redis', 'server', 'worker']);
    expect(compose.services['postgres']?.image).toMatch(/^postgres:18(\.\d+)?(-\w+)?$/);
    expect(Number(/^redis:(\d+)/.exec(compose.services['redis']?.image ?? '')?.[1])).toBeGreaterThanOrEqual(7);
    expect(compose.services['server']?.command).toEqual(['serve', '--no-worker']);
    expect(compose.services['worker']?.command).toEqual(['work']);
    expect(compose.services['worker']?.entrypoint).toBeUndefined();
  });

  it.each(services)('%s is checked for its health, and starts again when it broke', (_name, service) => {
    expect(service.healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/);
    expect(service.restart).toBe('unless-stopped');
  });

  it('waits for the health of what a service needs', () => {
    for (const [name, { depends_on: needs = {} }] of services) {
      for (const [needed, { condition }] of Object.entries(needs))
        expect([name, needed, condition]).toEqual([name, expect.any(String), 'service_healthy']);
    }
    expect(Object.keys(compose.services['server']?.depends_on ?? {})).toEqual(['postgres', 'redis']);
  });

  it('has no default secret: what is secret must be set, and is asked for in .env.example', () => {
    const asked = Object.fromEntries(
      read('.env.example')
        .split('\n')
        .filter((line) => /^\w+=/.test(line))
        .map((line) => line.split('=') as [string, string]),
    );
    const required = references(read('docker-compose.yml')).filter(({ rest }) => rest.startsWith(':?'));
    expect(new Set(required.map(({ name }) => name))).toEqual(new Set(Object.keys(asked)));
    expect(Object.values(asked)).toEqual(Object.values(asked).map(() => ''));
    for (const { name, rest } of references(read('docker-compose.yml')))
      if (/PASSWORD|SECRET|TOKEN|KEY/.test(name))
        expect([name, rest]).toEqual([name, expect.stringMatching(/^(:\?|:-$)/)]);
    for (const [, { environment = {} }] of services)
      for (const [name, value] of Object.entries(environment))
        if (/PASSWORD|SECRET|TOKEN|KEY/.test(name)) expect(value).toMatch(/^\$\{\w+:[?-]/);
    expect(read('docker-compose.yml')).not.toMatch(/:\/\/\w+:(?!\$\{)[^\s/]*@/);
  });

  it('keeps data in named volumes, and mounts nothing else but what the database is made by', () => {
    const mounts = services.flatMap(([, { volumes = [] }]) => volumes);
    const named = mounts.filter((mount) => !mount.startsWith('.')).map((mount) => mount.split(':')[0]);
    expect(new Set(named)).toEqual(new Set(Object.keys(compose.volumes)));
    const bound = mounts.filter((mount) => mount.startsWith('.'));
    expect(bound).toEqual([expect.stringMatching(/^\.\/docker\/create-database\.sql:.*:ro$/)]);
    expect(existsSync(new URL('../../docker/create-database.sql', import.meta.url))).toBe(true);
    // Since 18 the image keeps a folder for each version below this one.
    expect(compose.services['postgres']?.volumes?.[0]).toBe('postgres:/var/lib/postgresql');
  });

  it('shows only the server, and that only to this machine', () => {
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['server']);
    expect(compose.services['server']?.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
    for (const name of ['postgres', 'redis']) expect(compose.services[name]?.networks).toEqual(['backend']);
    expect(compose.networks['backend']).toEqual({ internal: true });
  });

  it.each(ours())('%s gets an environment that the configuration understands', (name, service) => {
    const known = new Set<string>([...CONFIG_VARIABLES.map((variable) => variable.name), 'VESTIBULE_URL']);
    const env = composeEnvironment(service, { SERVER_NAME: 'example.org', DATABASE_PASSWORD: 'hunter2' });
    expect(Object.keys(env).filter((variable) => !known.has(variable))).toEqual([]);
    expect(readConfig({ DATA_DIR: '/data', ...env })).toMatchObject({
      serverName: 'example.org',
      databaseUrl: 'postgres://vestibule:hunter2@postgres:5432/vestibule',
      redisUrl: 'redis://redis:6379',
      ...(name === 'server' ? { registration: 'closed', publicBaseUrl: null } : {}),
    });
  });
});

describe('the Dockerfile', () => {
  const instructions = dockerfile
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const last = (word: string): string => instructions.findLast((line) => line.startsWith(`${word} `)) ?? '';

  it('is valid', () => {
    expect(validate(dockerfile)).toEqual([]);
    expect(validate('FROM node:24\nHEALTHCHECK CMD\nRUNS x')).not.toEqual([]);
  });

  it('installs what the lock names and nothing for development, in a stage of its own', () => {
    const stages = instructions.filter((line) => line.startsWith('FROM '));
    expect(stages.length).toBeGreaterThanOrEqual(2);
    for (const stage of stages) expect(stage).toMatch(/^FROM node:24-\w+-slim/);
    expect(dockerfile).toContain('npm ci --omit=dev');
  });

  it('runs as nobody in particular, under an init, as npm start and the tests do, with a health check', () => {
    expect(last('USER')).toBe('USER node');
    const words = ['tini', '--', 'node', ...NODE_FLAGS, 'src/main.ts'];
    expect(last('ENTRYPOINT')).toBe(`ENTRYPOINT [${words.map((word) => `"${word}"`).join(', ')}]`);
    for (const [name, value] of Object.entries(ARENAS)) expect(read('Dockerfile')).toContain(`ENV ${name}=${value}\n`);
    expect(JSON.parse(read('package.json')).scripts.start).toBe(['node', ...NODE_FLAGS, 'src/preflight.mjs'].join(' '));
    expect(last('HEALTHCHECK')).toContain('"node", "docker/healthy.mjs", "server"');
  });

  it('copies only what exists, and what .dockerignore lets through', () => {
    const letThrough = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = instructions
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(new Set(copied)).toEqual(new Set(letThrough));
    for (const name of copied)
      expect([name, existsSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)))]).toEqual([name, true]);
  });
});
