/** When the news of a user is told without a look at the user (PROTOCOL §1.5), as far as the follower hears of the user. */
import { expect, it } from 'vitest';
import { readSyncFilter } from '../../../src/http/client-server/sync/filter.ts';
import { createQuickSync } from '../../../src/http/client-server/sync/quick-sync.ts';
import type { SyncNews } from '../../../src/http/client-server/sync/read-sync.ts';
import { createFollower } from '../../../src/log/follow.ts';

const KIM = '@kim:vestibule.test';
const READ: SyncNews = {
  head: 10,
  account: { head: 3, events: [], ofRooms: new Map(), ignored: new Set(), ignoredChanged: false },
  rooms: { join: {}, invite: {}, knock: {}, leave: {} },
  isEmpty: true,
  joined: new Map([['!a', 1]]),
};
const REQUEST = {
  ...{ userId: KIM, deviceId: 'DEVICE', since: 's10_3', filter: readSyncFilter({}) },
  ...{ fullState: false, useStateAfter: false, now: 0 },
};

it('is told from memory only while account data of other processes is heard of, and again after it was read anew', () => {
  const follower = createFollower(10);
  const quick = createQuickSync(follower);
  const read = () => quick.remember(KIM, READ, follower.mark());
  read();
  expect(quick.recall(REQUEST), 'nothing is heard yet').toBeNull();
  follower.hears();
  expect(quick.recall(REQUEST), 'read before it could be heard').toBeNull();
  read();
  expect(quick.recall(REQUEST)).toMatchObject({ head: 10, isEmpty: true });
  follower.touch(KIM);
  expect(quick.recall(REQUEST), 'touched').toBeNull();
  read();
  follower.isDeaf();
  expect(quick.recall(REQUEST), 'deaf').toBeNull();
  follower.hears();
  expect(quick.recall(REQUEST), 'read while deaf').toBeNull();
  read();
  expect(quick.recall(REQUEST)).not.toBeNull();
});
