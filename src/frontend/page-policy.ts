/** The Content-Security-Policy of the pages of a front end. */
import type { RequestHandler } from 'express';

/** The policy as configured; false sends none, undefined stands for the default. */
export type ConfiguredPolicy = string | false | undefined;

/** Fits a bundled app without inline scripts; `frontend.contentSecurityPolicy` replaces it. */
const DEFAULT_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/**
 * The folder of a URL as a source of a policy (CSP Level 3 section 2.3.1). A folder, and not the origin: object stores serve the
 * files of all their customers from one origin. `;` and `,` would end the source.
 */
function folderOf(url: string): string {
  const { origin, pathname } = new URL(url);
  const folder = pathname.slice(0, pathname.lastIndexOf('/') + 1);
  return origin + folder.replaceAll(';', '%3B').replaceAll(',', '%2C');
}

/** The default for an index page that loads its assets from where it was published. */
export function policyForAssetsBeside(url: string): string {
  const folder = folderOf(url);
  return `default-src 'self'; script-src 'self' ${folder}; style-src 'self' 'unsafe-inline' ${folder}; img-src 'self' data: ${folder}; font-src 'self' ${folder}; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'`;
}

/** Sets the policy on every response of the front end. */
export const setPolicy = (policy: ConfiguredPolicy, byDefault = DEFAULT_POLICY): RequestHandler =>
  function setPolicy(_req, res, next) {
    if (policy === false) res.removeHeader('Content-Security-Policy');
    else res.set('Content-Security-Policy', policy ?? byDefault);
    next();
  };
