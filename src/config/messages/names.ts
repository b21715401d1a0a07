/** Options that people know by another name: from other products, or from the words of the specifications. */

/** A name without case, hyphens and underscores: `client_id`, `client-id` and `clientID` are one. */
export const plainName = (name: string) => name.replaceAll(/[_-]/g, '').toLowerCase();

/** The option that does what is meant, by the plain form of its other name. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  authority: 'provider.issuer',
  issuerurl: 'provider.issuer',
  issuerbaseurl: 'provider.issuer',
  oidcissuerurl: 'provider.issuer',
  discoveryurl: 'provider.issuer',
  wellknown: 'provider.issuer',
  redirecturi: 'publicUrl: the redirect URI is its /callback',
  redirecturl: 'publicUrl: the redirect URI is its /callback',
  callbackurl: 'publicUrl: the redirect URI is its /callback',
  baseurl: 'publicUrl',
  externalurl: 'publicUrl',
  hostname: 'publicUrl',
  scope: 'provider.scopes',
  upstreams: 'routes, each with a path and an upstream',
  services: 'routes, each with a path and an upstream',
  target: 'upstream, in an entry of routes',
  backend: 'upstream, in an entry of routes',
  proxypass: 'upstream, in an entry of routes',
  uri: 'upstream, in an entry of routes',
  predicates: 'path, in an entry of routes',
  changeorigin: 'hostHeader, in an entry of routes',
  pathrewrite: 'rewrite or stripPrefix, in an entry of routes',
  cookiesecret: 'secrets.keys',
  sessionsecret: 'secrets.keys',
  encryptionkey: 'secrets.keys',
  cookiename: 'session.cookie.name',
  cookiedomains: 'session.cookie.sharedDomain',
  domain: 'session.cookie.sharedDomain',
  cookieexpire: 'session.absoluteTimeout',
  cookierefresh: 'provider.refreshBefore',
  ttl: 'session.absoluteTimeout',
  redisurl: 'session.store.redis.url',
  redisconnectionurl: 'session.store.redis.url',
  trustproxy: 'trustedProxies',
  reverseproxy: 'trustedProxies',
  loglevel: 'log.level',
  httpaddress: 'listen.host and listen.port',
  skipauthroutes: 'a route whose rules have token: none',
  public: 'a route whose rules have token: none',
  allowedgroups: 'groups, in a rule of a route',
  sslcafile: 'provider.ca',
  providercafiles: 'provider.ca',
  cafile: 'provider.ca',
};

/** The option that another name means. */
export function optionOfName(name: string): string | undefined {
  const plain = plainName(name);
  return Object.hasOwn(OTHER_NAMES, plain) ? OTHER_NAMES[plain] : undefined;
}
