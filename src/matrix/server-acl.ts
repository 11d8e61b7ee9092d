// Which servers a room's access control list lets take part (client-server API, m.room.server_acl).
import type { ServerName } from './identifiers.ts';
import { isJsonArray, type JsonObject } from './json.ts';

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/;

/** Whether a server may take part, by the content of the room's m.room.server_acl event; null: the room has none. */
export function aclAllows(acl: JsonObject | null, server: ServerName): boolean {
  // If there is no m.room.server_acl event in the room state, allow.
  if (acl === null) return true;
  const host = server.replace(/:\d+$/, '').toLowerCase();
  // If the server name is an IP address (v4 or v6) literal, and allow_ip_literals is present and false, deny.
  const forbidsLiterals = Object.hasOwn(acl, 'allow_ip_literals') && acl['allow_ip_literals'] === false;
  if (forbidsLiterals && (host.startsWith('[') || IPV4.test(host))) return false;
  // If the server name matches an entry in the deny list, deny.
  if (globsIn(acl, 'deny').some((glob) => globMatches(glob, host))) return false;
  // If the server name matches an entry in the allow list, allow. Otherwise, deny.
  return globsIn(acl, 'allow').some((glob) => globMatches(glob, host));
}

function globsIn(acl: JsonObject, key: string): readonly string[] {
  const list = Object.hasOwn(acl, key) ? acl[key] : undefined;
  return isJsonArray(list) ? list.filter((entry) => typeof entry === 'string').map((glob) => glob.toLowerCase()) : [];
}

/** `*` stands for any text, `?` for one character. Takes time in the product of both lengths at most, whatever the glob. */
function globMatches(glob: string, text: string): boolean {
  let [at, inGlob] = [0, 0];
  // Where the last star stands, and how much of the text it has taken so far.
  let [star, taken] = [-1, 0];
  while (at < text.length) {
    const wanted = glob[inGlob];
    if (wanted === '*') {
      star = inGlob;
      taken = at;
      inGlob += 1;
    } else if (wanted === '?' || wanted === text[at]) {
      at += 1;
      inGlob += 1;
    } else if (star >= 0) {
      taken += 1;
      at = taken;
      inGlob = star + 1;
    } else {
      return false;
    }
  }
  while (glob[inGlob] === '*') inGlob += 1;
  return inGlob === glob.length;
}
