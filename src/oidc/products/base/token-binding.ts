/** Reads from the claims of an access token to what it is bound (RFC 7800 section 3.1). */
import { isRecord, stringOf } from './claims.ts';
import type { TokenFacts } from './facts.ts';

/** The thumbprints of a key (RFC 9449 section 6.1) and of a certificate (RFC 8705 section 3.1) to which a token is bound. */
export interface TokenBinding {
  readonly key: string | undefined;
  readonly certificate: string | undefined;
}

const NOT_BOUND: TokenBinding = { key: undefined, certificate: undefined };
const METHODS: readonly string[] = ['jkt', 'x5t#S256'];

/** Returns the binding; undefined if it has a part that the gateway cannot verify. */
export function tokenBinding({ claims: { cnf } }: Pick<TokenFacts, 'claims'>): TokenBinding | undefined {
  if (cnf === undefined) return NOT_BOUND;
  if (!isRecord(cnf)) return undefined;
  const members = Object.keys(cnf);
  const isKnown = members.length > 0 && members.every((name) => METHODS.includes(name) && stringOf(cnf[name]));
  return isKnown ? { key: stringOf(cnf.jkt), certificate: stringOf(cnf['x5t#S256']) } : undefined;
}
