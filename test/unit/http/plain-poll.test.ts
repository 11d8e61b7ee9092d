/** Which polls are plain enough for a door of their own. */
import { describe, expect, it } from 'vitest';
import { readPlainPoll } from '../../../src/http/client-server/sync/plain-poll.ts';

const SYNC = '/_matrix/client/v3/sync';
const PLAIN = { route: SYNC, since: 's5_2', timeout: 0, useStateAfter: false, filter: undefined };

describe('the URL of a poll', () => {
  it.each([
    ['?since=s5_2', PLAIN],
    ['?timeout=30000&since=s5_2', { ...PLAIN, timeout: 30_000 }],
    ['?since=s5_2&use_state_after=true&full_state=false', { ...PLAIN, useStateAfter: true }],
    ['?since=s5_2&set_presence=offline&filter=7', { ...PLAIN, filter: '7' }],
    ['?filter=%7B%22room%22%3A%7B%7D%7D&since=s5_2', { ...PLAIN, filter: '{"room":{}}' }],
  ])('is plain: %s', (query, poll) => {
    expect(readPlainPoll(`${SYNC}${query}`)).toEqual(poll);
  });

  it('is plain under the old version of the API, too', () => {
    expect(readPlainPoll('/_matrix/client/r0/sync?since=s5_2')?.route).toBe('/_matrix/client/r0/sync');
  });

  it.each([
    '',
    '?timeout=0',
    '?since=s5',
    '?since=t5_2',
    '?since=s5_2&since=s5_2',
    '?since=s5_2&timeout=-1',
    '?since=s5_2&timeout=',
    '?since=s5_2&full_state=true',
    '?since=s5_2&use_state_after=yes',
    '?since=s5_2&filter=%00',
    '?since=s5_2&filter=%E0%A4',
    '?since=s5_2&filter=a+b',
    '?since=s5_2&other=1',
    '?since=s5_2&__proto__=1',
    '?since=s5_2&&timeout=1',
    '?since=s5_2&timeout',
    '?since=s5_2#timeout=1',
    '?since=s5_2&constructor=1',
  ])('is left to the endpoint: %s', (query) => {
    expect(readPlainPoll(`${SYNC}${query}`)).toBeNull();
  });

  it.each(['/sync?since=s5_2', '/_matrix/client/v3/sync/?since=s5_2', '//_matrix/client/v3/sync?since=s5_2'])(
    'is none of another path: %s',
    (url) => {
      expect(readPlainPoll(url)).toBeNull();
    },
  );
});
