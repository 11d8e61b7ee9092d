// Unpadded base64: written without padding, read with or without, and refused when it is not base64 at all.

const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard alphabet, no padding (appendices, Unpadded Base64). */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64').replace(/=+$/, '');
}

/** The bytes of a standard base64 text, padded or not; null when it is no such text. */
export function fromBase64(text: string): Buffer | null {
  return STANDARD.test(text) && text.replace(/=+$/, '').length % 4 !== 1 ? Buffer.from(text, 'base64') : null;
}
