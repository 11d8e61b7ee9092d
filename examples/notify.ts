/**
 * Tells a webhook of every knock and every decision, each once, also when this program, the server or the webhook was away meanwhile:
 * `node examples/notify.ts WEBHOOK STATE`. STATE is a file that remembers how far it has told. VESTIBULE_TOKEN is a service token with the
 * scope knocks:read, or a moderator's own.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { follow, serverOf } from './client.ts';

const QUERY = `subscription ($where: TransitionFilter, $after: String) {
  transitions(where: $where, after: $after) { kind recordedAt room { roomId } user { userId } actor { userId } }
}`;
const KINDS = ['KNOCK_REQUESTED', 'KNOCK_ACCEPTED', 'KNOCK_REJECTED', 'KNOCK_RETRACTED', 'BANNED'];

interface Transition {
  readonly kind: string;
  readonly recordedAt: string;
  readonly room: { readonly roomId: string };
  readonly user: { readonly userId: string };
  readonly actor: { readonly userId: string } | null;
}

async function main([webhook, state]: readonly string[]): Promise<void> {
  if (webhook === undefined || state === undefined) throw new Error('Usage: node examples/notify.ts WEBHOOK STATE');
  const server = serverOf(process.env);
  const told = await readFile(state, 'utf8').catch(() => null);
  const after = told?.trim() ?? '0';
  const wanted = { where: { kinds: KINDS } };
  for await (const { data, position } of follow<{ transitions: Transition }>(server, QUERY, wanted, after)) {
    await tell(webhook, position, data.transitions);
    await writeFile(`${state}.new`, position);
    await rename(`${state}.new`, state);
  }
}

/** Until it is taken. Between this and the file a crash may come: the position tells the webhook what it has heard before. */
async function tell(
  webhook: string,
  position: string,
  { kind, recordedAt, room, user, actor }: Transition,
): Promise<void> {
  const note = { position, kind, at: recordedAt, roomId: room.roomId, userId: user.userId, by: actor?.userId ?? null };
  for (;;) {
    const answer = await fetch(webhook, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(note),
    }).catch(() => null);
    if (answer?.ok === true) return;
    await sleep(1_000);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
