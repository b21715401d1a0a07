/** Renders the operator page and sends it with headers that keep it out of caches, frames and other sites. */
import type { ServerResponse } from 'node:http';
import { createPagePolicy } from '../../responses/page-policy.ts';
import { builtInTemplates, operatorStyle } from '../../responses/templates.ts';

/** Sends a page by the name of its template. */
export type SendPage = (res: ServerResponse, status: number, template: string, data: object) => void;

/**
 * Headers of every response. `same-origin` instead of `no-referrer`: with that, browsers would send the forms of the page with
 * `Origin: null` (Fetch Standard, "append a request Origin header").
 */
const HEADERS = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/** Reads style and templates once. */
export function createSendPage(): SendPage {
  const templates = builtInTemplates();
  const style = `${templates.style}\n${operatorStyle()}`;
  const contentSecurityPolicy = createPagePolicy(style, false)({ framed: false });
  return function sendPage(res, status, template, data) {
    const html = templates.render(template, { style, lang: 'en', dir: 'ltr', ...data });
    res
      .writeHead(status, {
        ...HEADERS,
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': contentSecurityPolicy,
      })
      .end(html);
  };
}

/** Sends the browser to another address of the page, as a new GET. */
export function redirect(res: ServerResponse, location: string, cookie?: string): void {
  res
    .writeHead(303, { ...HEADERS, Location: location, ...(cookie === undefined ? {} : { 'Set-Cookie': cookie }) })
    .end();
}
