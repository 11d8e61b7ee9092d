/** Request targets of the federation API, with their parts percent-encoded. */

const PREFIX = '/_matrix/federation';

/** A target with its parts encoded; one that begins with a slash stands under the federation API. */
export function path(texts: TemplateStringsArray, ...parts: readonly string[]): string {
  const target = String.raw({ raw: texts }, ...parts.map(percentEncoded));
  return target.startsWith('/') ? `${PREFIX}${target}` : target;
}

/** A path with a query behind it, if there is anything to ask. Pairs come encoded. */
export function withQuery(target: string, pairs: readonly string[]): string {
  return pairs.length === 0 ? target : `${target}?${pairs.join('&')}`;
}

/** As a part of a request: nothing when there is none. */
export function signalOf(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Also what proxies are known to encode on the way, which would break the signature. */
function percentEncoded(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
