/**
 * The containers' health checks: `healthy.mjs server` asks the server of this container, `healthy.mjs worker` asks the
 * server (VESTIBULE_URL) when it last saw a worker, for a worker listens nowhere. Exits with 0 when all is well.
 */
const SILENT_SECONDS = 30;
const url = process.env.VESTIBULE_URL ?? 'http://127.0.0.1:8008';

async function healthy(who) {
  const path = who === 'server' ? '/_matrix/client/versions' : '/health';
  const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(4_000) });
  if (!answer.ok) return false;
  const { workerSeenSecondsAgo: seen } = await answer.json();
  return who === 'server' || (typeof seen === 'number' && seen <= SILENT_SECONDS);
}

process.exitCode = (await healthy(process.argv[2]).catch(() => false)) ? 0 : 1;
