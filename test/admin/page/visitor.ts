/** A browser of an operator at the private listener, without script: cookies, forms and the headers that browsers add. */
import assert from 'node:assert/strict';

export const SECRET = 'an administrator knows this secret of 48 characters';

export interface Shown {
  status: number;
  headers: Headers;
  html: string;
}

/** Fields of a form; `token` is added from the page. */
type Fields = Readonly<Record<string, string>>;

export interface Visitor {
  get(query?: string): Promise<Shown>;
  /** Sends a form of the page that was shown last, and follows the redirect. Headers replace those of a browser. */
  send(fields: Fields, options?: { query?: string; headers?: Fields }): Promise<Shown>;
  signIn(secret?: string): Promise<Shown>;
  readonly cookie: () => string;
}

/** Creates a visitor of the listener at this URL. */
export function createVisitor(base: string): Visitor {
  let cookie = '';
  let formToken = '';

  async function ask(url: URL, init: RequestInit): Promise<Shown> {
    const response = await fetch(url, { ...init, redirect: 'manual' });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) cookie = set.split(';')[0] ?? '';
    const location = response.headers.get('location');
    if (response.status === 303 && location !== null) return ask(new URL(location, url), { headers: { cookie } });
    const html = await response.text();
    formToken = /name="token" value="([^"]+)"/.exec(html)?.[1] ?? formToken;
    return { status: response.status, headers: response.headers, html };
  }

  const visitor: Visitor = {
    cookie: () => cookie,
    get: (query = '') => ask(new URL(`/operator/${query}`, base), { headers: { cookie } }),
    send: (fields, { query = '', headers = {} } = {}) =>
      ask(new URL(`/operator/${query}`, base), {
        method: 'POST',
        headers: { cookie, origin: base, 'sec-fetch-site': 'same-origin', ...headers },
        body: new URLSearchParams({ token: formToken, ...fields }),
      }),
    signIn: (secret = SECRET) => visitor.send({ do: 'sign-in', secret }),
  };
  return visitor;
}

/** A visitor who has signed in. */
export async function signedInVisitor(base: string): Promise<Visitor> {
  const visitor = createVisitor(base);
  const shown = await visitor.signIn();
  assert.equal(shown.status, 200);
  assert.match(shown.html, /Sign out/);
  return visitor;
}
