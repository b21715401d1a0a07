/** Serves the index page of a front end whose files are published elsewhere; browsers load its assets from there. */
import { type RequestHandler, Router } from 'express';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import { createFetchPage } from './fetch-page.ts';
import { createLocalReferences } from './local-references.ts';
import type { PageCopies } from './page-copies.ts';
import { type ConfiguredPolicy, policyForAssetsBeside, setPolicy } from './page-policy.ts';
import { wantsPage } from './page-request.ts';
import { createRemotePage, type RemotePage } from './remote-page.ts';

export interface RemoteFrontendParts {
  pageCopies: PageCopies;
  log: Logger;
  metrics: Pick<Metrics, 'countIndexPage'>;
  clock: () => number;
}

/** Creates the page of `frontend.url`; undefined without that option. Throws when the file of the CA cannot be read. */
export function createPageOf(config: Config, { pageCopies, ...parts }: RemoteFrontendParts): RemotePage | undefined {
  const { frontend, upstreamClient: client } = config;
  if (frontend?.url === undefined) return undefined;
  const { url, refresh, maxSize, ca } = frontend;
  const fetchPage = createFetchPage({ url, maxSize, ca, client });
  const localReferences = createLocalReferences(config);
  return createRemotePage({ ...parts, url, refresh, maxSize, fetchPage, copy: pageCopies.hold(url), localReferences });
}

/** Seconds after which a browser may ask again for a page that was never loaded. */
const RETRY_AFTER = 5;

/** Serves the copy of the page that was published at `url`. */
export function remoteFrontendHandler(page: RemotePage, url: string, policy: ConfiguredPolicy): RequestHandler {
  const router = Router();
  router.use(setPolicy(policy, policyForAssetsBeside(url)));
  router.use(function sendIndexPage(req, res, next) {
    const isNamed = req.path === '/index.html' && (req.method === 'GET' || req.method === 'HEAD');
    if (!isNamed && !wantsPage(req)) return next();
    const copy = page.latest();
    if (!copy) return next(new GatewayError('frontend_unavailable', { retryAfter: RETRY_AFTER }));
    res.set({ 'Content-Type': copy.contentType, 'Cache-Control': 'no-cache', ETag: copy.etag }).send(copy.body);
  });
  return router;
}
