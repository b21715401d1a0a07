/** A site without JavaScript that knows nothing of the gateway: links, a form, a cookie of its own, its user from a header. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

export interface LegacySite {
  url: string;
  /** All received requests in order. */
  requests: { path: string; headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

async function noteIn(req: IncomingMessage): Promise<string> {
  let form = '';
  for await (const chunk of req) form += chunk;
  return new URLSearchParams(form).get('note') ?? '';
}

const pageOf = ({ headers }: IncomingMessage, notes: string[]) =>
  `<!doctype html><title>wiki</title><h1 id="user">${headers['x-user']}</h1><ul>${notes.map((note) => `<li>${encodeURIComponent(note)}</li>`).join('')}</ul>
<form method="post" action="/notes"><input name="note"><button>Save</button></form>`;

/** Starts the site: every path is its page, and a POST adds a note and redirects to the page, as such sites do. */
export async function startLegacySite(): Promise<LegacySite> {
  const requests: LegacySite['requests'] = [];
  const notes: string[] = [];
  const server = createServer((req, res) => {
    requests.push({ path: req.url ?? '', headers: req.headers });
    if (req.method !== 'POST') {
      const headers = { 'content-type': 'text/html', 'set-cookie': 'wiki-layout=wide; HttpOnly' };
      res.writeHead(200, headers).end(pageOf(req, notes));
      return;
    }
    noteIn(req).then(
      (note) => {
        notes.push(note);
        // Absolute, of the host that the site was asked by.
        res.writeHead(302, { location: `http://${req.headers.host}/notes` }).end();
      },
      () => res.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
