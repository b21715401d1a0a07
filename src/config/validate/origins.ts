/** Checks of the further origins of an app, of their routes, and of the cookie that they share. */
import { isIP } from 'node:net';
import { normalizeAuthority } from '../../base/authority.ts';
import { isLoopbackHost } from '../../base/loopback.ts';
import { hasUpstream, isAtPublicUrl, originsOf } from '../schema/asked-routes.ts';
import type { Config } from '../schema/schema.ts';
import type { Finding } from './faults.ts';
import { isPublicSuffix } from './public-suffix.ts';

const SHARED_DOMAIN = ['session', 'cookie', 'sharedDomain'];

const hostnameOf = (origin: string) => new URL(origin).hostname;

/** Whether a host is a domain or lies below it. */
export const isBelowDomain = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

/** Findings about one entry of `origins`. */
function originFindings(config: Config, origin: string, index: number): Finding[] {
  const path = ['origins', index];
  const { publicUrl, origins, allowedHosts, development, routes, session } = config;
  const { protocol, host, hostname } = new URL(origin);
  const scheme = protocol.slice(0, -1);
  const named = allowedHosts.some((name) => normalizeAuthority(name, scheme) === host);
  const isPlain = protocol === 'http:' && !(development.allowInsecureHttp && isLoopbackHost(hostname));
  const isShared = session.cookie.sharedDomain !== undefined || hostname === hostnameOf(publicUrl);
  return [
    ...(origin === publicUrl || origins.indexOf(origin) !== index ? [{ path, message: 'is an origin twice' }] : []),
    ...(named ? [{ path, message: 'its host is in allowedHosts, which leads to publicUrl' }] : []),
    ...(isPlain ? [{ path, message: 'plain HTTP is allowed only on loopback, for development' }] : []),
    ...(routes.some((route) => route.origin === origin)
      ? []
      : [{ path, message: 'no route has this origin: every request would be refused' }]),
    ...(isShared
      ? []
      : [
          {
            path,
            message: 'gets no session cookie: that of publicUrl belongs to its host',
            hint: 'make it an app of its own in apps, or set session.cookie.sharedDomain',
          },
        ]),
  ];
}

/** Findings about the origins of the routes. */
function routeFindings(config: Config): Finding[] {
  return config.routes.flatMap((route, index): Finding[] => {
    const at = ['routes', index];
    if (isAtPublicUrl(route, config)) return [];
    if (!config.origins.includes(route.origin ?? ''))
      return [{ path: [...at, 'origin'], message: 'is neither publicUrl nor an entry of origins' }];
    const message = 'only forward authentication asks about another origin than publicUrl';
    return hasUpstream(route)
      ? [{ path: [...at, 'upstream'], message, hint: 'set it to none: the front proxy has the upstream' }]
      : [];
  });
}

/** Why browsers or people must not share the cookie among all hosts of a domain; undefined if they may. */
function domainFault(config: Config, domain: string): Omit<Finding, 'path'> | undefined {
  const origins = originsOf(config);
  const outside = origins.find((origin) => !isBelowDomain(hostnameOf(origin), domain));
  if (isIP(domain) !== 0) return { message: 'is an IP address: browsers accept no cookie for it' };
  if (isPublicSuffix(domain)) return { message: 'is a public suffix: hosts of other people lie below it' };
  if (outside !== undefined) return { message: `is no parent of ${outside}: the cookie would not get there` };
  if (origins.some((origin) => origin.startsWith('http:')))
    return { message: 'needs https: the cookie is a Secure one, also at every entry of origins' };
  if (config.origins.length === 0)
    return { message: 'has no effect without origins', hint: 'remove it: the cookie of one host is safer' };
  return undefined;
}

/** Findings about the further origins of an app. */
export function furtherOriginFindings(config: Config): Finding[] {
  const { origins, forwardAuth, session, app } = config;
  const { sharedDomain } = session.cookie;
  const fault = sharedDomain === undefined ? undefined : domainFault(config, sharedDomain);
  return [
    ...(origins.length > 0 && !forwardAuth
      ? [{ path: ['origins'], message: 'needs forwardAuth: nothing else asks about them', hint: 'set forwardAuth' }]
      : []),
    ...(origins.length > 0 && app.path !== ''
      ? [{ path: ['origins'], message: 'an app with a path has the origin of publicUrl only' }]
      : []),
    ...origins.flatMap((origin, index) => originFindings(config, origin, index)),
    ...routeFindings(config),
    ...(fault === undefined ? [] : [{ path: SHARED_DOMAIN, ...fault }]),
  ];
}
