// Which servers a room's access control list lets take part.
import { describe, expect, it } from 'vitest';
import { parseServerName } from '../../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject, type JsonValue } from '../../../src/matrix/json.ts';
import { aclAllows } from '../../../src/matrix/server-acl.ts';

const allows = (acl: { readonly [key: string]: JsonValue } | null, server: string): boolean =>
  aclAllows(acl === null ? null : jsonObject(acl), parseServerName(server)!);
const open = { allow: ['*'] };

describe('50: an access control list', () => {
  it('50: lets everybody in where there is none, and nobody where it allows nobody', () => {
    expect(allows(null, 'anybody.example')).toBe(true);
    for (const acl of [{}, { allow: [] }, { allow: 'anybody.example' }, { allow: null }, { deny: [] }]) {
      expect(allows(acl as JsonObject, 'anybody.example')).toBe(false);
    }
  });

  it('50: knows servers by globs, whatever the case and the port', () => {
    const acl = { allow: ['*'], deny: ['*.evil.com', 'b?d.example'] };
    const denied = ['a.evil.com', 'A.EVIL.com:8448', 'x.y.evil.com', 'bad.example', 'bxd.example:1'];
    const allowed = ['evil.com', 'evil.com.example', 'bd.example', 'baad.example', 'a-evil.com'];
    for (const server of denied) expect([server, allows(acl, server)]).toEqual([server, false]);
    for (const server of allowed) expect([server, allows(acl, server)]).toEqual([server, true]);
    expect(allows({ allow: ['*'], deny: ['*.EVIL.com'] }, 'a.evil.com')).toBe(false);
    expect(allows({ allow: ['good.example:8448'] }, 'good.example:8448')).toBe(false);
  });

  it('50: puts what is denied above what is allowed, and only what is allowed is', () => {
    expect(allows({ allow: ['a.example'], deny: ['a.example'] }, 'a.example')).toBe(false);
    expect(allows({ allow: ['a.example'] }, 'b.example')).toBe(false);
    expect(allows({ allow: ['a.example'] }, 'a.example.b')).toBe(false);
  });

  it('50: refuses IP literals where it says so, and only where it says false', () => {
    for (const server of ['1.2.3.4', '1.2.3.4:8448', '[::1]', '[2001:db8::1]:8448']) {
      expect(allows({ ...open, allow_ip_literals: false }, server)).toBe(false);
      for (const value of [true, 0, null, 'false']) {
        expect(allows({ ...open, allow_ip_literals: value }, server)).toBe(true);
      }
      expect(allows(open, server)).toBe(true);
    }
    for (const server of ['1.2.3.4.example', '1.2.3.400', '1.2.3']) {
      expect(allows({ ...open, allow_ip_literals: false }, server)).toBe(true);
    }
    expect(allows({ allow: ['[2001:*]'] }, '[2001:db8::1]:8448')).toBe(true);
  });

  it('50: passes over what is no text', () => {
    expect(allows({ allow: [7, null, ['*'], '*'], deny: [{}, 1] }, 'a.example')).toBe(true);
  });

  it('50: takes its time with no glob', () => {
    const hostile = `${'*a'.repeat(30_000)}b`;
    const started = performance.now();
    expect(allows({ allow: [hostile] }, `${'a'.repeat(250)}.c`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
