/** Serves the built single-page app: files as they are, and its index page for the addresses that it routes itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';

/** Fits a bundled app without inline script; an app that needs more says so in the configuration. */
const DEFAULT_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/** Names with a content hash never change their content, so they may be kept for good. */
const HASHED = /[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

/** Files of the app that nobody gets to see, because an endpoint of the gateway has their address. */
export function hiddenFiles({ endpoints, frontend }: Pick<Config, 'endpoints' | 'frontend'>): string[] {
  const directory = frontend?.directory;
  if (directory === undefined) return [];
  return Object.values(endpointPaths(endpoints)).filter((path) => existsSync(join(directory, path)));
}

/** Serves `directory`. `policy` is its Content-Security-Policy; false sends none. */
export function frontendHandler(directory: string, policy: string | false | undefined): RequestHandler {
  const router = Router();
  router.use(function contentPolicy(_req, res, next) {
    if (policy === false) res.removeHeader('Content-Security-Policy');
    else res.set('Content-Security-Policy', policy ?? DEFAULT_POLICY);
    next();
  });
  router.use(
    express.static(directory, {
      dotfiles: 'ignore',
      redirect: false,
      setHeaders(res, path) {
        res.setHeader('Cache-Control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    }),
  );
  router.use(function appPage(req, res, next) {
    const navigation = (req.method === 'GET' || req.method === 'HEAD') && req.accepts(['html', 'json']) === 'html';
    if (!navigation || /\.[A-Za-z0-9]{1,8}$/.test(req.path)) return next();
    res.set('Cache-Control', 'no-cache').sendFile('index.html', { root: directory }, (error?: Error) => {
      if (error) next('status' in error && error.status === 404 ? undefined : error);
    });
  });
  return router;
}
