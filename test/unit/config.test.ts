/** Who may register when nobody said so, whom the server names as its contact, and which name servers it asks. */
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';

const registration = (env: Readonly<Record<string, string>>): string => readConfig(env).registration;

describe('registration that nobody has set', () => {
  it.each([
    {},
    { CLIENT_LISTEN: '[::1]:8008' },
    { SERVER_NAME: 'localhost' },
    { SERVER_NAME: '127.0.0.1:8448' },
    { SERVER_NAME: '[::1]:8448' },
  ])('is open where only this machine can know the server: %j', (env) => {
    expect(registration(env)).toBe('open');
  });

  it.each([
    { CLIENT_LISTEN: '0.0.0.0:8008' },
    { CLIENT_LISTEN: '[::]:8008' },
    { SERVER_NAME: 'example.org' },
    { SERVER_NAME: 'localhost.example.org:8448' },
    { PUBLIC_BASE_URL: 'https://matrix.example.org' },
  ])('is closed where others can reach it, through a proxy too: %j', (env) => {
    expect(registration(env)).toBe('closed');
  });

  it('is what REGISTRATION says, anywhere', () => {
    expect(registration({ REGISTRATION: 'open', SERVER_NAME: 'example.org' })).toBe('open');
    expect(registration({ REGISTRATION: 'Token' })).toBe('token');
  });
});

describe('the contact of a server', () => {
  it.each(['help@example.org', '@admin:example.org'])('is a mail address or a user id: %s', (contact) => {
    expect(readConfig({ SUPPORT_CONTACT: contact }).support).toEqual({ contact, page: null });
  });

  it.each([{ SUPPORT_CONTACT: 'admin' }, { SUPPORT_CONTACT: '@admin' }, { SUPPORT_PAGE: 'javascript:alert(1)' }])(
    'is nothing else: %j',
    (env) => {
      expect(() => readConfig(env)).toThrow(/must be/);
    },
  );
});

describe('where other servers are sent', () => {
  it.each(['matrix.example.org', 'matrix.example.org:443', '[2620:fe::fe]:8448'])(
    'is a name with or without a port: %s',
    (name) => {
      expect(readConfig({ FEDERATION_DELEGATE: name }).federation.delegate).toBe(name);
    },
  );

  it('is told to nobody where nothing is set', () => {
    expect(readConfig({}).federation.delegate).toBeNull();
  });

  it.each(['https://matrix.example.org', 'matrix.example.org:port', 'matrix.example.org/federation'])(
    'is nothing else: %s',
    (name) => {
      expect(() => readConfig({ FEDERATION_DELEGATE: name })).toThrow(/must be/);
    },
  );
});

describe('name servers', () => {
  it.each([
    ['9.9.9.9', ['9.9.9.9']],
    [
      '127.0.0.1:5353, [::1]:53 2620:fe::fe [2620:fe::9]',
      ['127.0.0.1:5353', '[::1]:53', '2620:fe::fe', '[2620:fe::9]'],
    ],
    ['', null],
  ])('are addresses with or without a port: %j', (text, servers) => {
    expect(readConfig({ FEDERATION_DNS_SERVERS: text }).federation.dnsServers).toEqual(servers);
  });

  it.each(['dns.example.org', '9.9.9.9:0', '9.9.9.9:99999', '9.9.9', '[9.9.9.9]:53', '[::1', '9.9.9.9;8.8.8.8', ':53'])(
    'are nothing else: %s',
    (text) => {
      expect(() => readConfig({ FEDERATION_DNS_SERVERS: text })).toThrow('FEDERATION_DNS_SERVERS must be addresses');
    },
  );
});

describe('what GraphQL answers', () => {
  const graphql = (env: Readonly<Record<string, string>>): object => readConfig(env).graphql;

  it('is the schema to everybody, 20,000 fields and 15 seconds, unless it is set', () => {
    expect(graphql({})).toEqual({ introspection: 'on', maxCost: 20_000, timeoutMs: 15_000, plans: true });
    const limits = { GRAPHQL_INTROSPECTION: 'signed-in', GRAPHQL_MAX_COST: '500', GRAPHQL_TIMEOUT: '2s' };
    expect(graphql({ ...limits, GRAPHQL_PLANS: 'off' })).toEqual({
      ...{ introspection: 'signed-in', maxCost: 500, timeoutMs: 2_000, plans: false },
    });
  });

  it.each([
    { GRAPHQL_INTROSPECTION: 'maybe' },
    { GRAPHQL_MAX_COST: '99' },
    { GRAPHQL_MAX_COST: '1e9' },
    { GRAPHQL_TIMEOUT: '15' },
    { GRAPHQL_TIMEOUT: '0s' },
    { GRAPHQL_PLANS: 'maybe' },
  ])('is nothing else: %o', (env) => {
    expect(() => graphql(env)).toThrow(`${Object.keys(env)[0]} must be`);
  });
});

describe('the times of deliveries', () => {
  const deliveries = (env: Readonly<Record<string, string>>): object => readConfig(env).deliveries;

  it('are a minute for an answer, and ten minutes to a day after failures', () => {
    expect(deliveries({})).toEqual({ answerMs: 60_000, backoff: { leastMs: 600_000, mostMs: 86_400_000 } });
  });

  it('are what is set, in milliseconds, seconds, minutes or hours', () => {
    const env = { DELIVERY_TIMEOUT: '90s', DELIVERY_RETRY: '500ms to 2h' };
    expect(deliveries(env)).toEqual({ answerMs: 90_000, backoff: { leastMs: 500, mostMs: 7_200_000 } });
  });

  it.each([
    { DELIVERY_TIMEOUT: '60' },
    { DELIVERY_TIMEOUT: '0s' },
    { DELIVERY_RETRY: '10min' },
    { DELIVERY_RETRY: '2h to 10min' },
    { DELIVERY_RETRY: 'now to never' },
  ])('are nothing else: %j', (env) => {
    expect(() => readConfig(env)).toThrow(/must be/);
  });
});
