/** Many people who knock over HTTP at the same time, each with one knock open, and what became of every knock. */
import { Agent, request } from 'node:http';
import type { Client } from './client.ts';

export interface Attempt {
  readonly userId: string;
  readonly roomId: string;
  /** Its own: nobody else gives this reason, and nobody gives it twice. */
  readonly reason: string;
  /** The last byte of the request was given to the operating system, on a connection that stood. */
  sent: boolean;
  /** Null as long as no whole answer came. */
  status: number | null;
  body: string;
  /** The answer's Retry-After. */
  retryAfter: string | undefined;
  /** Why no answer came, as a system call's code. */
  error: string | null;
}

export interface Crowd {
  /** In the order in which they were begun; grows. */
  readonly attempts: readonly Attempt[];
  /** Sent, and not answered yet. */
  outstanding(): readonly Attempt[];
  /** Nobody begins another knock. */
  stop(): void;
  /** Resolves when nobody knocks any more: everybody stopped, or found the server gone. */
  readonly over: Promise<void>;
}

/** Everybody knocks on one room after the other, and then on the same rooms again with another reason. */
export function startCrowd(port: number, people: readonly Client[], roomIds: readonly string[], words: string): Crowd {
  const attempts: Attempt[] = [];
  const agent = new Agent({ keepAlive: true });
  let stopped = false;
  const knocks = async ({ userId, token }: Client, person: number): Promise<void> => {
    for (let n = 0; !stopped; n += 1) {
      const roomId = roomIds[(person + n) % roomIds.length]!;
      const reason = `${words}: ${userId} for the ${n + 1}. time`;
      const attempt: Attempt = {
        userId,
        roomId,
        reason,
        sent: false,
        status: null,
        body: '',
        retryAfter: undefined,
        error: null,
      };
      attempts.push(attempt);
      await knock(agent, port, token, attempt);
      // Who got no answer finds nobody to ask again.
      if (attempt.status === null) return;
    }
  };
  const over = Promise.all(people.map(knocks)).then(() => agent.destroy());
  return {
    attempts,
    outstanding: () => attempts.filter(({ sent, status, error }) => sent && status === null && error === null),
    stop: () => (stopped = true),
    over,
  };
}

function knock(agent: Agent, port: number, token: string, attempt: Attempt): Promise<void> {
  return new Promise((done) => {
    const body = JSON.stringify({ reason: attempt.reason });
    const headers = { authorization: `Bearer ${token}`, 'content-length': Buffer.byteLength(body) };
    const path = `/_matrix/client/v3/knock/${encodeURIComponent(attempt.roomId)}`;
    const failed = (error: NodeJS.ErrnoException): void => {
      attempt.error = error.code ?? error.message;
      done();
    };
    const asked = request({ host: '127.0.0.1', port, method: 'POST', path, headers, agent }, (answer) => {
      answer.setEncoding('utf8');
      attempt.retryAfter = answer.headers['retry-after'];
      answer.on('data', (text: string) => (attempt.body += text));
      answer.on('error', failed);
      answer.on('end', () => {
        if (answer.complete) attempt.status = answer.statusCode ?? 0;
        done();
      });
    });
    asked.on('finish', () => (attempt.sent = asked.socket?.connecting === false));
    asked.on('error', failed);
    asked.end(body);
  });
}
