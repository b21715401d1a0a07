/** Serves the files of a built single-page app, and its index page for the paths that the app routes itself. */
import { realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import express, { type Request, type RequestHandler, Router } from 'express';
import { isDocumentRequest } from '../policy/navigation.ts';
import { hasContentHash } from './content-hash.ts';

/** Fits a bundled app without inline scripts; `frontend.contentSecurityPolicy` replaces it. */
const DEFAULT_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/** Extensions of assets: a navigation to a missing one is not found, while `/users/john.doe` is a path of the app. */
const ASSET =
  /\.(?:[cm]?js|map|css|html?|json5?|webmanifest|xml|txt|md|ya?ml|csv|wasm|pdf|zip|gz|br|tar|png|jpe?g|gif|svg|webp|avif|ico|bmp|woff2?|ttf|otf|eot|mp[34]|m4[av]|webm|og[agv]|wav)$/i;

const INDEX = 'index.html';

/** Serves `directory`. `policy` is its Content-Security-Policy; false sends none. */
export function frontendHandler(directory: string, policy: string | false | undefined): RequestHandler {
  const router = Router();
  router.use(function setPolicy(_req, res, next) {
    if (policy === false) res.removeHeader('Content-Security-Policy');
    else res.set('Content-Security-Policy', policy ?? DEFAULT_POLICY);
    next();
  });
  const serveFile = express.static(directory, {
    // `isHidden` decides.
    dotfiles: 'allow',
    redirect: false,
    setHeaders(res, path) {
      const immutable = hasContentHash(relative(resolve(directory), path).replaceAll(sep, '/'));
      res.setHeader('Cache-Control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  router.use(async function sendFile(req, res, next) {
    if (!isHidden(req.path) && (await isFileInside(directory, req.path))) serveFile(req, res, next);
    else next();
  });
  router.use(async function sendIndexPage(req, res, next) {
    if (!wantsPage(req) || !(await isFileInside(directory, INDEX))) return next();
    res.set('Cache-Control', 'no-cache').sendFile(INDEX, { root: directory }, (error?: Error) => {
      if (error) next('status' in error && error.status === 404 ? undefined : error);
    });
  });
  return router;
}

const WELL_KNOWN = /^[/\\]+\.well-known(?=[/\\])/;

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Whether a path leads to a name that begins with a dot, other than the folder of well-known addresses (RFC 8615 section 3). */
const isHidden = (path: string) => /[/\\]\./.test(decoded(path).replace(WELL_KNOWN, ''));

/**
 * Whether a path leads to a file of the folder, and not outside it by a symbolic link. The path of a folder, which ends in a
 * slash, stands for its index page.
 */
async function isFileInside(directory: string, path: string): Promise<boolean> {
  try {
    const name = decodeURIComponent(path);
    const root = await realpath(directory);
    const file = await realpath(join(directory, /[/\\]$/.test(name) ? `${name}${INDEX}` : name));
    return file.startsWith(`${root}${sep}`) && (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** Whether the index page is the response. A path that ends like a file name is one of the app only for a document. */
function wantsPage(req: Request): boolean {
  if ((req.method !== 'GET' && req.method !== 'HEAD') || req.accepts(['html', 'json']) !== 'html') return false;
  // A path with a name that begins with a dot is one of a file, or of nothing.
  if (ASSET.test(req.path) || /[/\\]\./.test(decoded(req.path))) return false;
  return !/\.[A-Za-z0-9]{1,8}$/.test(req.path) || isDocumentRequest(req.headers);
}
