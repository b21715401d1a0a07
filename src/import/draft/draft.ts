/** Intermediate form of an imported configuration: routes, issuers, settings and notes for the report. */
import type { Access } from './access.ts';

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type Method = (typeof METHODS)[number];

/** How one line of the source was translated. */
export type Verdict = 'translated' | 'approximated' | 'left out';

export interface Note {
  file: string;
  line: number;
  verdict: Verdict;
  text: string;
}

/** The source cannot be translated; the message says why. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

/** The upstream of a route and the options for its requests. */
export interface Target {
  upstream: string;
  stripPrefix?: string;
  /** Introspect every token at the issuer. */
  introspect?: boolean;
  upstreamToken?: 'none';
  /** Header name to claim path. */
  claimHeaders?: Readonly<Record<string, string>>;
  /** Bytes. */
  maxBody?: number;
}

/** `denied` keeps a route that cannot be translated, so that its requests do not match a less strict route. */
export type Decision = Access | 'denied';

export interface DraftRoute {
  /** Path pattern of the gateway: literals, `*`, and a final `**`. */
  path: string;
  /** The methods that the original matches; undefined for all. */
  methods?: readonly Method[];
  /** The original also matches methods that are not in METHODS. They are denied, so that they do not match a wider route. */
  otherMethods?: boolean;
  access: Decision;
  target: Target;
  /** The original compares a string prefix, so it also matches longer last segments: `/admin` matches `/administrator`. */
  letterPrefix?: boolean;
  /** The pattern matches paths that the original does not, such as the path with a trailing slash. */
  widened?: boolean;
  /** Order of precedence in the original, compared number by number; the lowest one decides. */
  precedence: readonly number[];
  /** Name in the original, for the report. */
  name: string;
  file: string;
  line: number;
}

/** The provider for user sign-in, as far as the source describes it. */
export interface DraftProvider {
  issuer: string;
  clientId?: string;
  clientAuth?: 'client_secret_post' | 'private_key_jwt';
  scopes?: readonly string[];
}

export interface Draft {
  notes: Note[];
  routes: DraftRoute[];
  publicUrl?: string;
  provider?: DraftProvider;
  /** All issuers whose tokens a route accepts, with the algorithms that all of these routes accept. */
  issuers: Map<string, readonly string[] | undefined>;
  /** Seconds; the minimum over all parts of the source. */
  clockTolerance?: number;
  /** Tokens that are not JWTs are accepted after introspection. */
  acceptsOpaque?: boolean;
  session?: { idleTimeout?: string; absoluteTimeout?: string; redis?: boolean };
  /** Path prefix of the gateway's own endpoints. */
  prefix?: string;
}

export const createDraft = (): Draft => ({ notes: [], routes: [], issuers: new Map() });

/** Delimits the name of a variable; it cannot occur in a source. */
const MARK = '\u0000';

/** Returns a placeholder for an environment variable of the gateway. */
export const variable = (name: string): string => MARK + name + MARK;

/** Renders a text for the configuration file: `${` of the source is escaped, and placeholders become variables. */
export function renderVariables(text: string): string {
  return text
    .replaceAll('${', '$${')
    .split(MARK)
    .map((part, index) => (index % 2 === 1 ? `\${${part}}` : part))
    .join('');
}

/** Whether a text contains a placeholder, so that its value is unknown. */
export const hasVariable = (text: string): boolean => text.includes(MARK);

/** Accepts the tokens of an issuer. Further calls narrow the accepted algorithms. */
export function trustIssuer(draft: Draft, issuer: string, algorithms?: readonly string[]): void {
  const known = draft.issuers.get(issuer);
  draft.issuers.set(
    issuer,
    known === undefined ? algorithms : known.filter((name) => algorithms === undefined || algorithms.includes(name)),
  );
}

/** Lowers the clock tolerance to the value of a part of the source. */
export function limitTolerance(draft: Draft, seconds: number): void {
  draft.clockTolerance = Math.min(draft.clockTolerance ?? 300, Math.max(0, seconds));
}

/** Upstream of denied routes: a host that cannot exist (RFC 6761 section 6.4). */
export const BLOCKED_UPSTREAM = 'http://left-out.invalid';
