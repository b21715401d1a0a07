/** The pages of the development provider: the choice of a user, sign-out, errors. Plain HTML without a script. */
import { createHash } from 'node:crypto';
import type { ProviderResponse } from './http.ts';
import type { DevelopmentUser } from './options.ts';

const STYLE = `:root{color-scheme:light dark;--bg:#f4f5f7;--fg:#16191d;--card:#fff;--line:#8a919c;--soft:#555c66;--accent:#0b57a4;--note:#fff4d6}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e9ecf0;--card:#1e2329;--line:#717a86;--soft:#aab2bd;--accent:#8cc2ff;--note:#3a2f10}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif;padding:24px}
main{width:100%;max-width:440px;overflow-wrap:anywhere}h1{font-size:24px;margin:0 0 4px}p{color:var(--soft);margin:0 0 20px}
ul{list-style:none;margin:0;padding:0}li{margin:0 0 10px}
button{width:100%;padding:12px 16px;border:1px solid var(--line);border-radius:8px;background:var(--card);color:inherit;font:inherit;text-align:start;cursor:pointer}
button:hover{border-color:var(--accent)}button:focus-visible,a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.hinted{border:2px solid var(--accent)}strong,small{display:block}small{color:var(--soft);font-size:14px}a{color:var(--accent)}
.note{background:var(--note);color:var(--fg);border-radius:8px;padding:10px 14px;font-size:14px;margin:20px 0 0}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** No `form-action`: Chromium applies it to the redirects after the form as well, which lead to the application. */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'`;

const NOTE =
  '<p class="note">This is a development provider: it has no passwords, listens on this machine only and forgets everything when it stops.</p>';

/** Text as it may stand in HTML, in an attribute as well. */
export const escapeHtml = (raw: string) =>
  raw
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');

/** Creates a page from a title and its content as HTML. */
export const page = (title: string, content: string, status = 200, cookie?: string): ProviderResponse => ({
  status,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    'cache-control': 'no-store',
    ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
  },
  body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · development provider</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>${content}${NOTE}</main></body></html>`,
});

/** A page that says what is wrong with a request, for the developer. */
export const errorPage = (message: string, status = 400): ProviderResponse =>
  page('This request is not valid', `<p>${escapeHtml(message)}</p>`, status);

const list = (label: string, values: readonly string[] = []) =>
  values.length === 0 ? '' : `<small>${label}: ${escapeHtml(values.join(', '))}</small>`;

/** Whether a `login_hint` names this user. */
export const isHinted = ({ sub, email }: DevelopmentUser, hint: string | undefined) =>
  hint !== undefined && (hint === sub || hint.toLowerCase() === email?.toLowerCase());

function button(user: DevelopmentUser, hint: string | undefined): string {
  const { sub, name = sub, email, roles, groups } = user;
  const emphasis = isHinted(user, hint) ? ' class="hinted" autofocus' : '';
  const details = [
    email === undefined ? '' : `<small>${escapeHtml(email)}</small>`,
    list('roles', roles),
    list('groups', groups),
  ];
  return `<li><button name="user" value="${escapeHtml(sub)}"${emphasis}><strong>${escapeHtml(name)}</strong>${details.join('')}</button></li>`;
}

/** The page on which a user is chosen. `id` identifies the request that waits for the choice. */
export function choicePage(
  id: string,
  users: readonly DevelopmentUser[],
  { application, hint }: { application: string; hint: string | undefined },
): ProviderResponse {
  const ordered = users.toSorted((a, b) => Number(isHinted(b, hint)) - Number(isHinted(a, hint)));
  const fields = `<input type="hidden" name="request" value="${escapeHtml(id)}">`;
  const buttons = ordered.map((user) => button(user, hint)).join('');
  const cancel = '<li><button name="cancel" value="1">Cancel</button></li>';
  return page(
    'Choose a user',
    `<p>to sign in at ${escapeHtml(application)}</p><form method="post" action="/choose">${fields}<ul>${buttons}${cancel}</ul></form>`,
  );
}

/** The page that asks before a sign-out that no ID token proves (RP-Initiated Logout section 2). `params` are repeated. */
export function confirmPage(params: URLSearchParams, nonce: string): ProviderResponse {
  const fields = [...params, ['confirm', nonce] as const]
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('');
  return page(
    'Sign out?',
    `<p>An application asks to end your session at this provider.</p><form method="post" action="/end-session">${fields}<button>Sign out</button></form>`,
  );
}
