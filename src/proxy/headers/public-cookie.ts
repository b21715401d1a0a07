/** Maps cookies that an upstream sets to the paths and the host under which browsers reach it. */
import type { RouteConfig } from '../../config/schema/schema.ts';
import { baseUrl, targetUrls } from '../../config/traffic/upstream-targets.ts';
import { createRewrite, type Rewrite } from '../../routing/rewrite.ts';
import { httpUrlOf } from '../../upstream/connect/target-url.ts';

/** A cookie with this prefix is valid only with Path=/ and without Domain (RFC 6265bis section 4.1.3.2). */
const HOST_PREFIX = /^\s*__host-/i;

/** Splits an attribute at the first `=`. */
function attributeOf(text: string): { name: string; value: string } {
  const equals = text.indexOf('=');
  const name = (equals < 0 ? text : text.slice(0, equals)).trim().toLowerCase();
  return { name, value: equals < 0 ? '' : text.slice(equals + 1).trim() };
}

/** Whether a cookie for `domain` is sent to `host` (RFC 6265 section 5.1.3). */
function covers(domain: string, host: string): boolean {
  const plain = domain.replace(/^\./, '').toLowerCase();
  return plain !== '' && (host === plain || host.endsWith(`.${plain}`));
}

/**
 * Creates the mapping of a route. `Domain` of the upstream's own host is removed, so that the cookie is for the public host; of a
 * page any `Domain` is: a site behind the gateway sets no cookie for other hosts. A
 * `Path` at or below the upstream's base path becomes the public path; one above it becomes the public path of the base. Any
 * other `Path` stays, because no request to this route reaches it.
 */
export function createPublicCookie(
  publicUrl: string,
  route: Pick<RouteConfig, 'upstream' | 'stripPrefix'> &
    Partial<Pick<RouteConfig, 'kind' | 'hostHeader' | 'path' | 'rewrite'>>,
) {
  const { pathname } = new URL(baseUrl(route.upstream));
  const hosts = targetUrls(route.upstream).map((url) => new URL(httpUrlOf(url)).hostname);
  const { hostHeader = 'upstream' } = route;
  if (hostHeader !== 'upstream' && hostHeader !== 'public') hosts.push(new URL(`http://${hostHeader}`).hostname);
  const publicHost = new URL(publicUrl).hostname;
  const base = pathname.replace(/\/+$/, '');
  const prefix = route.stripPrefix ?? '';

  const rewrite = createRewrite({ path: route.path ?? '', rewrite: route.rewrite });

  /** As for a base path and a prefix, with the literal segments at the start of the template and of the public path. */
  function rewrittenPath(path: string, { invert, literal }: Rewrite): string {
    const inverted = path.startsWith(`${base}/`) ? invert(path.slice(base.length)) : undefined;
    if (inverted !== undefined) return inverted;
    const isAbove = `${base}${literal.upstream}/`.startsWith(path.endsWith('/') ? path : `${path}/`);
    return isAbove ? literal.public || '/' : path;
  }

  function publicPath(path: string): string {
    if (rewrite) return path.startsWith('/') ? rewrittenPath(path, rewrite) : path;
    if (!path.startsWith('/') || (base === '' && prefix === '')) return path;
    const below = `${path}/`.startsWith(`${base}/`) ? path.slice(base.length) : undefined;
    if (below !== undefined) return prefix + (below === '/' && prefix !== '' ? '' : below) || '/';
    return `${base}/`.startsWith(path.endsWith('/') ? path : `${path}/`) ? prefix || '/' : path;
  }

  return function publicCookie(cookie: string): string {
    const [pair = '', ...attributes] = cookie.split(';');
    if (HOST_PREFIX.test(pair)) return cookie;
    let changed = false;
    const kept = attributes.flatMap((text) => {
      const { name, value } = attributeOf(text);
      const isForeign = hosts.some((host) => covers(value, host)) && !covers(value, publicHost);
      if (name === 'domain' && (isForeign || route.kind === 'page')) {
        changed = true;
        return [];
      }
      if (name !== 'path' || publicPath(value) === value) return [text];
      changed = true;
      return [` Path=${publicPath(value)}`];
    });
    return changed ? [pair, ...kept].join(';') : cookie;
  };
}
