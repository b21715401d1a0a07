/** The wiki of the demo: HTML and forms, a cookie of its own, no JavaScript. It knows its user from the headers of the gateway. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

interface WikiPage {
  text: string;
  by: string;
}

const MAX_FORM = 20_000;
const STYLE = `:root{color-scheme:light dark}body{margin:0 auto;max-width:760px;padding:24px;font:17px/1.55 Georgia,'Times New Roman',serif;background:light-dark(#f6f3ee,#171512);color:light-dark(#1d1b16,#ece7dd)}
body.large{font-size:22px}header{display:flex;gap:18px;flex-wrap:wrap;align-items:baseline;border-bottom:1px solid light-dark(#ddd6c9,#3a352c);padding-bottom:12px}header span{margin-left:auto}
h1{font-weight:400}a{color:light-dark(#8a3b12,#f0a274)}textarea,input,button{font:inherit;padding:8px 12px;border-radius:8px;border:1px solid light-dark(#8b8478,#655f53);background:light-dark(#fffdf9,#211e19);color:inherit}
textarea{width:100%;box-sizing:border-box}label{display:block;margin:12px 0 4px}small{color:light-dark(#655f53,#aaa292)}`;

const pages = new Map<string, WikiPage>([
  ['start', { text: 'Welcome to the wiki. Every employee may edit every page.', by: 'the founders' }],
  ['opening-hours', { text: 'The desk is open from 9 to 17 on weekdays.', by: 'the founders' }],
]);

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string) => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** The name of the user. Claim headers are percent-encoded. */
const userOf = ({ headers }: IncomingMessage) => decodeURIComponent(String(headers['x-user-name'] ?? 'unknown user'));

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of req) {
    text += chunk;
    if (text.length > MAX_FORM) throw new Error('too long');
  }
  return new URLSearchParams(text);
}

/** The size of the text is remembered in a cookie of the wiki. */
const hasLargeText = ({ headers }: IncomingMessage) => /(?:^|; )wiki-text=large(?:;|$)/.test(headers.cookie ?? '');

function sendPage(req: IncomingMessage, res: ServerResponse, title: string, body: string, status = 200): void {
  const isLarge = hasLargeText(req);
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body${isLarge ? ' class="large"' : ''}><header><a href="/">Wiki</a><a href="/text?size=${isLarge ? 'normal' : 'large'}">${isLarge ? 'Normal' : 'Large'} text</a><span id="user">${escapeHtml(userOf(req))}</span><a href="/logout">Sign out</a></header>
<main><h1>${escapeHtml(title)}</h1>${body}</main></body></html>`;
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(html);
}

const redirect = (res: ServerResponse, location: string, headers = {}) =>
  void res.writeHead(303, { location, ...headers }).end();

function showIndex(req: IncomingMessage, res: ServerResponse): void {
  const links = [...pages.keys()].map((name) => `<li><a href="/pages/${name}">${name}</a></li>`);
  const form = `<form action="/new"><label for="name">A new page</label><input id="name" name="name" required pattern="[a-z0-9\\-]{1,40}" title="lower-case letters, digits and hyphens"> <button>Write it</button></form>`;
  sendPage(req, res, 'All pages', `<ul>${links.join('')}</ul>${form}`);
}

function showPage(req: IncomingMessage, res: ServerResponse, name: string): void {
  const { text = '', by } = pages.get(name) ?? {};
  const author = by === undefined ? 'Not written yet.' : `Last edited by ${escapeHtml(by)}.`;
  const form = `<form method="post"><label for="text">Edit</label><textarea id="text" name="text" rows="5">${escapeHtml(text)}</textarea><p><button>Save</button></p></form>`;
  sendPage(req, res, name, `<p>${escapeHtml(text)}</p><p><small>${author}</small></p>${form}`);
}

async function respond(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://wiki');
  const [, name] = /^\/pages\/([a-z0-9-]{1,40})$/.exec(pathname) ?? [];
  if (pathname === '/') return showIndex(req, res);
  if (pathname === '/new') return redirect(res, `/pages/${encodeURIComponent(searchParams.get('name') ?? 'start')}`);
  if (pathname === '/text') {
    const size = searchParams.get('size') === 'large' ? 'large' : 'normal';
    return redirect(res, '/', { 'set-cookie': `wiki-text=${size}; Path=/; HttpOnly; SameSite=Lax` });
  }
  if (name === undefined) return sendPage(req, res, 'No such page', '<p><a href="/">All pages</a></p>', 404);
  if (req.method !== 'POST') return showPage(req, res, name);
  pages.set(name, { text: (await readForm(req)).get('text') ?? '', by: userOf(req) });
  redirect(res, `/pages/${name}`);
}

/** Starts the wiki on loopback, where only programs of this machine reach it. */
export async function startWiki(port: number): Promise<Server> {
  const server = createServer((req, res) => {
    respond(req, res).catch(() => res.writeHead(400, { 'content-type': 'text/plain' }).end('not a valid request'));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return server;
}
