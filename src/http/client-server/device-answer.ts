/** A device as clients are told of it. */
import type { Device } from '../../accounts/devices.ts';

export function deviceAnswer({ deviceId, displayName, lastSeenAt, lastSeenIp }: Device): object {
  return {
    device_id: deviceId,
    ...(displayName === null ? {} : { display_name: displayName }),
    ...(lastSeenAt === null ? {} : { last_seen_ts: lastSeenAt.getTime() }),
    ...(lastSeenIp === null ? {} : { last_seen_ip: lastSeenIp }),
  };
}
