/** Whether a host is this machine. */

const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i;

/** True for a loopback address and for `localhost`, with or without the brackets of a URL. */
export const isLoopbackHost = (host: string) => LOOPBACK.test(host);
