/** Paths of the gateway, requests to them, and what their responses mean. */
import type { Page } from './base/types.ts';
import { gatewayCode, OK } from './gateway-header.ts';

export type GatewayRequests = ReturnType<typeof createGatewayRequests>;

export function createGatewayRequests(base: string, csrfName: string, page: Page) {
  /** The gateway's address without a trailing slash; absolute, so that no `<base>` of the page changes it. */
  const root = new URL(base || '/', page.location.origin);
  const gatewayOrigin = root.origin;
  const basePath = root.pathname.replace(/\/$/, '');
  const prefix = gatewayOrigin + basePath;
  /** The code of the gateway in a response, see `gatewayCode`. */
  const codeOf = (response: Response) => gatewayCode(response, gatewayOrigin);
  return {
    csrfName,
    /** The path below which the endpoints lie, without a trailing slash: no two apps of an origin have the same. */
    basePath,
    gatewayOrigin,
    loginPath: `${base}/login`,
    loginAddress: `${prefix}/login`,
    signedInPath: `${basePath}/signed-in`,
    codeOf,
    sendRequest: (path: string, init?: RequestInit) =>
      // These endpoints never redirect, so whatever redirects is not the gateway.
      page.fetch(prefix + path, {
        ...init,
        redirect: 'error',
        credentials: 'include',
        headers: { accept: 'application/json', [csrfName]: '1' },
      }),
    /** The body of a successful response of the gateway; throws for any other response. */
    async jsonOf<Body>(response: Response): Promise<Body> {
      if (codeOf(response) !== OK)
        throw new Error(`${codeOf(response) ? 'The gateway' : 'Another server'} returned ${response.status}`, {
          cause: response,
        });
      return response.json() as Promise<Body>;
    },
  };
}
