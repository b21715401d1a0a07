/** Serves the files of a built single-page app, and its index page for the paths that the app routes itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';
import { reservedPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';

/** Fits a bundled app without inline scripts; `frontend.contentSecurityPolicy` replaces it. */
const DEFAULT_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/** File names with a content hash: the content never changes, so browsers may cache it without revalidation. */
const HASHED_NAME = /[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

/** Files of the app that cannot be served, because an endpoint of the gateway has their path. */
export function hiddenFiles(config: Config): string[] {
  const directory = config.frontend?.directory;
  if (directory === undefined) return [];
  return reservedPaths(config).filter((path) => existsSync(join(directory, path)));
}

/** Serves `directory`. `policy` is its Content-Security-Policy; false sends none. */
export function frontendHandler(directory: string, policy: string | false | undefined): RequestHandler {
  const router = Router();
  router.use(function setPolicy(_req, res, next) {
    if (policy === false) res.removeHeader('Content-Security-Policy');
    else res.set('Content-Security-Policy', policy ?? DEFAULT_POLICY);
    next();
  });
  router.use(
    express.static(directory, {
      dotfiles: 'ignore',
      redirect: false,
      setHeaders(res, path) {
        res.setHeader('Cache-Control', HASHED_NAME.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    }),
  );
  router.use(function sendIndexPage(req, res, next) {
    const navigation = (req.method === 'GET' || req.method === 'HEAD') && req.accepts(['html', 'json']) === 'html';
    if (!navigation || /\.[A-Za-z0-9]{1,8}$/.test(req.path)) return next();
    res.set('Cache-Control', 'no-cache').sendFile('index.html', { root: directory }, (error?: Error) => {
      if (error) next('status' in error && error.status === 404 ? undefined : error);
    });
  });
  return router;
}
