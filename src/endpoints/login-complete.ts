/** The same-origin hop after a login: a page that goes on by itself to where the user wanted to be. */
import type { RequestHandler } from 'express';
import { circularPaths } from '../config/endpoints.ts';
import type { Config } from '../config/schema.ts';
import type { Pages } from '../pages/pages.ts';
import { safeReturnPath } from '../policy/return-url.ts';
import { exchangeOf } from './context.ts';
import { sendPage } from './page.ts';

/** `GET /login/complete?to=/path`; the path is judged again, since anyone can write this link. */
export function loginCompleteEndpoint({ config, pages }: { config: Config; pages: Pages }): RequestHandler {
  const endpoints = circularPaths(config.endpoints);
  return function loginComplete(req, res) {
    const to = safeReturnPath(
      new URLSearchParams(exchangeOf(req).target.query).get('to') ?? '/',
      config.publicUrl,
      endpoints,
    );
    sendPage(res, pages.render('hop', { to }));
  };
}
