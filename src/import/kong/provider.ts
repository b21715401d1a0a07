/** The provider, sessions and further settings of Kong's `openid-connect`, and a line on every plugin. */
import { productOf } from '../../oidc/products/registry.ts';
import {
  type Draft,
  type DraftProvider,
  limitTolerance,
  type Target,
  trustIssuer,
  type Verdict,
} from '../draft/draft.ts';
import { issuerFromMetadataUrl, normalizeIssuer } from '../draft/issuer.ts';
import { type Item, textList } from '../draft/yaml-tree.ts';
import { authMethods, unsupportedOption } from './oidc.ts';
import { isHarmless, type Plugin } from './plugins.ts';

/** Whether a plugin signs people in. */
export const isSignIn = ({ name }: Plugin): boolean => name === 'openid-connect';

/** The issuer of a plugin, whose option may name its metadata document instead. Undefined when the file does not hold it. */
export function issuerOf(config: Item): string | undefined {
  const text = config.get('issuer')?.text();
  if (text === undefined || config.get('using_pseudo_issuer')?.scalar() === true) return undefined;
  const issuer = /\.well-known\//.test(text) ? issuerFromMetadataUrl(text) : normalizeIssuer(text);
  return issuer !== undefined && URL.parse(issuer)?.protocol === 'https:' ? issuer : undefined;
}

/** The claim in which access tokens of the issuer have their scopes. */
export const scopeClaimOf = (issuer: string): string => (URL.canParse(issuer) ? productOf(issuer).scopeClaim : 'scope');

const HEADER = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

/** Claims that go to the API as headers, and whether the token itself does. */
export function targetOptions(config: Item | undefined): Omit<Target, 'upstream'> {
  if (config === undefined) return {};
  const names = textList(config.get('upstream_headers_names'));
  const claims = textList(config.get('upstream_headers_claims'));
  const pairs = names.flatMap((name, at) => (HEADER.test(name) && claims[at] ? [[name, claims[at]]] : []));
  const [, header] = config.entries().find(([name]) => name === 'upstream_access_token_header') ?? [];
  const forwards = header === undefined || /^authorization(:bearer)?$/i.test(header.text() ?? '');
  return {
    ...(authMethods(config).introspectAll ? { introspect: true } : {}),
    ...(forwards ? {} : { upstreamToken: 'none' as const }),
    ...(pairs.length === 0 ? {} : { claimHeaders: Object.fromEntries(pairs) }),
  };
}

const LITERAL = /^[^{}$]+$/;

function providerOf(config: Item, issuer: string): DraftProvider {
  const clientId = textList(config.get('client_id'))[0];
  const auth = textList(config.get('client_auth'))[0];
  const scopes = textList(config.get('scopes')).flatMap((entry) => entry.split(/\s+/));
  return {
    issuer,
    // A reference to a vault is no client id.
    ...(clientId !== undefined && LITERAL.test(clientId) ? { clientId } : {}),
    ...(auth === 'client_secret_post' || auth === 'private_key_jwt' ? { clientAuth: auth } : {}),
    scopes: [...new Set(['openid', ...scopes])].filter((scope) => scope !== ''),
  };
}

/** Kong's own default is 15 minutes without a call; its day at most is more than the 8 hours of the gateway. */
function sessionOf(config: Item): NonNullable<Draft['session']> {
  const seconds = (name: string) => {
    const value = Number(config.get(name)?.text());
    return Number.isSafeInteger(value) && value > 0 ? value : undefined;
  };
  const absolute = seconds('session_absolute_timeout');
  const idle = Math.min(seconds('session_idling_timeout') ?? 900, absolute ?? 28_800);
  return {
    idleTimeout: `${idle}s`,
    ...(absolute === undefined ? {} : { absoluteTimeout: `${absolute}s` }),
    ...(config.get('session_storage')?.text() === 'redis' ? { redis: true } : {}),
  };
}

function signInNotes(config: Item): [Verdict, string, number][] {
  const ways = authMethods(config);
  const notes: [Verdict, string, number][] = [];
  const at = (name: string) => config.get(name)?.line ?? config.line;
  if (config.get('client_secret') !== undefined)
    notes.push(['approximated', 'client_secret becomes the variable OIDC_CLIENT_SECRET', at('client_secret')]);
  const lost = textList(config.get('auth_methods')).filter(
    (name) => !['bearer', 'session', 'authorization_code', 'introspection', 'refresh_token'].includes(name),
  );
  if (lost.length > 0) notes.push(['left out', `auth_methods: ${lost.join(', ')}`, at('auth_methods')]);
  const carriers = textList(config.get('bearer_token_param_type')).filter((name) => name !== 'header');
  if (carriers.length > 0)
    notes.push(['left out', `bearer tokens in ${carriers.join(', ')}: the header only`, at('bearer_token_param_type')]);
  if (config.get('anonymous') !== undefined)
    notes.push(['left out', 'anonymous: a call without a good token is refused', at('anonymous')]);
  if (ways.sessions && !ways.bearer)
    notes.push([
      'approximated',
      'sessions only: where the gateway takes tokens of callers at all, those of this client count as well',
      at('auth_methods'),
    ]);
  if (config.get('audience_required') === undefined && ways.bearer)
    notes.push([
      'approximated',
      'no audience_required: set API_AUDIENCE, so that tokens for other APIs are refused',
      config.line,
    ]);
  for (const [name, item] of config.entries()) {
    if (
      !/^(?:session|upstream|authorization|redirect|login|logout|unauthorized|forbidden|cache|introspection)_/.test(
        name,
      )
    )
      continue;
    if (
      /^(?:session_(?:idling_timeout|absolute_timeout|storage)|upstream_(?:headers_\w+|access_token_header))$/.test(
        name,
      )
    )
      continue;
    notes.push(['left out', name, item.line]);
  }
  return notes;
}

/** Says what becomes of each plugin, and takes the sign-in of the first one that has sessions. */
export function applyProvider(draft: Draft, file: string, plugins: readonly Plugin[]): void {
  const say = (line: number, verdict: Verdict, text: string) => draft.notes.push({ file, line, verdict, text });
  for (const plugin of plugins) {
    const { name, config, line, enabled } = plugin;
    if (!enabled) say(line, 'left out', `${name} is switched off`);
    else if (isSignIn(plugin) && config) {
      const lost = unsupportedOption(config);
      const issuer = issuerOf(config);
      if (lost !== undefined || issuer === undefined) {
        say(line, 'left out', `openid-connect: ${lost ?? 'the issuer is no https address that stands in the file'}`);
        continue;
      }
      const ways = authMethods(config);
      trustIssuer(draft, issuer);
      limitTolerance(draft, Number(config.get('leeway')?.text() ?? 0) || 0);
      if (ways.bearer) draft.acceptsOpaque = (draft.acceptsOpaque ?? true) && ways.opaque;
      if (ways.sessions && draft.provider === undefined) {
        draft.provider = providerOf(config, issuer);
        draft.session = sessionOf(config);
      }
      say(line, 'translated', `openid-connect of ${issuer}`);
      for (const [verdict, text, at] of signInNotes(config)) say(at, verdict, text);
    } else if (name === 'acl')
      say(line, 'translated', 'acl: its groups become a demand on claims, or the route is denied');
    else if (isHarmless(plugin)) say(line, 'left out', name);
    else say(line, 'left out', `${name}: the routes it is on are denied`);
  }
}
