/** Identity of an app, and the options that follow from its path: endpoints, cookie and protected resource. */
import { digest } from '../../crypto/digest.ts';
import { isRecord } from '../../oidc/products/base/claims.ts';
import type { AppIdentity } from '../schema/app-identity.ts';
import type { Options } from './merge.ts';

const TAG_LENGTH = 10;

/** The identity of an entry of `apps`. Its tag follows from origin and path, so that sessions survive another id. */
export function identityOf(id: string, path: string, publicUrl: string): AppIdentity {
  return { id, path, tag: digest(`${publicUrl} ${path}`).slice(0, TAG_LENGTH) };
}

const recordOf = (value: unknown): Options | undefined =>
  value === undefined ? {} : isRecord(value) ? value : undefined;

/** The options with another one set in a group, unless the group is no group: the schema reports that. */
function withOption(options: Options, group: string, name: string, setting: (value: unknown) => unknown): Options {
  const found = recordOf(options[group]);
  return found === undefined ? options : { ...options, [group]: { ...found, [name]: setting(found[name]) } };
}

/** The endpoints lie below the path. */
const belowPath = (path: string) => (prefix: unknown) =>
  prefix === undefined || typeof prefix === 'string' ? path + (prefix ?? '') : prefix;

/**
 * The options of an app with a path. `__Host-` demands `Path=/` (RFC 6265bis section 4.1.3.2), so only the name tells its cookie
 * from those of the other apps of the origin.
 */
export function withPath(options: unknown, { id, path }: Pick<AppIdentity, 'id' | 'path'>): unknown {
  if (path === '' || !isRecord(options)) return options;
  const { publicUrl, session, accessTokens } = options;
  const isHttps = typeof publicUrl === 'string' && publicUrl.startsWith('https:');
  const cookie = recordOf(session);
  const isShared = recordOf(cookie?.cookie)?.sharedDomain !== undefined;
  const prefix = isHttps ? `__${isShared ? 'Secure' : 'Host'}-` : '';
  const cookieName = (name: unknown) => name ?? `${prefix}bff-${id}`;
  const named =
    cookie === undefined ? options : { ...options, session: withOption(cookie, 'cookie', 'name', cookieName) };
  const below = withOption(named, 'endpoints', 'prefix', belowPath(path));
  if (!isRecord(accessTokens) || typeof publicUrl !== 'string') return below;
  return withOption(below, 'accessTokens', 'resource', (resource) => resource ?? publicUrl + path);
}

/** The prefix of the endpoints as written in the file, without the path of the app. */
export const prefixBelowPath = ({ path }: AppIdentity, prefix: string): string => prefix.slice(path.length);
