/** What is counted and logged of every request that was answered. */
import { Histogram } from 'prom-client';
import type { HttpParts } from './parts.ts';

export const requestSeconds = new Histogram({
  name: 'vestibule_http_request_seconds',
  help: 'Time to answer a request, long polls included.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 10, 30],
  registers: [],
});

export interface Answered {
  readonly method: string;
  /** The route, not the URL: parameters hold names, and query strings have held tokens. */
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** Counts an answer, and logs it for those who debug. */
export function noteAnswer({ log }: Pick<HttpParts, 'log'>, { method, route, status, milliseconds }: Answered): void {
  requestSeconds.observe({ method, route, status }, milliseconds / 1000);
  if (log.isLevelEnabled('debug')) log.debug({ method, route, status, ms: Math.round(milliseconds) }, 'answered');
}
