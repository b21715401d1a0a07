/** Responses of endpoints: JSON, redirects and pages. */
import type { Response } from 'express';
import { GATEWAY_HEADER, OK } from '../../client/gateway-header.ts';
import type { PageData, PageName, Pages } from '../../responses/pages.ts';

/** Sends JSON, marked as a response of the gateway. */
export function sendJson(res: Response, body: Record<string, unknown>): void {
  res.set({ 'X-Content-Type-Options': 'nosniff', [GATEWAY_HEADER]: OK }).json(body);
}

/** Redirects without the body that Express adds: the location may hold a token (`id_token_hint`), a body must not. */
export function redirect(res: Response, location: string): void {
  res.status(303).location(location).end();
}

/** Sends a page in the language of the browser, with its policy; keeps a status that was set before. */
export function sendPage<Name extends PageName>(res: Response, pages: Pages, name: Name, data: PageData[Name]): void {
  const { html, contentSecurityPolicy, language } = pages.render(name, data, res.req.get('accept-language'));
  res
    .vary('Accept-Language')
    .set({ 'Content-Security-Policy': contentSecurityPolicy, 'Content-Language': language })
    .type('text/html; charset=utf-8')
    .send(html);
}
