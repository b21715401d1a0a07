/** Whether a host is this machine, or a listener's host all its addresses. */

const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i;

/** True for a loopback address and for `localhost`, with or without the brackets of a URL. */
export const isLoopbackHost = (host: string) => LOOPBACK.test(host);

/** True for the addresses at which a listener accepts connections to every address of this machine. */
export const isWildcardHost = (host: string) => host === '0.0.0.0' || host === '::';
