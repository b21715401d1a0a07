/** Translates Kong's `openid-connect` options to provider, session and upstream settings; notes every plugin. */
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

/** Whether a plugin signs users in. */
export const isSignIn = ({ name }: Plugin): boolean => name === 'openid-connect';

/** The issuer of a plugin; the option may contain the issuer or its discovery URL. Undefined when the file does not contain it. */
export function issuerOf(config: Item): string | undefined {
  const text = config.get('issuer')?.text();
  if (text === undefined || config.get('using_pseudo_issuer')?.scalar() === true) return undefined;
  const issuer = /\.well-known\//.test(text) ? issuerFromMetadataUrl(text) : normalizeIssuer(text);
  return issuer !== undefined && URL.parse(issuer)?.protocol === 'https:' ? issuer : undefined;
}

/** The claim of access tokens that holds the scopes. */
export const scopeClaimOf = (issuer: string): string => (URL.canParse(issuer) ? productOf(issuer).scopeClaim : 'scope');

const HEADER = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

/** The options for requests to the upstream: claim headers, and whether the token is forwarded. */
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
    // A reference to a vault is not a client ID.
    ...(clientId !== undefined && LITERAL.test(clientId) ? { clientId } : {}),
    ...(auth === 'client_secret_post' || auth === 'private_key_jwt' ? { clientAuth: auth } : {}),
    scopes: [...new Set(['openid', ...scopes])].filter((scope) => scope !== ''),
  };
}

/** Kong's default idle timeout is 15 minutes. Its default absolute timeout of a day is longer than the gateway's 8 hours, which stays. */
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

type OptionNote = [verdict: Verdict, text: string, line: number];

const TRANSLATED_METHODS = ['bearer', 'session', 'authorization_code', 'introspection', 'refresh_token'];

function authMethodNotes(config: Item): OptionNote[] {
  const methods = authMethods(config);
  const notes: OptionNote[] = [];
  const lineOf = (name: string) => config.get(name)?.line ?? config.line;
  const unsupported = textList(config.get('auth_methods')).filter((name) => !TRANSLATED_METHODS.includes(name));
  if (unsupported.length > 0)
    notes.push(['left out', `auth_methods: ${unsupported.join(', ')}`, lineOf('auth_methods')]);
  const carriers = textList(config.get('bearer_token_param_type')).filter((name) => name !== 'header');
  if (carriers.length > 0) {
    const text = `bearer tokens in ${carriers.join(', ')}: the gateway accepts them in the header only`;
    notes.push(['left out', text, lineOf('bearer_token_param_type')]);
  }
  if (methods.sessions && !methods.bearer) {
    const text =
      'sessions only: if any route accepts bearer tokens, tokens issued to this client are accepted here too';
    notes.push(['approximated', text, lineOf('auth_methods')]);
  }
  if (config.get('audience_required') === undefined && methods.bearer) {
    const text = 'no audience_required: set API_AUDIENCE, so that tokens for other APIs are refused';
    notes.push(['approximated', text, config.line]);
  }
  return notes;
}

const SIGN_IN_OPTION =
  /^(?:session|upstream|authorization|redirect|login|logout|unauthorized|forbidden|cache|introspection)_/;
const TRANSLATED_OPTION =
  /^(?:session_(?:idling_timeout|absolute_timeout|storage)|upstream_(?:headers_\w+|access_token_header))$/;

function signInNotes(config: Item): OptionNote[] {
  const secret = config.get('client_secret');
  const anonymous = config.get('anonymous');
  return [
    ...(secret === undefined
      ? []
      : [['approximated', 'client_secret becomes the variable OIDC_CLIENT_SECRET', secret.line] as OptionNote]),
    ...(anonymous === undefined
      ? []
      : [['left out', 'anonymous: a request without a valid token is refused', anonymous.line] as OptionNote]),
    ...authMethodNotes(config),
    ...config
      .entries()
      .filter(([name]) => SIGN_IN_OPTION.test(name) && !TRANSLATED_OPTION.test(name))
      .map(([name, { line }]): OptionNote => ['left out', name, line]),
  ];
}

type AddNote = (line: number, verdict: Verdict, text: string) => void;

/** Trusts the issuer of an `openid-connect` plugin; the first one with sessions becomes the provider for sign-in. */
function applyOpenidConnect(draft: Draft, config: Item, line: number, note: AddNote): void {
  const unsupported = unsupportedOption(config);
  const issuer = issuerOf(config);
  if (unsupported !== undefined || issuer === undefined) {
    note(line, 'left out', `openid-connect: ${unsupported ?? 'the issuer is not an https URL in the file'}`);
    return;
  }
  const methods = authMethods(config);
  trustIssuer(draft, issuer);
  limitTolerance(draft, Number(config.get('leeway')?.text() ?? 0) || 0);
  if (methods.bearer) draft.acceptsOpaque = (draft.acceptsOpaque ?? true) && methods.opaque;
  if (methods.sessions && draft.provider === undefined) {
    draft.provider = providerOf(config, issuer);
    draft.session = sessionOf(config);
  }
  note(line, 'translated', `openid-connect of ${issuer}`);
  for (const [verdict, text, at] of signInNotes(config)) note(at, verdict, text);
}

/** Applies the sign-in plugins to the draft, and notes how each plugin is translated. */
export function applyProvider(draft: Draft, file: string, plugins: readonly Plugin[]): void {
  const note: AddNote = (line, verdict, text) => draft.notes.push({ file, line, verdict, text });
  for (const plugin of plugins) {
    const { name, config, line, enabled } = plugin;
    if (!enabled) note(line, 'left out', `${name} is disabled`);
    else if (isSignIn(plugin) && config) applyOpenidConnect(draft, config, line, note);
    else if (name === 'acl')
      note(line, 'translated', 'acl: its groups become a condition on claims, or the route is denied');
    else if (isHarmless(plugin)) note(line, 'left out', name);
    else note(line, 'left out', `${name}: its routes are denied`);
  }
}
