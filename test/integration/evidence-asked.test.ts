/** The evidence of a knock, checked by a stranger who believes no key but those that the servers themselves tell. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import { eventTemplate, type PduFields } from '../../src/matrix/pdu.ts';
import { ROOM_VERSIONS } from '../../src/matrix/room-versions.ts';
import { signEvent, signJson, type ServerIdentity } from '../../src/matrix/signatures.ts';
import { signingKeyFromSeed } from '../../src/matrix/signing-keys.ts';
import { createAuthority } from '../support/certificates.ts';
import { act, ask, makeRoom, openDesk, type Data, type Desk } from '../support/graphql.ts';
import { server } from '../support/rooms.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from '../support/server.ts';

const VERIFY = fileURLToPath(new URL('../../examples/verify-evidence/verify.mjs', import.meta.url));

let folder: string;
let desk: Desk;
let name: string;
let file: Data;

beforeAll(async () => {
  folder = await temporaryFolder();
  const authority = await createAuthority();
  const { cert, key } = await authority.certify();
  const [ca, chain, secret] = ['ca.pem', 'chain.pem', 'key.pem'].map((each) => join(folder, each));
  await Promise.all([writeFile(ca!, authority.ca), writeFile(chain!, cert), writeFile(secret!, key)]);
  const port = await freePort();
  name = `localhost:${port}`;
  desk = await openDesk(null, {
    SERVER_NAME: name,
    FEDERATION_LISTEN: `127.0.0.1:${port}`,
    FEDERATION_TLS_CERT: chain!,
    FEDERATION_TLS_KEY: secret!,
  });
  const [owner, kim] = [await desk.join('owner'), await desk.join('kim')];
  const roomId = await makeRoom(owner, { version: '11' });
  const { knock } = await act(kim, 'knock', { roomId });
  await act(owner, 'rejectKnock', { roomId, userId: kim.userId });
  const query = 'query ($id: ID!) { knock(id: $id) { evidence { file } } }';
  file = (await ask(owner, query, { id: knock.id })).knock.evidence.file;
});

afterAll(async () => {
  await desk.close();
  await rm(folder, { recursive: true, force: true });
});

/** What the example says. The server under test is another process, and so is this: neither waits for the other. */
async function verified(evidence: object, ...flags: readonly string[]): Promise<{ code: number; said: string }> {
  const path = join(folder, 'evidence.json');
  await writeFile(path, JSON.stringify(evidence));
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') };
  const child = spawn(process.execPath, [VERIFY, path, ...flags], { env });
  const [out, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number, said: `${out}${errors}` };
}

/** The same story with another end, signed by somebody who says that their key is the server's. */
function forged(): JsonObject {
  const key = signingKeyFromSeed('forged', Buffer.alloc(32, 5));
  const identity: ServerIdentity = { serverName: server(name), key, oldKeys: [] };
  const version = ROOM_VERSIONS['11'];
  const events = file.events.map(({ event, ...rest }: { readonly event: PduFields }) => {
    const { hashes: _hashes, signatures: _signatures, ...told } = event as PduFields & JsonObject;
    const membership = event.content['membership'] === 'leave' ? 'ban' : 'knock';
    const pdu = signEvent(eventTemplate({ ...told, content: jsonObject({ membership }) }), version, identity);
    return { ...rest, event_id: eventIdOf(pdu, version), event: pdu };
  });
  const { signatures: _signatures, ...told } = file;
  const keys = { [name]: { [key.keyId]: { key: key.publicKeyBase64 } } };
  return signJson(jsonObject({ ...told, events, server_keys: keys }), server(name), key);
}

it('holds by the keys that the server tells', async () => {
  expect(await verified(file, '--ask')).toEqual({ code: 0, said: expect.stringContaining('It holds.') });
});

it('that somebody made with a key of their own holds by the file alone, and not by what the server tells', async () => {
  const made = forged();
  expect(await verified(made)).toMatchObject({ code: 0 });
  const { code, said } = await verified(made, '--ask');
  expect(code).toBe(1);
  expect(said).toContain(`The file is not signed by ${name}.`);
  expect(said.match(/is not signed by/g)).toHaveLength(3);
});

it('does not hold where the server cannot be asked, and says so', async () => {
  await desk.server.kill();
  const { code, said } = await verified(file, '--ask');
  expect(code).toBe(1);
  expect(said).toContain(`${name} did not tell its keys: ECONNREFUSED`);
  expect(said).not.toContain('    at ');
  expect(await verified(file)).toMatchObject({ code: 0 });
});
