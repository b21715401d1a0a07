/** Tells the user of a frame of another site why it shows nothing; the browser alone would show an empty frame. */
import type { RequestHandler } from 'express';
import type { Pages } from '../../responses/pages.ts';
import { sendPage } from './responses.ts';

const FRAMES = new Set(['iframe', 'frame', 'embed', 'object']);

/** Responds to the navigation of a frame of another origin with a page that may be framed: it only links to the application. */
export function explainFrames(pages: Pages): RequestHandler {
  return function explainFrames(req, res, next) {
    const site = req.get('sec-fetch-site');
    const isForeign = site === 'cross-site' || site === 'same-site';
    if (!isForeign || req.get('sec-fetch-mode') !== 'navigate' || !FRAMES.has(req.get('sec-fetch-dest') ?? ''))
      return next();
    res.removeHeader('X-Frame-Options');
    sendPage(res.status(403), pages, 'framed', {});
  };
}
