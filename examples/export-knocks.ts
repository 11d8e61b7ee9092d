/**
 * Writes all knocks on a room as CSV, oldest first: `node examples/export-knocks.ts ROOM > knocks.csv`. VESTIBULE_TOKEN is a service token
 * with the scope knocks:read, or a moderator's own.
 */
import { ask, serverOf } from './client.ts';

interface Knock {
  readonly user: { readonly userId: string };
  readonly status: string;
  readonly knockedAt: string;
  readonly decidedAt: string | null;
  readonly decidedBy: { readonly userId: string } | null;
  readonly secondsToDecision: number | null;
}

interface Page {
  readonly knocks: {
    readonly nodes: readonly Knock[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const QUERY = `query ($roomId: String!, $after: String) {
  knocks(where: { roomId: $roomId }, orderBy: { direction: ASC }, first: 100, after: $after) {
    nodes { user { userId } status knockedAt decidedAt decidedBy { userId } secondsToDecision }
    pageInfo { hasNextPage endCursor }
  }
}`;

const COLUMNS: Readonly<Record<string, (knock: Knock) => string | number | null>> = {
  user: ({ user }) => user.userId,
  status: ({ status }) => status,
  knocked_at: ({ knockedAt }) => knockedAt,
  decided_at: ({ decidedAt }) => decidedAt,
  decided_by: ({ decidedBy }) => decidedBy?.userId ?? null,
  seconds_to_decision: ({ secondsToDecision }) => secondsToDecision,
};

// A text that begins like a formula is one to a spreadsheet: user ids begin with an @.
function cell(value: string | number | null): string {
  if (typeof value !== 'string') return String(value ?? '');
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function main([roomId]: readonly string[]): Promise<void> {
  if (roomId === undefined) throw new Error('Usage: node examples/export-knocks.ts ROOM');
  const server = serverOf(process.env);
  const write = (cells: readonly (string | number | null)[]): void =>
    void process.stdout.write(`${cells.map(cell).join(',')}\r\n`);
  write(Object.keys(COLUMNS));
  for (let after: string | null = null; ;) {
    const { knocks }: Page = await ask<Page>(server, QUERY, { roomId, after });
    for (const knock of knocks.nodes) write(Object.values(COLUMNS).map((column) => column(knock)));
    if (!knocks.pageInfo.hasNextPage) return;
    after = knocks.pageInfo.endCursor;
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
