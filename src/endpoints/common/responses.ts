/** Responses of endpoints: JSON, redirects and pages. */
import type { Response } from 'express';
import { GATEWAY_HEADER, OK } from '../../client/gateway-header.ts';
import type { RenderedPage } from '../../responses/pages.ts';

/** Sends JSON, marked as a response of the gateway. */
export function sendJson(res: Response, body: Record<string, unknown>): void {
  res.set({ 'X-Content-Type-Options': 'nosniff', [GATEWAY_HEADER]: OK }).json(body);
}

/** Redirects without the body that Express adds: the location may hold a token (`id_token_hint`), a body must not. */
export function redirect(res: Response, location: string): void {
  res.status(303).location(location).end();
}

/** Sends a page with its policy; keeps a status that was set before. */
export function sendPage(res: Response, { html, contentSecurityPolicy }: RenderedPage): void {
  res.set('Content-Security-Policy', contentSecurityPolicy).type('text/html; charset=utf-8').send(html);
}
