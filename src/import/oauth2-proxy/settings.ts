/** Reads the settings of an oauth2-proxy file with their lines, and notes how each is translated. */
import { parse, TomlError } from 'smol-toml';
import { type Draft, ImportError, type Verdict } from '../draft/draft.ts';

export interface Settings {
  readonly file: string;
  readonly names: readonly string[];
  has(name: string): boolean;
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** A list; a single text counts as a list of one. */
  list(name: string): readonly string[];
  /** The line of a setting, or of one entry of its list. */
  lineOf(name: string, entry?: string): number;
  note(draft: Draft, name: string, verdict: Verdict, text: string, entry?: string): void;
}

/** Former names of settings. */
const SINGULAR_NAMES: Record<string, string> = {
  upstreams: 'upstream',
  email_domains: 'email_domain',
  allowed_groups: 'allowed_group',
  allowed_roles: 'allowed_role',
};

function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) throw new ImportError(`line ${error.line}: ${error.message.split('\n')[0]}`);
    throw error;
  }
}

/** The name before the `=` of a line, without quotes. */
const nameIn = (line: string) =>
  line
    .split('=')[0]
    ?.trim()
    .replace(/^"(.*)"$/, '$1');

/** Parses a file. Throws `ImportError` with the line of the first error. */
export function readSettings(file: string, text: string): Settings {
  const table = parseToml(text);
  const lines = text.split('\n');
  const spelling = (name: string) => (Object.hasOwn(table, name) ? name : (SINGULAR_NAMES[name] ?? name));
  function lineOf(name: string, entry?: string): number {
    const start = Math.max(
      0,
      lines.findIndex((line) => nameIn(line) === spelling(name)),
    );
    const quoted = entry?.replaceAll('\\', '\\\\');
    const found = quoted === undefined ? -1 : lines.findIndex((line, at) => at >= start && line.includes(quoted));
    return 1 + (found < 0 ? start : found);
  }
  const valueAt = (name: string): unknown => (Object.hasOwn(table, spelling(name)) ? table[spelling(name)] : undefined);
  return {
    file,
    names: Object.keys(table),
    has: (name) => valueAt(name) !== undefined,
    text(name) {
      const value = valueAt(name);
      return typeof value === 'string' ? value : undefined;
    },
    flag: (name) => valueAt(name) === true || valueAt(name) === 'true',
    list(name) {
      const value = valueAt(name);
      if (typeof value === 'string') return [value];
      return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
    },
    lineOf,
    note(draft, name, verdict, note, entry) {
      draft.notes.push({ file, line: lineOf(name, entry), verdict, text: note });
    },
  };
}

const TRANSLATED =
  /^(?:provider|oidc_issuer_url|client_id|scope|redirect_url|proxy_prefix|email_domains?|allowed_groups?|allowed_roles?|oidc_groups_claim|oidc_email_claim|cookie_expire|session_store_type|skip_jwt_bearer_tokens|oidc_extra_audiences|insecure_oidc_allow_unverified_email)$/;
/** Settings that get their notes where they are translated. */
const NOTED_ELSEWHERE = /^(?:upstreams?|skip_auth_routes|skip_auth_regex|extra_jwt_issuers)$/;

const SPECIAL_NOTES: Record<string, [Verdict, string]> = {
  client_secret: ['approximated', 'becomes the variable OIDC_CLIENT_SECRET'],
  client_secret_file: ['approximated', 'becomes the variable OIDC_CLIENT_SECRET'],
  cookie_secret: ['left out', 'the gateway uses its own key, GATEWAY_KEY'],
  redis_connection_url: ['approximated', 'becomes the variable REDIS_URL'],
  cookie_refresh: ['left out', 'the gateway refreshes tokens shortly before they expire'],
  cookie_domains: ['left out', 'the session cookie is always restricted to one host'],
  pass_authorization_header: ['left out', 'ID tokens are never sent to upstreams'],
  pass_access_token: ['left out', 'set upstreamToken: forward on routes that need the access token'],
  trusted_ips: ['left out', 'an IP address does not replace sign-in'],
  htpasswd_file: ['left out', 'users sign in at the provider only'],
  authenticated_emails_file: ['left out', 'its addresses are not imported: add them to the claims of the rules'],
  skip_auth_preflight: ['left out', 'list the origins in cors.allowedOrigins'],
};

/** Adds a note for each setting that has none yet. */
export function noteSettings(draft: Draft, settings: Settings): void {
  for (const name of settings.names) {
    if (NOTED_ELSEWHERE.test(name)) continue;
    const special = Object.hasOwn(SPECIAL_NOTES, name) ? SPECIAL_NOTES[name] : undefined;
    if (special) settings.note(draft, name, special[0], `${name}: ${special[1]}`);
    else if (TRANSLATED.test(name)) settings.note(draft, name, 'translated', name);
    else settings.note(draft, name, 'left out', name);
  }
}
