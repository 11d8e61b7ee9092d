/**
 * Fills a running server with a room that twelve people knock on, through its public APIs only, and tells what to open and
 * what to ask: `npm run demo`.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { openApi, register, type Account, type Api } from './demo/api.ts';
import { MODERATOR, PEOPLE, ROOM, type Person } from './demo/people.ts';

const HELP = `Usage: npm run demo [-- URL]

Makes a room on a running Vestibule and lets twelve people knock on it: some are accepted, rejected or banned, one takes
the knock back, the others wait. Then prints what to open and what to ask. Can be run again: every run has names of its own.

  URL       the server; default VESTIBULE_URL, else http://127.0.0.1:8008
  --help    this text

The server must let everybody register (REGISTRATION=open, as on a first \`npm start\`).`;

interface Visitor extends Person {
  readonly account: Account;
}

interface Stage {
  readonly api: Api;
  readonly moderator: Account;
  readonly roomId: string;
}

const say = (line = ''): void => void process.stdout.write(`${line}\n`);

async function main(url: string): Promise<void> {
  const api = await openApi(url, say);
  // Another run finds its own names, and nobody's password can be guessed from the source.
  const suffix = randomBytes(3).toString('hex');
  const password = randomBytes(12).toString('base64url');
  say(`Making accounts on ${url}`);
  const moderator = await makeAccount(api, MODERATOR, suffix, password);
  const visitors: Visitor[] = [];
  for (const person of PEOPLE) visitors.push({ ...person, account: await makeAccount(api, person, suffix, password) });
  const stage: Stage = { api, moderator, roomId: await makeRoom(api, moderator) };
  say(`\n${MODERATOR.displayName} makes the room “${ROOM.name}”, and people knock:`);
  for (const visitor of visitors) await knocks(stage, visitor);
  say(`\n${MODERATOR.displayName} answers, and time goes by:`);
  for (const visitor of visitors) await meetsFate(stage, visitor);
  await farewell(stage, password);
}

async function makeAccount(
  api: Api,
  { name, displayName }: { readonly name: string; readonly displayName: string },
  suffix: string,
  password: string,
): Promise<Account> {
  const account = await register(api, `${name}_${suffix}`, password);
  const at = `/profile/${encodeURIComponent(account.userId)}/displayname`;
  await api.matrix(account, 'PUT', at, { displayname: displayName });
  say(`  ${account.userId}  ${displayName}`);
  return account;
}

async function makeRoom(api: Api, moderator: Account): Promise<string> {
  const made = await api.graphql(
    moderator,
    'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { room { roomId } } }',
    { input: { ...ROOM, joinRule: 'KNOCK' } },
  );
  return (made['createRoom'] as { room: { roomId: string } }).room.roomId;
}

/** Through the Matrix API, as any client does. */
async function knocks({ api, roomId }: Stage, { account, displayName, reason }: Visitor): Promise<void> {
  await api.matrix(account, 'POST', `/knock/${encodeURIComponent(roomId)}`, { reason });
  say(`  ${displayName}: “${reason}”`);
}

/** Decisions on knocks through GraphQL, the rest through the Matrix API: both write the same log. */
async function meetsFate({ api, moderator, roomId }: Stage, { account, displayName, fate }: Visitor): Promise<void> {
  const room = `/rooms/${encodeURIComponent(roomId)}`;
  const decide = async (mutation: 'acceptKnock' | 'rejectKnock', reason: string): Promise<void> => {
    const input = mutation === 'acceptKnock' ? 'AcceptKnockInput' : 'RejectKnockInput';
    const query = `mutation ($input: ${input}!) { ${mutation}(input: $input) { knock { status } } }`;
    await api.graphql(moderator, query, { input: { roomId, userId: account.userId, reason } });
  };
  switch (fate.is) {
    case 'accepted':
      await decide('acceptKnock', fate.words);
      if (fate.joins) await api.matrix(account, 'POST', `/join/${encodeURIComponent(roomId)}`, {});
      return say(`  ${displayName} is accepted${fate.joins ? ' and joins' : ''}: “${fate.words}”`);
    case 'rejected':
      await decide('rejectKnock', fate.words);
      return say(`  ${displayName} is turned away: “${fate.words}”`);
    case 'banned':
      await api.matrix(moderator, 'POST', `${room}/ban`, { user_id: account.userId, reason: fate.words });
      return say(`  ${displayName} is banned: “${fate.words}”`);
    case 'retracted':
      await api.matrix(account, 'POST', `${room}/leave`, { reason: fate.words });
      return say(`  ${displayName} takes the knock back: “${fate.words}”`);
    case 'pending':
      if (fate.again === undefined) return say(`  ${displayName} waits`);
      await api.matrix(account, 'POST', `/knock/${encodeURIComponent(roomId)}`, { reason: fate.again });
      return say(`  ${displayName} knocks again: “${fate.again}”`);
    default:
      return fate satisfies never;
  }
}

const COUNTS = `query ($roomId: String!) {
  room(roomId: $roomId) { stats { joined pendingKnocks acceptedKnocks rejectedKnocks bannedKnocks retractedKnocks } }
}`;

const QUERY = `{
  knocks(where: { status: [PENDING] }) {
    totalCount
    nodes { id user { userId displayName } room { name } reason reasonIsHidden knockedAt viewerCanAccept }
  }
  transitions(last: 10) {
    nodes { kind user { displayName } actor { displayName } reason recordedAt }
  }
}`;

async function farewell({ api, moderator, roomId }: Stage, password: string): Promise<void> {
  const { room } = (await api.graphql(moderator, COUNTS, { roomId })) as { room: { stats: Record<string, number> } };
  const { joined, pendingKnocks, acceptedKnocks, rejectedKnocks, bannedKnocks, retractedKnocks } = room.stats;
  const header = `{"Authorization": "Bearer ${moderator.token}"}`;
  say(
    `
The room ${roomId} has ${joined} members; of ${PEOPLE.length} knocks ${pendingKnocks} are pending, ${acceptedKnocks} accepted, ` +
      `${rejectedKnocks} rejected, ${bannedKnocks} banned, ${retractedKnocks} retracted.

Open    ${api.url}/graphql
        In its tab “Headers” paste:
${header}

Ask     In its editor paste:
${QUERY}

Or in a shell:
curl -s ${api.url}/graphql -H 'Authorization: Bearer ${moderator.token}' -H 'Content-Type: application/json' -d '${JSON.stringify({ query: QUERY.replaceAll(/\s+/g, ' ') })}'

Sign in with a Matrix client at ${api.url} as ${moderator.userId}, password ${password} (so have all the others).`,
  );
}

function readUrl(): string | null {
  const { values, positionals } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  });
  if (values.help === true) return null;
  const url = positionals[0] ?? process.env['VESTIBULE_URL'] ?? 'http://127.0.0.1:8008';
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) throw new Error(`${url} is no http:// URL.`);
  return url.replace(/\/+$/, '');
}

try {
  const url = readUrl();
  if (url === null) say(HELP);
  else await main(url);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
