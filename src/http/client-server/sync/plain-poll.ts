/** The URL of a poll that asks for nothing but what came after a token. */
export interface PlainPoll {
  readonly route: string;
  readonly since: string;
  readonly timeout: number;
  readonly useStateAfter: boolean;
  readonly filter: string | undefined;
}

const URL = /^(\/_matrix\/client\/(?:v3|r0)\/sync)\?([\w.=&%~-]+)$/;
const PARAMETERS: Readonly<Record<string, RegExp>> = {
  since: /^s[0-9]{1,15}_[0-9]{1,15}$/,
  timeout: /^[0-9]{1,15}$/,
  use_state_after: /^(?:true|false)$/,
  full_state: /^false$/,
  set_presence: /^[a-z]+$/,
  filter: /^[^\0]+$/,
};

/** What a URL asks for, when there is nothing doubtful about it; null for any other. */
export function readPlainPoll(url: string): PlainPoll | null {
  const match = URL.exec(url);
  if (match === null) return null;
  const given = new Map<string, string>();
  for (const pair of match[2]!.split('&')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const text = decoded(pair.slice(at + 1));
    if (text === null || given.has(name) || !Object.hasOwn(PARAMETERS, name) || !PARAMETERS[name]!.test(text))
      return null;
    given.set(name, text);
  }
  const since = given.get('since');
  if (since === undefined) return null;
  const useStateAfter = given.get('use_state_after') === 'true';
  const timeout = Number(given.get('timeout') ?? 0);
  return { route: match[1]!, since, timeout, useStateAfter, filter: given.get('filter') };
}

function decoded(text: string): string | null {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
