/**
 * Checks the evidence of a knock (`Knock.evidence.file`) with nothing but what Node brings along: no code of the server is used,
 * and without `--ask` no server is asked. `node verify.mjs evidence.json [--ask]`
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Matrix' canonical JSON: sorted keys, no blanks, and `signatures` and `unsigned` left out by whoever calls. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  // By code points, as the specification sorts; JavaScript sorts by UTF-16 units.
  const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

const KEPT_KEYS = [
  ...['event_id', 'type', 'room_id', 'sender', 'state_key', 'content', 'hashes', 'signatures', 'depth'],
  ...['prev_events', 'auth_events', 'origin_server_ts'],
];

/** The redacted form of a member event (Matrix specification, room versions 7 to 12, Redactions). */
function redact(event, version) {
  const keys = version < 11 ? [...KEPT_KEYS, 'prev_state', 'origin', 'membership'] : KEPT_KEYS;
  const content = {};
  for (const key of version < 9 ? ['membership'] : ['membership', 'join_authorised_via_users_server']) {
    if (key in event.content) content[key] = event.content[key];
  }
  const invite = event.content.third_party_invite;
  if (version >= 11 && invite !== null && typeof invite === 'object') {
    content.third_party_invite = 'signed' in invite ? { signed: invite.signed } : {};
  }
  return { ...Object.fromEntries(keys.filter((key) => key in event).map((key) => [key, event[key]])), content };
}

const without = ({ signatures: _signatures, unsigned: _unsigned, ...rest }) => canonical(rest);
const serverOf = (id) => id.slice(id.indexOf(':') + 1);

/** Whether an ed25519 key, 32 bytes in base64, signed the text. */
function isSigned(text, signature, key) {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(key, 'base64')]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64'));
}

/** The servers that have to have signed a member event. */
function signersOf(event, version) {
  const byThirdParty = event.content.membership === 'invite' && 'third_party_invite' in event.content;
  const authoriser = version >= 8 ? event.content.join_authorised_via_users_server : undefined;
  return [...(byThirdParty ? [] : [serverOf(event.sender)]), ...(authoriser ? [serverOf(authoriser)] : [])];
}

function hasSigned(object, text, server, keys, at) {
  return Object.entries(object.signatures?.[server] ?? {}).some(([keyId, signature]) => {
    const key = keys[server]?.[keyId];
    // An old key counts for what was signed before it was replaced.
    return key !== undefined && (key.expired_ts ?? Infinity) >= at && isSigned(text, signature, key.key);
  });
}

/** What is wrong with the evidence, in sentences; nothing when it holds. */
export function problemsOf(file, keys = file.server_keys) {
  if (file.format !== 'org.vestibule.knock-evidence.v1') return ['The file is not of the format that is checked here.'];
  const problems = [];
  const version = Number(file.knock.room_version);
  if (!hasSigned(file, without(file), file.server_name, keys, file.checked_at)) {
    problems.push(`The file is not signed by ${file.server_name}.`);
  }
  for (const { event_id: id, event } of file.events) {
    const wrong = (problem) => problems.push(`${id} ${problem}`);
    const form = without(redact(event, version));
    if (`$${createHash('sha256').update(form).digest('base64url')}` !== id) wrong('is not the hash of its event.');
    if (event.type !== 'm.room.member' || event.state_key !== file.knock.user_id) wrong('is about somebody else.');
    if (event.room_id !== file.knock.room_id) wrong('is of another room.');
    for (const server of signersOf(event, version)) {
      if (!hasSigned(event, form, server, keys, event.origin_server_ts)) wrong(`is not signed by ${server}.`);
    }
  }
  return problems;
}

async function askedJson(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return answer.json();
}

const hasPort = (server) => /:\d+$/.test(server);

/** Where a server is: its name with a port, or what its host delegates to, or port 8448. SRV records are not looked at. */
async function addressOf(server) {
  if (hasPort(server)) return server;
  const told = await askedJson(`https://${server}/.well-known/matrix/server`).catch(() => ({}));
  const name = told['m.server'] ?? server;
  return hasPort(name) ? name : `${name}:8448`;
}

/** The keys that the servers publish now, instead of those in the file: then nobody has to believe the file's. */
async function askForKeys(servers) {
  const told = await Promise.all(
    servers.map(async (server) => {
      try {
        const keys = await askedJson(`https://${await addressOf(server)}/_matrix/key/v2/server`);
        if (keys.server_name !== server) throw new Error('the keys are of another server');
        return [server, { ...keys.old_verify_keys, ...keys.verify_keys }];
      } catch (error) {
        console.error(`${server} did not tell its keys: ${error.cause?.code ?? error.message}`);
        return [server, {}];
      }
    }),
  );
  return Object.fromEntries(told);
}

if (
  process.argv[1] !== undefined &&
  import.meta.url.endsWith(process.argv[1].replaceAll('\\', '/').split('/').at(-1))
) {
  const [name, ...flags] = process.argv.slice(2);
  if (name === undefined) {
    console.error('Usage: node verify.mjs evidence.json [--ask]');
    process.exit(2);
  }
  const file = JSON.parse(readFileSync(name, 'utf8'));
  const keys = flags.includes('--ask') ? await askForKeys(Object.keys(file.server_keys)) : undefined;
  const problems = problemsOf(file, keys);
  for (const { kind, event_id: id, event } of file.events ?? []) {
    console.log(`${new Date(event.origin_server_ts).toISOString()}  ${kind}  by ${event.sender}  ${id}`);
  }
  console.log(problems.length === 0 ? 'It holds.' : problems.join('\n'));
  process.exit(problems.length === 0 ? 0 : 1);
}
