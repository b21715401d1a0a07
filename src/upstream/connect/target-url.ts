/** URLs of the servers of an upstream: HTTP URLs, and Unix sockets such as `unix:///run/orders.sock`. */

const UNIX = 'unix://';

/** The path of a Unix socket, exactly as written; undefined for any other URL. */
export const socketPath = (url: string): string | undefined =>
  url.startsWith(UNIX) ? url.slice(UNIX.length) : undefined;

/** What connections are opened to: the origin of an HTTP URL, or the whole URL of a Unix socket. */
export const serverOf = (url: string): string => (socketPath(url) === undefined ? new URL(url).origin : url);

/** The URL that requests to the server have: a Unix socket has no host of its own. */
export const httpUrlOf = (url: string): string => (socketPath(url) === undefined ? url : 'http://localhost');
