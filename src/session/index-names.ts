/** The names under which a session is found beside its key: digests of whose it is, so that the store shows no person. */
import { digest } from '../crypto/digest.ts';
import type { SessionData } from './sessions.ts';

/** The length keeps issuer and id apart, so that no two pairs share a name. */
export function indexName(kind: 'sub' | 'sid', issuer: string, id: string): string {
  return `${kind}:${digest(`${issuer.length}:${issuer}:${id}`)}`;
}

/** All names of a session. */
export function indexNames({ issuer, sub, sid }: Pick<SessionData, 'issuer' | 'sub' | 'sid'>): string[] {
  return [indexName('sub', issuer, sub), ...(sid === undefined ? [] : [indexName('sid', issuer, sid)])];
}
