/** Whose requests a limit counts together. */
import { limitedAddress } from '../base/address.ts';
import type { CallerLimit } from '../config/traffic/caller-limits.ts';
import type { Keyring } from '../crypto/keyring.ts';
import { claimAt } from '../oidc/products/base/claims.ts';
import type { TokenFacts } from '../oidc/products/base/facts.ts';

/** A caller whom the rules have admitted. */
export interface AdmittedCaller {
  /** Undefined without credentials. */
  readonly facts: TokenFacts | undefined;
  /** Key of the session, if there is one. */
  readonly session: string | undefined;
  readonly clientIp: string;
}

export interface LimitedCaller {
  /** Digest of the caller, or its address if it stays in the memory of this process. */
  readonly name: string;
  /** Whether the store counts its requests. Anonymous traffic writes nothing to the store. */
  readonly isShared: boolean;
}

/** Returns whose requests count together; undefined if the limit does not apply to the caller. */
export type NameCaller = (caller: AdmittedCaller) => LimitedCaller | undefined;

const EVERYONE = 'all';

/** Parts of a name: the length of each part separates it from the next. */
const joined = (...parts: readonly string[]) => parts.map((part) => `${part.length}:${part}`).join('');

/** The user, or the client of a token without one (OIDC Core 5.7: `sub` only together with `iss`). */
function userText({ issuer, sub, clientId = '' }: TokenFacts): string {
  return sub === undefined ? joined('client', issuer, clientId) : joined('user', issuer, sub);
}

function claimText(facts: TokenFacts, path: string): string {
  const value = claimAt(facts.claims, path);
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar ? joined('claim', facts.issuer, path, typeof value, String(value)) : userText(facts);
}

/** The text that identifies a caller with credentials. */
function textOf(by: CallerLimit['by'], facts: TokenFacts, { session, clientIp }: AdmittedCaller): string {
  if (typeof by === 'object') return claimText(facts, by.claim);
  if (by === 'all') return EVERYONE;
  if (by === 'address') return joined('address', limitedAddress(clientIp));
  if (by === 'session' && session !== undefined) return joined('session', session);
  const { issuer, clientId } = facts;
  return by === 'client' && clientId !== undefined ? joined('client', issuer, clientId) : userText(facts);
}

/** Creates the function that names the callers of a limit. */
export function createNameCaller(by: CallerLimit['by'], keyring: Pick<Keyring, 'mac'>): NameCaller {
  return function nameCaller(caller) {
    const { facts, clientIp } = caller;
    if (facts !== undefined) return { name: keyring.mac('limit', textOf(by, facts, caller)), isShared: true };
    if (by === 'all') return { name: EVERYONE, isShared: false };
    return by === 'address' ? { name: limitedAddress(clientIp), isShared: false } : undefined;
  };
}
