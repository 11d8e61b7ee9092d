/** The environment, parsed once into one readonly record. */
import { resolve } from 'node:path';
import { isLoopback, parseListen, parseNameServers, parseNetworks, type Listen, type Network } from './addresses.ts';
import { CONFIG_VARIABLES, LOG_LEVELS } from './config-variables.ts';
import { parseBackoff, parseDuration, parseRate, type Backoff, type Rate } from './durations.ts';
import { parseServerName, parseUserId, type ServerName } from './matrix/identifiers.ts';
import { ROOM_VERSIONS, roomVersion, type RoomVersionId } from './matrix/room-versions.ts';

/** Null: not limited. */
export type RateLimits = Readonly<Record<RateName, Rate | null>>;

export interface Config {
  /** Null: the one that DATA_DIR or the database remembers, else the default. */
  readonly serverName: ServerName | null;
  /** Null: the embedded Postgres. */
  readonly databaseUrl: string | null;
  /** Null: the queue lives in Postgres. */
  readonly redisUrl: string | null;
  /** Absolute. */
  readonly dataDir: string;
  readonly listen: Listen;
  readonly federation: {
    /** Null: other servers are not listened to. */
    readonly listen: Listen | null;
    /** Absolute paths of PEM files; null: plain HTTP, behind a proxy that ends TLS. */
    readonly certificate: { readonly chain: string; readonly key: string } | null;
    /** Absolute path of a PEM file; null: only the usual authorities are trusted. */
    readonly extraCa: string | null;
    /** Private and reserved networks that requests to other servers may go to. */
    readonly networks: readonly Network[];
    /** Addresses of name servers, with a port where it is not 53; null: the system's. */
    readonly dnsServers: readonly string[] | null;
    /** Where other servers are told to find this one; null: they are told nothing. */
    readonly delegate: ServerName | null;
    /** Trusted to tell the keys of servers that do not answer. */
    readonly keyServers: readonly ServerName[];
  };
  /** Milliseconds. */
  readonly deliveries: {
    /** How long another server's answer is waited for. */
    readonly answerMs: number;
    /** A server that fails is left alone for so long, then for twice as long, and so on. */
    readonly backoff: Backoff;
  };
  readonly graphql: {
    /** Who may ask for the schema: everybody, those who are signed in, nobody. */
    readonly introspection: 'on' | 'signed-in' | 'off';
    /** Fields that a request can lead to. */
    readonly maxCost: number;
    /** Milliseconds that reading for a request may take. */
    readonly timeoutMs: number;
    /** Queries are answered by plans where they can be. */
    readonly plans: boolean;
  };
  readonly registration: 'open' | 'token' | 'closed';
  readonly registrationSharedSecret: string | null;
  readonly rateLimits: RateLimits;
  /** Without a trailing slash; null: not advertised. */
  readonly publicBaseUrl: string | null;
  /** Told to whoever asks; the contact is an address or a user id. */
  readonly support: { readonly contact: string | null; readonly page: string | null };
  readonly logLevel: LogLevel;
  /** Absolute. */
  readonly erasureLedger: string;
  readonly defaultRoomVersion: RoomVersionId;
  /** Users join at once when their knock is accepted. */
  readonly autoAcceptKnockInvites: boolean;
  /** Absolute. */
  readonly signingKeyFile: string;
}

export { CONFIG_VARIABLES };

type LogLevel = (typeof LOG_LEVELS)[number];

const DEFAULT_LISTEN: Listen = { host: '127.0.0.1', port: 8008 };
export const DEFAULT_SERVER_NAME = 'localhost:8448' as ServerName;

const RATES = {
  message: 'RATE_LIMIT_MESSAGE',
  join: 'RATE_LIMIT_JOIN',
  remoteJoin: 'RATE_LIMIT_REMOTE_JOIN',
  knock: 'RATE_LIMIT_KNOCK',
  knockRoom: 'RATE_LIMIT_KNOCK_ROOM',
  knockServer: 'RATE_LIMIT_KNOCK_SERVER',
  invite: 'RATE_LIMIT_INVITE',
  decision: 'RATE_LIMIT_DECISION',
  profile: 'RATE_LIMIT_PROFILE',
  login: 'RATE_LIMIT_LOGIN',
  refresh: 'RATE_LIMIT_REFRESH',
  register: 'RATE_LIMIT_REGISTER',
} as const satisfies Readonly<Record<string, Variable>>;

export type RateName = keyof typeof RATES;

type Variable = (typeof CONFIG_VARIABLES)[number]['name'];
type Environment = Readonly<Record<string, string | undefined>>;

type Read = <T>(name: Variable, absent: T, parse: (text: string) => T | null, wanted: string) => T;

/** Parses the environment. Throws an Error that names every mistake, one a line. An empty variable counts as absent. */
export function readConfig(env: Environment): Config {
  const mistakes: string[] = [];
  const read: Read = (name, absent, parse, wanted) => {
    const text = env[name]?.trim() ?? '';
    if (text === '') return absent;
    const value = parse(text);
    if (value !== null) return value;
    // What was given is not repeated: it may be a password in the wrong variable.
    mistakes.push(`${name} must be ${wanted}`);
    return absent;
  };
  const dataDir = resolve(env['DATA_DIR']?.trim() || 'data');
  const listen = read('CLIENT_LISTEN', DEFAULT_LISTEN, parseListen, 'HOST:PORT, such as 127.0.0.1:8008');
  const serverName = read<ServerName | null>(
    'SERVER_NAME',
    null,
    parseServerName,
    'a Matrix server name, such as example.org',
  );
  const publicBaseUrl = read<string | null>('PUBLIC_BASE_URL', null, parseBaseUrl, 'an http:// or https:// URL');
  const inDataDir = (name: string): string => resolve(dataDir, name);
  const config: Config = {
    serverName,
    databaseUrl: read<string | null>('DATABASE_URL', null, urlOf('postgres:', 'postgresql:'), 'a postgres:// URL'),
    redisUrl: read<string | null>('REDIS_URL', null, urlOf('redis:', 'rediss:'), 'a redis:// URL'),
    dataDir,
    listen,
    federation: readFederation(read, mistakes),
    deliveries: readDeliveries(read),
    graphql: readGraphql(read),
    registration: read(
      'REGISTRATION',
      isLoopback(listen.host) && isUnknownOutside(serverName, publicBaseUrl) ? 'open' : 'closed',
      oneOf('open', 'token', 'closed'),
      'open, token or closed',
    ),
    registrationSharedSecret: read<string | null>(
      'REGISTRATION_SHARED_SECRET',
      null,
      longEnough,
      'at least 16 characters long',
    ),
    rateLimits: readRates(read),
    publicBaseUrl,
    support: readSupport(read),
    logLevel: read<LogLevel>('LOG_LEVEL', 'info', oneOf(...LOG_LEVELS), `one of ${LOG_LEVELS.join(', ')}`),
    erasureLedger: read('ERASURE_LEDGER', inDataDir('erasures.jsonl'), (text) => resolve(text), 'a path'),
    defaultRoomVersion: read<RoomVersionId>(
      'DEFAULT_ROOM_VERSION',
      '12',
      (text) => roomVersion(text)?.id ?? null,
      `one of ${Object.keys(ROOM_VERSIONS).join(', ')}`,
    ),
    autoAcceptKnockInvites:
      read<'on' | 'off'>('AUTO_ACCEPT_KNOCK_INVITES', 'off', oneOf('on', 'off'), 'on or off') === 'on',
    signingKeyFile: read('SIGNING_KEY_FILE', inDataDir('signing.key'), (text) => resolve(text), 'a path'),
  };
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
  return config;
}

function readDeliveries(read: Read): Config['deliveries'] {
  return {
    answerMs: read('DELIVERY_TIMEOUT', 60_000, parseDuration, 'a time such as 60s'),
    backoff: read(
      'DELIVERY_RETRY',
      { leastMs: 600_000, mostMs: 86_400_000 },
      parseBackoff,
      'times such as 10min to 24h',
    ),
  };
}

function readGraphql(read: Read): Config['graphql'] {
  const count = (text: string): number | null => (/^[1-9]\d{2,6}$/.test(text) ? Number(text) : null);
  return {
    introspection: read<Config['graphql']['introspection']>(
      'GRAPHQL_INTROSPECTION',
      'on',
      oneOf('on', 'signed-in', 'off'),
      'on, signed-in or off',
    ),
    maxCost: read('GRAPHQL_MAX_COST', 20_000, count, 'a number from 100 to 9999999'),
    timeoutMs: read('GRAPHQL_TIMEOUT', 15_000, parseDuration, 'a time such as 15s'),
    plans: read<'on' | 'off'>('GRAPHQL_PLANS', 'on', oneOf('on', 'off'), 'on or off') === 'on',
  };
}

function readSupport(read: Read): Config['support'] {
  return {
    contact: read<string | null>('SUPPORT_CONTACT', null, parseContact, 'a mail address or a user id'),
    page: read<string | null>('SUPPORT_PAGE', null, urlOf('http:', 'https:'), 'an http:// or https:// URL'),
  };
}

function readFederation(read: Read, mistakes: string[]): Config['federation'] {
  const path = (name: Variable): string | null => read<string | null>(name, null, (text) => resolve(text), 'a path');
  const chain = path('FEDERATION_TLS_CERT');
  const key = path('FEDERATION_TLS_KEY');
  if ((chain === null) !== (key === null)) mistakes.push('FEDERATION_TLS_CERT and FEDERATION_TLS_KEY belong together');
  return {
    listen: read<Listen | null>('FEDERATION_LISTEN', null, parseListen, 'HOST:PORT, such as 0.0.0.0:8448'),
    certificate: chain === null || key === null ? null : { chain, key },
    extraCa: path('FEDERATION_CA_FILE'),
    networks: read<readonly Network[]>('FEDERATION_ALLOW_NETWORKS', [], parseNetworks, 'networks such as 10.0.0.0/8'),
    dnsServers: read<readonly string[] | null>(
      'FEDERATION_DNS_SERVERS',
      null,
      parseNameServers,
      'addresses such as 9.9.9.9 or 127.0.0.1:5353',
    ),
    delegate: read<ServerName | null>(
      'FEDERATION_DELEGATE',
      null,
      parseServerName,
      'a name, with a port where it is not 8448, such as matrix.example.org:443',
    ),
    keyServers: read<readonly ServerName[]>('FEDERATION_KEY_SERVERS', [], parseServers, 'names such as matrix.org'),
  };
}

function readRates(read: Read): RateLimits {
  const on = read<'on' | 'off'>('RATE_LIMITS', 'on', oneOf('on', 'off'), 'on or off') === 'on';
  const rates = Object.entries(RATES).map(([name, variable]) => {
    const absent = parseRate(CONFIG_VARIABLES.find((each) => each.name === variable)!.default)!;
    const { rate } = read(variable, absent, parseRate, 'off, or a rate such as 0.2/s burst 10');
    return [name, on ? rate : null] as const;
  });
  return Object.fromEntries(rates) as Record<RateName, Rate | null>;
}

// Behind a proxy a server that others reach listens on loopback too; it has a name or a URL that others know.
function isUnknownOutside(serverName: ServerName | null, publicBaseUrl: string | null): boolean {
  const host = (serverName ?? DEFAULT_SERVER_NAME).replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return publicBaseUrl === null && isLoopback(host);
}

function oneOf<const T extends string>(...allowed: readonly T[]): (text: string) => T | null {
  return (text) => allowed.find((each) => each === text.toLowerCase()) ?? null;
}

function urlOf(...protocols: readonly string[]): (text: string) => string | null {
  return (text) => (URL.canParse(text) && protocols.includes(new URL(text).protocol) ? text : null);
}

function parseBaseUrl(text: string): string | null {
  return urlOf('http:', 'https:')(text)?.replace(/\/+$/, '') ?? null;
}

function parseServers(text: string): readonly ServerName[] | null {
  const servers = text.split(/[\s,]+/).map(parseServerName);
  return servers.every((server) => server !== null) ? servers : null;
}

function parseContact(text: string): string | null {
  return text.startsWith('@') ? parseUserId(text) : /^[^@\s]{1,64}@[^@\s]{1,255}$/.test(text) ? text : null;
}

function longEnough(text: string): string | null {
  return text.length >= 16 ? text : null;
}
