/** A story with other servers on this machine, which ours believes and may ask. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asking, type Asks } from './asking.ts';
import { createAuthority } from './certificates.ts';
import { startHomeserver, type FakeHomeserver } from './fake-homeserver.ts';
import { openStory, type Story } from './story.ts';

export interface OtherServer extends FakeHomeserver {
  /** Asks ours, on the port for clients. */
  readonly ask: Asks;
}

export interface FederatedStory extends Story {
  /** Starts one more server; `host` stands in its name. */
  otherServer(host?: string): Promise<OtherServer>;
}

export async function openFederatedStory(env: Readonly<Record<string, string>> = {}): Promise<FederatedStory> {
  const authority = await createAuthority();
  const folder = await mkdtemp(join(tmpdir(), 'vestibule-ca-'));
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, authority.ca);
  const others: FakeHomeserver[] = [];
  const story = await openStory({ FEDERATION_CA_FILE: ca, FEDERATION_ALLOW_NETWORKS: '127.0.0.0/8', ...env });
  return {
    ...story,
    async otherServer(host) {
      const homeserver = await startHomeserver(authority, host);
      others.push(homeserver);
      return { ...homeserver, ask: asking(story.server().port, homeserver.identity) };
    },
    async close() {
      await story.close();
      await Promise.all(others.map((other) => other.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
