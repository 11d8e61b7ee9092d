/** The bytes of an answer, as many as are wanted. */
import type { Dispatcher } from 'undici';

export type Headers = Dispatcher.ResponseData['headers'];

/** The whole body; null, and the connection cut, when it is larger than allowed. */
export async function readBody(
  body: Dispatcher.ResponseData['body'],
  headers: Headers,
  maxBytes: number,
): Promise<Buffer | null> {
  // Whoever drops a body has to hear of its end.
  body.on('error', () => undefined);
  const chunks: Buffer[] = [];
  let size = Number(headers['content-length'] ?? 0) > maxBytes ? Infinity : 0;
  if (size <= maxBytes) {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) break;
      chunks.push(chunk);
    }
  }
  if (size <= maxBytes) return Buffer.concat(chunks);
  body.destroy();
  return null;
}
