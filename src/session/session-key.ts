/** Session keys: what a session is stored, sealed, cached and reported under. */
import { taggedName } from '../base/tagged-name.ts';
import type { AppIdentity } from '../config/schema/app-identity.ts';
import { digest } from '../crypto/digest.ts';

/**
 * Returns the key of a session id in an app: the digest of the id, after the tag of the app. Both records are sealed for the key
 * (additional data of the encryption), so that a record of one app cannot be moved to another.
 */
export const sessionKey = ({ tag }: Pick<AppIdentity, 'tag'>, id: string): string => taggedName(tag, digest(id));
