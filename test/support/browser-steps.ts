/** Determines the next automatic request of the test browser: redirects, meta refresh, and self-submitting forms. */
import type { BrowserResponse } from './browser-http.ts';

/** A request that the browser is about to send. */
export interface Step {
  url: URL;
  method: string;
  body?: string | Uint8Array | undefined;
  headers: Record<string, string>;
}

const decode = (text: string) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

const attribute = (tag: string, name: string) =>
  decode(new RegExp(`\\s${name}\\s*=\\s*"([^"]*)"`, 'i').exec(tag)?.[1] ?? '');

function refreshTarget(hop: BrowserResponse & { url: URL }): string | undefined {
  const meta = [...hop.body.matchAll(/<meta\b[^>]*>/gi)].find(([tag]) => /http-equiv\s*=\s*"?refresh/i.test(tag));
  const content = meta ? attribute(meta[0], 'content') : (hop.headers.refresh ?? '');
  return /^\s*\d+\s*[;,]\s*url\s*=\s*(.+)$/i.exec(String(content))?.[1]?.trim();
}

function submittedForm(hop: BrowserResponse & { url: URL }): Step | undefined {
  if (!/onload="document\.forms\[0\]\.submit\(\)"/.test(hop.body)) return undefined;
  const form = /<form\b[^>]*>/i.exec(hop.body)?.[0] ?? '';
  const fields = [...hop.body.matchAll(/<input\b[^>]*>/gi)].map(([tag]): [string, string] => [
    attribute(tag, 'name'),
    attribute(tag, 'value'),
  ]);
  const url = new URL(attribute(form, 'action'), hop.url);
  return { url, method: 'POST', body: new URLSearchParams(fields).toString(), headers: {} };
}

/** The next request, if the response causes one. `fresh`: it starts a new redirect chain with the page as initiator. */
export function nextStep(hop: BrowserResponse & { url: URL; method: string }): (Step & { fresh: boolean }) | undefined {
  const { location } = hop.headers;
  if (hop.status >= 300 && hop.status < 400 && location !== undefined) {
    // Fetch 4.4: 303 always becomes GET, and so does a POST at 301 and 302.
    const keepsMethod = hop.status === 307 || hop.status === 308;
    return { url: new URL(location, hop.url), method: keepsMethod ? hop.method : 'GET', headers: {}, fresh: false };
  }
  if (!String(hop.headers['content-type']).startsWith('text/html')) return undefined;
  const target = refreshTarget(hop);
  if (target !== undefined) return { url: new URL(decode(target), hop.url), method: 'GET', headers: {}, fresh: true };
  const form = submittedForm(hop);
  return form && { ...form, fresh: true };
}
