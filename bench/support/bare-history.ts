/** The least that a page of history can cost: one statement over fastify, its rows as they come. Run as a program: URL PORT. */
import { fork } from 'node:child_process';
import fastify from 'fastify';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from '../../test/support/free-port.ts';
import { startProgram, type Program } from './program.ts';

const SELECT = `select position, room_id, user_id, "from", "to", kind, cause, actor, recorded_at from transitions`;

interface Asked {
  readonly after: string;
  readonly room: string | null;
}

/** Answers POST / with the 50 transitions after a position, of all rooms or of one. */
export async function startBareHistory(databaseUrl: string): Promise<Program> {
  const port = await freePort();
  const child = fork(fileURLToPath(import.meta.url), [databaseUrl, String(port)], { silent: true });
  return startProgram(child, port, '/', '{"after":"0","room":null}');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [connectionString, port] = process.argv.slice(2);
  const pool = new pg.Pool({ connectionString, max: 10 });
  const app = fastify();
  app.post('/', async ({ body }) => {
    const { after, room } = body as Asked;
    const { rows } =
      room === null
        ? await pool.query({
            name: 'all',
            text: `${SELECT} where position > $1 order by position limit 51`,
            values: [after],
          })
        : await pool.query({
            name: 'room',
            text: `${SELECT} where room_id = $2 and position > $1 order by position limit 51`,
            values: [after, room],
          });
    return { nodes: rows.slice(0, 50), hasNextPage: rows.length > 50 };
  });
  await app.listen({ port: Number(port), host: '127.0.0.1' });
}
