/** Digest of a user for logs: the same for all sessions of the user, and of no use without the key. */
import type { Keyring } from '../crypto/keyring.ts';
import { createIndexNames } from './index-names.ts';

/** Enough to tell users apart, as with the keys of sessions in logs. */
const LENGTH = 12;

/** Returns the digest of a user. It is computed once for each object, which is one of a session or a token in memory. */
export function createUserDigest(keyring: Pick<Keyring, 'macs'>) {
  const { namesOf } = createIndexNames(keyring);
  const known = new WeakMap<object, string>();
  return function userDigest(user: { readonly issuer: string; readonly sub: string | undefined }): string | undefined {
    if (user.sub === undefined) return undefined;
    const cached = known.get(user);
    if (cached !== undefined) return cached;
    const [name = ''] = namesOf('sub', user.issuer, user.sub);
    const digest = name.slice(name.indexOf(':') + 1).slice(0, LENGTH);
    known.set(user, digest);
    return digest;
  };
}
