/** The configuration file of oauth2-proxy: sign-in, upstreams by path, who may pass, and what is open.
 * https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview
 */
import { PUBLIC_ACCESS } from '../draft/access.ts';
import {
  BLOCKED_UPSTREAM,
  createDraft,
  type Decision,
  type Draft,
  METHODS,
  type Method,
  type Target,
  trustIssuer,
} from '../draft/draft.ts';
import { type Pattern, patternsForPrefix, patternsForRegExp } from '../draft/patterns.ts';
import { readAccess } from './access.ts';
import { noteSettings, readSettings, type Settings } from './settings.ts';

interface Upstream extends Pattern {
  target: Target | undefined;
  /** Length of its path: the longer one decides. */
  weight: number;
  line: number;
  text: string;
}

/** Paths that end in a slash take what is below them, others only themselves. The path is not taken away. */
function readUpstreams(settings: Settings): Upstream[] {
  return settings.list('upstreams').flatMap((text): Upstream[] => {
    const line = settings.lineOf('upstreams', text);
    const url = URL.parse(text);
    // Files and fixed answers have their path behind the #.
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
    // One for everything would hide the gateway's own endpoints, which is told when it is written.
    if (pattern.path !== '/**')
      settings.note(draft, 'upstreams', denied ? 'left out' : 'translated', `upstream ${pattern.path}`, text);
    draft.routes.push({
      ...pattern,
      access: target === undefined ? 'denied' : access,
      target: target ?? { upstream: BLOCKED_UPSTREAM },
      precedence: [1, -weight],
      name: target === undefined ? 'an upstream that is no server' : text,
      file: settings.file,
      line,
    });
  }
}

const isMethod = (text: string): text is Method => METHODS.some((method) => method === text);

/** `GET=^/health`, or the expression alone. Only a literal prefix that is anchored is taken. */
function publicPath(entry: string): { methods?: readonly Method[]; pattern: Pattern } | string {
  const [, method, negated, rest] = /^(?:([A-Z]+)(!?)=)?(.*)$/s.exec(entry) ?? [];
  const expression = rest ?? entry;
  if (negated === '!') return 'every method but one';
  if (method !== undefined && !isMethod(method)) return `the method ${method}`;
  if (!expression.startsWith('^/')) return 'it is not anchored at the start of the path';
  const [pattern] = patternsForRegExp(expression) ?? [];
  if (pattern === undefined || pattern.path.includes('/*/')) return 'it is no literal prefix';
  return { pattern, ...(method === undefined ? {} : { methods: [method] }) };
}

const isWithin = (path: string, of: string) => of === '/**' || path === of || path.startsWith(of.replace(/\*\*$/, ''));

function addPublicPaths(draft: Draft, settings: Settings, upstreams: readonly Upstream[]): void {
  for (const name of ['skip_auth_routes', 'skip_auth_regex'])
    for (const entry of settings.list(name)) {
      const open = publicPath(entry);
      if (typeof open === 'string') {
        settings.note(
          draft,
          name,
          'left out',
          `${name} ${entry}: ${open}, so it asks for a sign-in like everything else`,
          entry,
        );
        continue;
      }
      const best = [...upstreams]
        .sort((a, b) => b.weight - a.weight)
        .find((one) => isWithin(open.pattern.path, one.path));
      if (!best?.target) {
        settings.note(draft, name, 'left out', `${name} ${entry}: no upstream has this path`, entry);
        continue;
      }
      settings.note(
        draft,
        name,
        'translated',
        `${name} ${entry}: ${open.pattern.path} is open to everybody, as in the source`,
        entry,
      );
      draft.routes.push({
        ...open.pattern,
        ...(open.methods === undefined ? {} : { methods: open.methods }),
        access: PUBLIC_ACCESS,
        target: best.target,
        precedence: [0],
        name: `${name} ${entry}`,
        file: settings.file,
        line: settings.lineOf(name, entry),
      });
    }
}

/** A duration of Go in the units of the gateway; undefined for one with several units. */
function parseDuration(text: string | undefined): string | undefined {
  const [, number, unit] = /^(\d+)(h|m|s)(?:0m)?(?:0s)?$/.exec(text ?? '') ?? [];
  return number === undefined || number === '0' ? undefined : `${number}${unit}`;
}

/** The sign-in and the sessions. */
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

/** Reads a configuration file in TOML. */
export function readOauth2Proxy(file: string, text: string): Draft {
  const settings = readSettings(file, text);
  const draft = createDraft();
  const { issuer, access, why } = readAccess(draft, settings);
  noteSettings(draft, settings);
  if (why !== undefined) settings.note(draft, 'provider', 'left out', `every upstream is denied, since ${why}`);
  if (issuer !== undefined) applyProvider(draft, settings, issuer);
  const upstreams = readUpstreams(settings);
  addUpstreams(draft, settings, upstreams, access);
  if (access !== 'denied') addPublicPaths(draft, settings, upstreams);
  return draft;
}
