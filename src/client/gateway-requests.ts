/** Requests to the gateway's own endpoints, and what their responses mean. */
import { gatewayCode } from './gateway-header.ts';
import type { Page } from './types.ts';

export type GatewayRequests = ReturnType<typeof createGatewayRequests>;

export function createGatewayRequests(base: string, csrfHeader: string, page: Page) {
  /** The code of the gateway in a response, see `gatewayCode`. */
  const codeOf = (response: Response) => gatewayCode(response, page.location.origin);
  return {
    codeOf,
    sendRequest: (path: string, init?: RequestInit) =>
      // These endpoints never redirect, so whatever redirects is not the gateway.
      page.fetch(base + path, {
        ...init,
        redirect: 'error',
        headers: { accept: 'application/json', [csrfHeader]: '1' },
      }),
    errorOf: (response: Response) =>
      new Error(`${codeOf(response) ? 'The gateway' : 'Another server'} returned ${response.status}`, {
        cause: response,
      }),
  };
}
