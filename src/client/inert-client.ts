/** The client where it cannot work: on a server, in a worker, in a sandboxed frame. */
import type { Client, Page } from './base/types.ts';

/** Returns a client of a visitor. Only `fetch` sends requests, without any header of the gateway. */
export function createInertClient(page: Pick<Page, 'fetch'>, base: string, csrfHeader: string): Client {
  const session = async () => ({
    authenticated: false as const,
    csrfHeader: { name: csrfHeader, value: '1' },
    loginUrl: `${base}/login`,
  });
  const no = async () => false;
  return {
    session,
    keepAlive: session,
    user: async () => undefined,
    login: no,
    silentLogin: no,
    logout: async () => {},
    fetch: (input, init) => page.fetch(input as string, init),
    on: () => () => undefined,
    close: () => undefined,
  };
}
