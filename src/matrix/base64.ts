// Unpadded base64: written in the standard alphabet without padding; read in either alphabet, padded or not.

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Standard alphabet, no padding (appendices, Unpadded Base64). */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64').replace(/=+$/, '');
}

/** The bytes of a base64 text, standard or URL-safe, padded or not; null when it is no such text. */
export function fromBase64(text: string): Buffer | null {
  if (!BASE64.test(text)) return null;
  const isWhole = text.endsWith('=') ? text.length % 4 === 0 : text.length % 4 !== 1;
  return isWhole ? Buffer.from(text, 'base64') : null;
}
