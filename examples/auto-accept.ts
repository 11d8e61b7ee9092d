/**
 * A bot that accepts the knocks of people it trusts, by their server: `node examples/auto-accept.ts ROOM SERVER…`. Others are left to
 * the moderators. VESTIBULE_TOKEN is a service token with the scopes knocks:read and knocks:decide, or a moderator's own.
 */
import { ask, follow, serverOf, type Server } from './client.ts';

const KNOCK = 'id user { userId server }';

interface Knock {
  readonly id: string;
  readonly user: { readonly userId: string; readonly server: string };
}

interface Decided {
  readonly decideKnocks: { readonly results: readonly { readonly ok: boolean; readonly message: string | null }[] };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main([roomId, ...servers]: readonly string[]): Promise<void> {
  if (roomId === undefined || servers.length === 0) throw new Error('Usage: node examples/auto-accept.ts ROOM SERVER…');
  const server = serverOf(process.env);
  const accept = async ({ id, user }: Knock): Promise<void> => {
    if (!servers.includes(user.server)) return say(`${user.userId} is left to the moderators`);
    // A key of its own: should the bot be killed and see the knock again, nothing is done twice.
    const { decideKnocks } = await ask<Decided>(
      server,
      `mutation ($ids: [ID!]!, $key: String!) {
        decideKnocks(input: { knockIds: $ids, decision: ACCEPT, idempotencyKey: $key }) { results { ok message } }
      }`,
      { ids: [id], key: `auto-accept ${id}` },
    );
    const { ok, message } = decideKnocks.results[0]!;
    say(ok ? `${user.userId} is invited` : `${user.userId}: ${message}`);
  };
  // From the beginning of the log: whoever knocked before the bot was started is still waiting.
  const where = { roomId, status: ['PENDING'] };
  for await (const { data } of news(server, where)) await accept(data.knocks);
}

function news(server: Server, where: object) {
  const document = `subscription ($where: KnockFilter, $after: String) { knocks(where: $where, after: $after) { ${KNOCK} } }`;
  return follow<{ knocks: Knock }>(server, document, { where }, '0');
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
