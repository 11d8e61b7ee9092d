/** The few plain pages: no script, nothing from outside. */
import { createHash } from 'node:crypto';

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1c2430;background:#fff}
h1{font-size:1.6rem}code{background:#eef1f5;padding:.1em .3em;border-radius:.2em}a{color:#0b5cad}
dt{margin-top:1rem;font-weight:600}dd{margin:0}label{display:block;margin-top:1rem}input{font:inherit;padding:.4em;width:100%;box-sizing:border-box}
button{font:inherit;margin-top:1.5rem;padding:.5em 1.2em}@media(prefers-color-scheme:dark){body{color:#e3e8ef;background:#14181f}code{background:#252c37}a{color:#7db9f5}}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>`;
}

/** Where everything is. */
export function homePage(serverName: string): string {
  return page(
    'Vestibule',
    `<h1>Vestibule on <code>${escaped(serverName)}</code></h1>
<p>A Matrix server that keeps the door: people knock, moderators decide, the log remembers.</p>
<dl>
<dt><a href="/graphql">/graphql</a></dt><dd>Knocks, rooms and their history; in a browser the GraphiQL explorer.</dd>
<dt><a href="/_matrix/client/versions">/_matrix/client</a></dt><dd>The Matrix client-server API; <a href="/openapi.json">its OpenAPI document</a>.</dd>
<dt><a href="/health">/health</a></dt><dd>Whether the parts do their work.</dd>
<dt><a href="/metrics">/metrics</a></dt><dd>Figures for Prometheus.</dd>
</dl>`,
  );
}

/** The form behind the one-time link. */
export function adminForm(problem: string | null): string {
  const complaint = problem === null ? '' : `<p role="alert"><strong>${escaped(problem)}</strong></p>`;
  return page(
    'Become the admin – Vestibule',
    `<h1>Become the admin of this server</h1>${complaint}
<form method="post"><label>User name <input name="username" autocomplete="username" required maxlength="200"></label>
<label>Password <input name="password" type="password" autocomplete="new-password" required maxlength="512"></label>
<button>Make the account</button></form>`,
  );
}

export function adminMade(userId: string): string {
  return page(
    'Welcome – Vestibule',
    `<h1>Welcome</h1><p><code>${escaped(userId)}</code> is an admin of this server. Sign in with a Matrix client, or <code>POST /_matrix/client/v3/login</code>, and use the token in <a href="/graphql">the explorer</a>.</p>`,
  );
}

export function linkGone(): string {
  return page(
    'Vestibule',
    '<h1>This link is no longer good</h1><p>It was used, replaced or has expired. <code>create-user NAME --admin</code> makes an admin too.</p>',
  );
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
