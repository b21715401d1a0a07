/** Paths of the gateway, requests to them, and what their responses mean. */
import { gatewayCode, OK } from './gateway-header.ts';
import type { Page } from './types.ts';

export type GatewayRequests = ReturnType<typeof createGatewayRequests>;

export function createGatewayRequests(base: string, csrfName: string, page: Page) {
  /** The code of the gateway in a response, see `gatewayCode`. */
  const codeOf = (response: Response) => gatewayCode(response, page.location.origin);
  const errorOf = (response: Response) =>
    new Error(`${codeOf(response) ? 'The gateway' : 'Another server'} returned ${response.status}`, {
      cause: response,
    });
  return {
    csrfName,
    loginPath: `${base}/login`,
    signedInPath: `${base}/signed-in`,
    codeOf,
    sendRequest: (path: string, init?: RequestInit) =>
      // These endpoints never redirect, so whatever redirects is not the gateway.
      page.fetch(base + path, {
        ...init,
        redirect: 'error',
        headers: { accept: 'application/json', [csrfName]: '1' },
      }),
    errorOf,
    /** The body of a successful response of the gateway; throws for any other response. */
    async jsonOf<Body>(response: Response): Promise<Body> {
      if (codeOf(response) !== OK) throw errorOf(response);
      return response.json() as Promise<Body>;
    },
  };
}
