/** The variables of the environment: names, defaults and meanings. */

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;

/** Every variable that is read, for `--help` and the configuration page. */
export const CONFIG_VARIABLES = [
  {
    name: 'SERVER_NAME',
    default: 'localhost:8448',
    meaning: 'Name of this server in user ids; fixed on the first start.',
  },
  { name: 'DATABASE_URL', default: 'embedded', meaning: 'postgres:// URL of a Postgres 15 or newer.' },
  { name: 'REDIS_URL', default: 'none', meaning: 'redis:// URL for the job queue, which else lives in Postgres.' },
  { name: 'DATA_DIR', default: './data', meaning: 'Signing key, erasure ledger and the embedded Postgres.' },
  {
    name: 'CLIENT_LISTEN',
    default: '127.0.0.1:8008',
    meaning: 'Address and port of the client API, GraphQL and metrics.',
  },
  { name: 'FEDERATION_LISTEN', default: 'that of clients', meaning: 'Address and port of the API for other servers.' },
  { name: 'FEDERATION_TLS_CERT', default: 'none', meaning: 'PEM file with the certificate chain of that port.' },
  { name: 'FEDERATION_TLS_KEY', default: 'none', meaning: 'PEM file with the key of the certificate.' },
  { name: 'FEDERATION_CA_FILE', default: 'none', meaning: 'PEM file with authorities to trust beside the usual ones.' },
  { name: 'FEDERATION_ALLOW_NETWORKS', default: 'none', meaning: 'Private networks that other servers may be in.' },
  {
    name: 'FEDERATION_KEY_SERVERS',
    default: 'none',
    meaning: 'Servers trusted with the keys of those that are silent.',
  },
  { name: 'FEDERATION_DNS_SERVERS', default: "the system's", meaning: 'Name servers to find other servers with.' },
  { name: 'DELIVERY_TIMEOUT', default: '60s', meaning: 'How long another server may take for a transaction.' },
  { name: 'DELIVERY_RETRY', default: '10min to 24h', meaning: 'How long a server that fails is left alone.' },
  { name: 'GRAPHQL_INTROSPECTION', default: 'on', meaning: 'Who may ask for the schema: `on`, `signed-in` or `off`.' },
  { name: 'GRAPHQL_MAX_COST', default: '20000', meaning: 'Fields that a GraphQL request may lead to.' },
  { name: 'GRAPHQL_TIMEOUT', default: '15s', meaning: 'How long reading for a GraphQL request may take.' },
  { name: 'REGISTRATION', default: 'open on this machine alone, else closed', meaning: '`open`, `token` or `closed`.' },
  {
    name: 'REGISTRATION_SHARED_SECRET',
    default: 'none',
    meaning: 'Serves /_synapse/admin/v1/register to those who know it.',
  },
  {
    name: 'AUTO_ACCEPT_KNOCK_INVITES',
    default: 'off',
    meaning: '`on`: users of this server join as soon as their knock is accepted.',
  },
  { name: 'RATE_LIMITS', default: 'on', meaning: '`off` limits nobody.' },
  { name: 'RATE_LIMIT_MESSAGE', default: '0.2/s burst 10', meaning: 'Rooms made and events sent by a user.' },
  { name: 'RATE_LIMIT_JOIN', default: '0.1/s burst 10', meaning: 'Joins of a user, also of another server.' },
  {
    name: 'RATE_LIMIT_REMOTE_JOIN',
    default: '0.01/s burst 10',
    meaning: 'Joins and knocks of a user for which other servers have to be asked.',
  },
  { name: 'RATE_LIMIT_KNOCK', default: '3/min burst 3', meaning: 'Knocks of a user on one room.' },
  { name: 'RATE_LIMIT_KNOCK_ROOM', default: '1/s burst 10', meaning: 'Knocks on one room, whoever knocks.' },
  { name: 'RATE_LIMIT_KNOCK_SERVER', default: '0.5/s burst 5', meaning: 'Knocks on a room from one other server.' },
  { name: 'RATE_LIMIT_INVITE', default: '0.3/s burst 10', meaning: 'Invites by one user, and invites of one user.' },
  { name: 'RATE_LIMIT_DECISION', default: '20/s burst 20', meaning: 'Pending knocks decided in one room.' },
  { name: 'RATE_LIMIT_PROFILE', default: '0.2/s burst 10', meaning: "Changes of a user's profile." },
  { name: 'RATE_LIMIT_LOGIN', default: '0.17/s burst 3', meaning: 'Passwords tried from one address for one account.' },
  { name: 'RATE_LIMIT_REFRESH', default: '1/s burst 30', meaning: 'Access tokens renewed from one address.' },
  { name: 'RATE_LIMIT_REGISTER', default: '0.17/s burst 3', meaning: 'Registrations from one address.' },
  { name: 'PUBLIC_BASE_URL', default: 'none', meaning: 'URL of the client API, told in .well-known/matrix/client.' },
  { name: 'SUPPORT_CONTACT', default: 'none', meaning: 'Mail address or user id, told in .well-known/matrix/support.' },
  { name: 'SUPPORT_PAGE', default: 'none', meaning: 'URL of a page with help, told there as well.' },
  { name: 'LOG_LEVEL', default: 'info', meaning: `One of ${LOG_LEVELS.join(', ')}.` },
  {
    name: 'ERASURE_LEDGER',
    default: 'DATA_DIR/erasures.jsonl',
    meaning: 'File outside the database that remembers erasures.',
  },
  { name: 'DEFAULT_ROOM_VERSION', default: '12', meaning: 'Version of new rooms: 7 to 12.' },
  {
    name: 'SIGNING_KEY_FILE',
    default: 'DATA_DIR/signing.key',
    meaning: 'ed25519 key of the server; made on the first start.',
  },
] as const;
