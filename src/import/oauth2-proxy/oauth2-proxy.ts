/** Reads the configuration file of oauth2-proxy: sign-in, upstreams by path, access restrictions, public paths.
 * https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview
 */
import { PUBLIC_ACCESS } from '../draft/access.ts';
import {
  BLOCKED_UPSTREAM,
  createDraft,
  type Decision,
  type Draft,
  type DraftRoute,
  METHODS,
  type Method,
  type Target,
  trustIssuer,
  type Verdict,
} from '../draft/draft.ts';
import { type Pattern, patternsForPrefix, patternsForRegExp } from '../draft/patterns.ts';
import { readAccess } from './access.ts';
import { noteSettings, readSettings, type Settings } from './settings.ts';

interface Upstream extends Pattern {
  target: Target | undefined;
  /** Length of its path; the upstream with the longest path takes precedence. */
  weight: number;
  line: number;
  text: string;
}

/** A path with a trailing slash matches all paths below it, any other path only itself. The path is not stripped. */
function readUpstreams(settings: Settings): Upstream[] {
  return settings.list('upstreams').flatMap((text): Upstream[] => {
    const line = settings.lineOf('upstreams', text);
    const url = URL.parse(text);
    // Upstreams of files and fixed responses have their path after the `#`.
    const path = (url?.hash ? url.hash.slice(1) : url?.pathname) || '/';
    const http = url?.protocol === 'http:' || url?.protocol === 'https:';
    const target: Target | undefined = http ? { upstream: url.origin, upstreamToken: 'none' } : undefined;
    const patterns =
      url && path.endsWith('/') ? patternsForPrefix(path) : patternsForRegExp(`^${path.replaceAll('.', '\\.')}$`);
    return (patterns ?? [{ path: '/**' }]).map((pattern) => ({
      ...pattern,
      target: patterns === undefined ? undefined : target,
      weight: path.length,
      line,
      text,
    }));
  });
}

function addUpstreams(draft: Draft, settings: Settings, upstreams: readonly Upstream[], access: Decision): void {
  for (const { target, weight, line, text, ...pattern } of upstreams) {
    const denied = target === undefined || access === 'denied';
    // `/**` would hide the gateway's endpoints; writeDraft adds that note.
    if (pattern.path !== '/**')
      settings.note(draft, 'upstreams', denied ? 'left out' : 'translated', `upstream ${pattern.path}`, text);
    draft.routes.push({
      ...pattern,
      access: target === undefined ? 'denied' : access,
      target: target ?? { upstream: BLOCKED_UPSTREAM },
      precedence: [1, -weight],
      name: target === undefined ? 'an upstream that is not a server' : text,
      file: settings.file,
      line,
    });
  }
}

const isMethod = (text: string): text is Method => METHODS.some((method) => method === text);

/** Parses `GET=^/health`, or the expression alone; only an anchored literal prefix is supported. A string is the reason. */
function publicPath(entry: string): { methods?: readonly Method[]; pattern: Pattern } | string {
  const [, method, negated, rest] = /^(?:([A-Z]+)(!?)=)?(.*)$/s.exec(entry) ?? [];
  const expression = rest ?? entry;
  if (negated === '!') return 'it excludes a method';
  if (method !== undefined && !isMethod(method)) return `the method ${method} is not supported`;
  if (!expression.startsWith('^/')) return 'it is not anchored at the start of the path';
  const [pattern] = patternsForRegExp(expression) ?? [];
  if (pattern === undefined || pattern.path.includes('/*/')) return 'it is not a literal prefix';
  return { pattern, ...(method === undefined ? {} : { methods: [method] }) };
}

const isWithin = (path: string, of: string) => of === '/**' || path === of || path.startsWith(of.replace(/\*\*$/, ''));

/** Translates an entry to a public route; returns undefined, with a note, when it cannot be translated. */
function publicRoute(
  draft: Draft,
  settings: Settings,
  upstreams: readonly Upstream[],
  name: string,
  entry: string,
): DraftRoute | undefined {
  const note = (verdict: Verdict, text: string) =>
    settings.note(draft, name, verdict, `${name} ${entry}: ${text}`, entry);
  const parsed = publicPath(entry);
  if (typeof parsed === 'string') {
    note('left out', `${parsed}; the path requires sign-in like all others`);
    return undefined;
  }
  const { pattern, methods } = parsed;
  const byPathLength = [...upstreams].sort((a, b) => b.weight - a.weight);
  const target = byPathLength.find(({ path }) => isWithin(pattern.path, path))?.target;
  if (!target) {
    note('left out', 'no upstream has this path');
    return undefined;
  }
  note('translated', `${pattern.path} is public, as in the source`);
  return {
    ...pattern,
    ...(methods === undefined ? {} : { methods }),
    access: PUBLIC_ACCESS,
    target,
    precedence: [0],
    name: `${name} ${entry}`,
    file: settings.file,
    line: settings.lineOf(name, entry),
  };
}

function addPublicPaths(draft: Draft, settings: Settings, upstreams: readonly Upstream[]): void {
  for (const name of ['skip_auth_routes', 'skip_auth_regex'])
    for (const entry of settings.list(name)) {
      const route = publicRoute(draft, settings, upstreams, name, entry);
      if (route) draft.routes.push(route);
    }
}

/** Converts a Go duration; undefined for one with several units. */
function parseDuration(text: string | undefined): string | undefined {
  const [, number, unit] = /^(\d+)(h|m|s)(?:0m)?(?:0s)?$/.exec(text ?? '') ?? [];
  return number === undefined || number === '0' ? undefined : `${number}${unit}`;
}

/** Sets the provider and the session settings. */
function applyProvider(draft: Draft, settings: Settings, issuer: string): void {
  const clientId = settings.text('client_id');
  const scopes = settings
    .text('scope')
    ?.split(/\s+/)
    .filter((scope) => scope !== '');
  draft.provider = {
    issuer,
    ...(clientId === undefined ? {} : { clientId }),
    ...(scopes === undefined ? {} : { scopes: [...new Set(['openid', ...scopes])] }),
  };
  trustIssuer(draft, issuer);
  const redirect = URL.parse(settings.text('redirect_url') ?? '');
  if (redirect?.protocol === 'https:') draft.publicUrl = redirect.origin;
  const prefix = settings.text('proxy_prefix') ?? '/oauth2';
  if (/^(?:\/[A-Za-z0-9_-]+)+$/.test(prefix)) draft.prefix = prefix;
  const absolute = parseDuration(settings.text('cookie_expire'));
  draft.session = {
    ...(absolute === undefined ? {} : { absoluteTimeout: absolute, idleTimeout: absolute }),
    ...(settings.text('session_store_type') === 'redis' || settings.has('redis_connection_url') ? { redis: true } : {}),
  };
}

/** Reads a TOML configuration file. */
export function readOauth2Proxy(file: string, text: string): Draft {
  const settings = readSettings(file, text);
  const draft = createDraft();
  const { issuer, access, why } = readAccess(draft, settings);
  noteSettings(draft, settings);
  if (why !== undefined) settings.note(draft, 'provider', 'left out', `all upstreams are denied: ${why}`);
  if (issuer !== undefined) applyProvider(draft, settings, issuer);
  const upstreams = readUpstreams(settings);
  addUpstreams(draft, settings, upstreams, access);
  if (access !== 'denied') addPublicPaths(draft, settings, upstreams);
  return draft;
}
