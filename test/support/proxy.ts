/** A TCP proxy before Postgres that understands just enough of its protocol to cut a connection at a COMMIT. */
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What becomes of the next COMMIT. `lost`: it never arrives. `unheard`: it arrives and its answer does not. `late`: the
 * client's connection is cut, and the COMMIT arrives a while afterwards. `stuck`: the client's connection is cut, the
 * server's stays open and silent.
 */
export type Cut = 'lost' | 'unheard' | 'late' | 'stuck';

export interface Proxy {
  /** The URL of the database, by way of the proxy. */
  readonly url: string;
  cutNextCommit(cut: Cut): void;
  /** How many connections were cut. */
  cuts(): number;
  close(): Promise<void>;
}

const LATE_MS = 700;

export async function startProxy(databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl);
  const open = new Set<Socket>();
  const state: State = { next: null, cuts: 0 };
  const server = createServer((client) => {
    const postgres = connect(Number(target.port), target.hostname);
    for (const socket of [client, postgres]) {
      socket.setNoDelay(true);
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => undefined);
    }
    pass(client, postgres, state);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${address.port}`;
  return {
    url: url.href,
    cutNextCommit: (cut) => (state.next = cut),
    cuts: () => state.cuts,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface State {
  next: Cut | null;
  cuts: number;
}

function pass(client: Socket, postgres: Socket, state: State): void {
  const holdsCommit = commitFinder();
  let cut: Cut | null = null;
  client.on('data', (bytes) => {
    if (cut !== null) return;
    if (holdsCommit(bytes) && state.next !== null) {
      cut = state.next;
      state.next = null;
      state.cuts += 1;
      void carryOut(cut, client, postgres, bytes);
    } else {
      postgres.write(bytes);
    }
  });
  postgres.on('data', (bytes) => {
    if (cut === null) client.write(bytes);
    // The answer to a COMMIT that nobody is to hear: by now it is committed.
    else if (cut === 'unheard') client.destroy();
  });
  client.on('close', () => {
    if (cut === null || cut === 'unheard') postgres.destroy();
  });
  postgres.on('close', () => client.destroy());
}

async function carryOut(cut: Cut, client: Socket, postgres: Socket, bytes: Buffer): Promise<void> {
  switch (cut) {
    case 'lost':
      client.destroy();
      postgres.destroy();
      return;
    case 'unheard':
      postgres.write(bytes);
      return;
    case 'late':
      client.destroy();
      await sleep(LATE_MS);
      postgres.end(bytes);
      return;
    case 'stuck':
      client.destroy();
      return;
    default:
      throw new Error(cut satisfies never);
  }
}

/** Reads a client's messages as they come in pieces, and tells whether a piece ends a simple query `commit`. */
function commitFinder(): (bytes: Buffer) => boolean {
  let rest: Buffer = Buffer.alloc(0);
  // The first message has no letter before its length.
  let letter = 0;
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    let found = false;
    while (rest.length >= letter + 4) {
      const end = letter + rest.readInt32BE(letter);
      if (rest.length < end) break;
      if (letter === 1 && rest[0] === 0x51) found ||= rest.toString('utf8', 5, end - 1).toLowerCase() === 'commit';
      rest = rest.subarray(end);
      letter = 1;
    }
    return found;
  };
}
