/** Names of the secondary indexes of sessions: keyed digests, so that the store reveals neither users nor guesses of them. */
import { digest } from '../crypto/digest.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { SessionData } from './session-types.ts';

type IndexKind = 'sub' | 'sid';

export interface IndexNames {
  /** Every name under which sessions of this user or provider session may be indexed; the first one is used for new ones. */
  namesOf(kind: IndexKind, issuer: string, id: string): string[];
  /** The names under which a new session is indexed. */
  newNames(data: Pick<SessionData, 'issuer' | 'sub' | 'sid'>): string[];
  /** Every name under which a session may be indexed. */
  allNames(data: Pick<SessionData, 'issuer' | 'sub' | 'sid'>): string[];
}

/** Creates the names of a keyring. Sessions that were indexed under an older key, or before names were keyed, are found. */
export function createIndexNames(keyring: Pick<Keyring, 'macs'>): IndexNames {
  function namesOf(kind: IndexKind, issuer: string, id: string): string[] {
    // The length prefix separates issuer and id, so two different pairs never share a name.
    const text = `${issuer.length}:${issuer}:${id}`;
    return [...keyring.macs('index', `${kind}:${text}`), digest(text)].map((name) => `${kind}:${name}`);
  }
  const lists = ({ issuer, sub, sid }: Pick<SessionData, 'issuer' | 'sub' | 'sid'>) => [
    namesOf('sub', issuer, sub),
    ...(sid === undefined ? [] : [namesOf('sid', issuer, sid)]),
  ];
  return {
    namesOf,
    newNames: (data) => lists(data).flatMap((names) => names.slice(0, 1)),
    allNames: (data) => lists(data).flat(),
  };
}
