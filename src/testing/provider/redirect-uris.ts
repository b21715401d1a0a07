/** Where the development provider may redirect a browser to. */
import { isLoopbackHost } from '../../base/loopback.ts';

/**
 * Whether a redirect may lead to this URI: a registered one, compared exactly (RFC 9700 section 2.1), or, without registered
 * ones, an http or https address of this machine.
 */
export function isAllowedTarget(uri: string, registered: readonly string[] | undefined): boolean {
  if (registered) return registered.includes(uri);
  const url = URL.parse(uri);
  if (!url || uri.includes('#') || url.username !== '' || url.password !== '') return false;
  return /^https?:$/.test(url.protocol) && isLoopbackHost(url.hostname);
}
