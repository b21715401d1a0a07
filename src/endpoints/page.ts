/** Sends a rendered page with the policy that fits it. */
import type { Response } from 'express';
import type { RenderedPage } from '../pages/pages.ts';

/** Answers with the page; the status that was set before stays. */
export function sendPage(res: Response, { html, contentSecurityPolicy }: RenderedPage): void {
  res.set('Content-Security-Policy', contentSecurityPolicy).type('text/html; charset=utf-8').send(html);
}
