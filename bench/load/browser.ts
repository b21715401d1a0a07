/** Request headers of a browser, and a sign-in that follows redirects. */
import { get, type IncomingHttpHeaders } from 'node:http';
import { get as getOverTls } from 'node:https';

/** Typical headers of `fetch()` in a page, and the CSRF header of the gateway; the same for every contender. */
export const HEADERS: Readonly<Record<string, string>> = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  Accept: 'application/json, text/plain, */*',
  'Accept-Language': 'en-GB,en;q=0.9',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  Referer: 'http://127.0.0.1/app',
  'sec-ch-ua': '"Chromium";v="141", "Not?A_Brand";v="8"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
  'Sec-Fetch-Dest': 'empty',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Site': 'same-origin',
  'X-CSRF': '1',
};

function send(url: string, headers: Record<string, string>) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const request = (url.startsWith('https:') ? getOverTls : get)(url, { headers, agent: false }, (res) => {
      res.resume();
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers }));
    });
    request.on('error', reject);
  });
}

function storeCookies(jar: Map<string, string>, setCookie: readonly string[]): void {
  for (const line of setCookie) {
    const [pair = '', ...attributes] = line.split(';');
    const equals = pair.indexOf('=');
    const deleted = attributes.some((attribute) => /max-age=0|expires=.*1970/i.test(attribute));
    if (deleted || pair.length === equals + 1) jar.delete(pair.slice(0, equals));
    else jar.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
}

/** Follows the redirects of a sign-in; returns the resulting `Cookie` header. */
export async function signIn(start: string): Promise<string> {
  const jars = new Map<string, Map<string, string>>();
  let url = start;
  for (let hop = 0; hop < 12; hop += 1) {
    const { host } = new URL(url);
    const jar = jars.get(host) ?? new Map<string, string>();
    jars.set(host, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const response = await send(url, { ...navigation, ...(cookie === '' ? {} : { cookie }) });
    storeCookies(jar, response.headers['set-cookie'] ?? []);
    const { location } = response.headers;
    if (location === undefined || response.status < 300 || response.status > 399)
      return [...(jars.get(new URL(start).host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
    url = new URL(location, url).href;
  }
  throw new Error(`too many redirects in the sign-in at ${start}`);
}
