/** What an importer makes of another product's configuration before it is written: routes, issuers, settings and notes. */
import type { Access } from './access.ts';

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type Method = (typeof METHODS)[number];

/** What became of one line of the source. */
export type Verdict = 'translated' | 'approximated' | 'left out';

export interface Note {
  file: string;
  line: number;
  verdict: Verdict;
  text: string;
}

/** Thrown when nothing can be made of a source; says why. */
export class ImportError extends Error {
  override readonly name = 'ImportFault';
}

/** Where the calls of a route go and what becomes of them. */
export interface Target {
  upstream: string;
  stripPrefix?: string;
  /** Ask the issuer about every token. */
  introspect?: boolean;
  upstreamToken?: 'none';
  /** Header name to claim path. */
  claimHeaders?: Readonly<Record<string, string>>;
  /** Bytes. */
  maxBody?: number;
}

/** Nobody gets through: what could not be translated must not fall to a route that asks for less. */
export type Decision = Access | 'denied';

export interface DraftRoute {
  /** Pattern in the words of the gateway: literals, `*`, and a final `**`. */
  path: string;
  /** Those that the original matches; all when left out. */
  methods?: readonly Method[];
  /** It takes methods without a name here as well. They are denied, since they must not fall to a wider route. */
  otherMethods?: boolean;
  access: Decision;
  target: Target;
  /** The original covers paths beside the pattern whose last segment only begins alike: `/admin` covers `/administrator`. */
  letterPrefix?: boolean;
  /** The pattern covers paths that the original does not, such as the one with a slash at its end. */
  widened?: boolean;
  /** Place in the original's order of precedence: the smaller one decides. Compared number by number. */
  precedence: readonly number[];
  /** What the original calls it, for the report. */
  name: string;
  file: string;
  line: number;
}

/** The provider that people sign in at, as far as the source says. */
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
  /** Every issuer whose tokens some route accepts, with the algorithms that all of those routes accept. */
  issuers: Map<string, readonly string[] | undefined>;
  /** Seconds; the smallest that any part of the source allows. */
  clockTolerance?: number;
  /** Tokens that are no JWT are accepted, by introspection. */
  acceptsOpaque?: boolean;
  session?: { idleTimeout?: string; absoluteTimeout?: string; redis?: boolean };
  /** Before the gateway's own endpoints. */
  prefix?: string;
}

/** An empty draft. */
export const createDraft = (): Draft => ({ notes: [], routes: [], issuers: new Map() });

const MARK = '\u0000';

/** Stands in a text for an environment variable that has to be set where the gateway runs. */
export const variable = (name: string): string => MARK + name + MARK;

/** A text as the configuration file holds it: what looks like a variable in the source is none, and the marks are. */
export function renderVariables(text: string): string {
  return text
    .replaceAll('${', '$${')
    .split(MARK)
    .map((part, index) => (index % 2 === 1 ? `\${${part}}` : part))
    .join('');
}

/** Whether a text has a variable in it, so that its value is not known here. */
export const hasVariable = (text: string): boolean => text.includes(MARK);

/** Accepts the tokens of an issuer, with no more algorithms than before. */
export function trustIssuer(draft: Draft, issuer: string, algorithms?: readonly string[]): void {
  const before = draft.issuers.get(issuer);
  draft.issuers.set(
    issuer,
    before === undefined ? algorithms : before.filter((name) => algorithms === undefined || algorithms.includes(name)),
  );
}

/** Lowers the tolerance of clocks to what this part of the source allows. */
export function limitTolerance(draft: Draft, seconds: number): void {
  draft.clockTolerance = Math.min(draft.clockTolerance ?? 300, Math.max(0, seconds));
}

/** Base URL of routes that nobody gets through: no such host exists (RFC 6761 section 6.4). */
export const BLOCKED_UPSTREAM = 'http://left-out.invalid';
