/** Serves the files of a built single-page app, and its index page for the paths that the app routes itself. */
import { realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import express, { type RequestHandler, Router } from 'express';
import { hasContentHash } from './content-hash.ts';
import { type ConfiguredPolicy, setPolicy } from './page-policy.ts';
import { decoded, wantsPage } from './page-request.ts';

const INDEX = 'index.html';

/** Serves `directory`. `policy` is its Content-Security-Policy; false sends none. */
export function frontendHandler(directory: string, policy: ConfiguredPolicy): RequestHandler {
  const router = Router();
  router.use(setPolicy(policy));
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
