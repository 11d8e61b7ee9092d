/** Connections that mean harm: what one caller may hold open, and what becomes of the others meanwhile. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientWith, type Client } from '../support/client.ts';
import { openStory, type Story } from '../support/story.ts';

let story: Story;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [kim] = await story.people('kim');
});

afterAll(() => story.close());

describe('one user', () => {
  it('who opens one long poll after the other keeps the newest: the oldest are answered at once', async () => {
    const { next_batch } = await kim.ok('GET', '/sync');
    const answered: number[] = [];
    const eight = Promise.withResolvers<void>();
    const poll = async (): Promise<void> => {
      const { status } = await kim.call('GET', `/sync?since=${next_batch}&timeout=60000`);
      if (answered.push(status) === 8) eight.resolve();
    };
    const polls = Array.from({ length: 40 }, poll);
    await eight.promise;
    await kim.ok('POST', '/createRoom', {});
    await Promise.all(polls);
    expect(answered).toEqual(Array.from({ length: 40 }, () => 200));
  });
});

describe('one connection', () => {
  it('whose body trickles in does nothing any more once its token has ended', async () => {
    const { access_token } = await kim.ok('POST', '/login', {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: kim.userId },
      password: 'password of kim',
    });
    const socket = connect(story.server().port, '127.0.0.1');
    const told = new Promise<string>((said) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.once('close', () => said(text));
    });
    const head =
      'POST /_matrix/client/v3/createRoom HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: 2\r\n';
    socket.write(`${head}authorization: Bearer ${access_token}\r\n\r\n{`);
    await sleep(500);
    await clientWith(story.url, access_token, kim.userId).ok('POST', '/logout', {});
    await sleep(700);
    socket.write('}');
    const answer = await told;
    expect(answer).toContain('401');
    expect(answer).toContain('M_UNKNOWN_TOKEN');
  });

  it('that asks for thousands of long polls before it has an answer is cut off, and everybody else is served', async () => {
    const { next_batch } = await kim.ok('GET', '/sync');
    const head = `GET /_matrix/client/v3/sync?since=${next_batch}&timeout=60000 HTTP/1.1`;
    const asked = `${head}\r\nhost: here\r\nauthorization: Bearer ${kim.token}\r\n\r\n`;
    const socket = connect(story.server().port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(asked.repeat(5_000));
    await new Promise((closed) => socket.once('close', closed));
    expect(await kim.ok('GET', '/account/whoami')).toMatchObject({ user_id: kim.userId });
  });

  it('that is gone before its long poll is looked at leaves nobody waiting', async () => {
    const { next_batch } = await kim.ok('GET', '/sync');
    const head = `GET /_matrix/client/v3/sync?since=${next_batch}&timeout=60000 HTTP/1.1`;
    const asked = `${head}\r\nhost: here\r\nauthorization: Bearer ${kim.token}\r\n\r\n`;
    for (let n = 0; n < 20; n += 1) {
      const socket = connect(story.server().port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(asked, () => socket.resetAndDestroy());
      await new Promise((closed) => socket.once('close', closed));
    }
    // What was asked before is answered, or let go, by then.
    await new Promise((later) => setTimeout(later, 1_000));
    const metrics = await (await fetch(`${story.url}/metrics`)).text();
    expect(/^vestibule_sync_waiting (\d+)/m.exec(metrics)?.[1]).toBe('0');
  });

  it('that asks for a few things at once gets all of them, in order', async () => {
    const socket = connect(story.server().port, '127.0.0.1');
    const paths = ['/health', '/_matrix/client/versions', '/nothing', '/_matrix/client/v3/login'];
    const last = paths.length - 1;
    const asked = (path: string, n: number) =>
      `GET ${path} HTTP/1.1\r\nhost: here\r\n${n === last ? 'connection: close\r\n' : ''}\r\n`;
    socket.write(paths.map(asked).join(''));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '200', '404', '200']);
  });
});
