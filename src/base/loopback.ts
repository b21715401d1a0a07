/** Whether a host is this machine, or a listener's host all its addresses. */
import { canonicalHost } from './address.ts';

const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** True for a loopback address and for `localhost`, in any spelling, with or without the brackets of a URL. */
export const isLoopbackHost = (host: string) => LOOPBACK.test(canonicalHost(host));

/** True for the addresses at which a listener accepts connections to every address of this machine, in any spelling. */
export function isWildcardHost(host: string): boolean {
  const canonical = canonicalHost(host);
  return canonical === '0.0.0.0' || canonical === '::';
}
