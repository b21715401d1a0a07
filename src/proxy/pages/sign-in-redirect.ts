/** Sends a person who opens a page without a session to the sign-in, and back to the page afterwards. */
import type { IncomingMessage } from 'node:http';
import type { GatewayError } from '../../base/errors.ts';
import { endpointPaths } from '../../config/schema/endpoints.ts';
import type { Config } from '../../config/schema/schema.ts';
import { isTopLevelNavigation } from '../../policy/navigation.ts';
import { MAX_LENGTH } from '../../policy/return-url.ts';
import type { RequestTarget } from '../../routing/target.ts';

/** Parameters of a sign-in that an error may ask for: those of a step-up (RFC 9470 section 3), and the provider. */
const SIGN_IN_PARAMS = ['provider', 'acr_values', 'max_age'] as const;

/** Whether a window waits for the page: a script, image or frame gets the 401 itself, and so does a program with a token. */
export function mayRedirect({ method, headers }: IncomingMessage, csrfHeader: string): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return headers.authorization === undefined && isTopLevelNavigation(headers, 'GET', csrfHeader);
}

/** Creates the function that returns the address of the sign-in that an error asks for; undefined if none would help. */
export function createSignInAddress(config: Config) {
  const { login } = endpointPaths(config.endpoints);
  return function signInAddress(target: Pick<RequestTarget, 'raw'>, error: GatewayError): string | undefined {
    if (error.code !== 'unauthenticated' && error.code !== 'step_up_required') return undefined;
    const query = new URLSearchParams();
    // A longer address would be refused, and the sign-in with it: it ends at the start page.
    if (target.raw.length <= MAX_LENGTH) query.set('returnTo', target.raw);
    const asked = new URL(String(error.extensions.loginUrl ?? login), config.publicUrl).searchParams;
    for (const name of SIGN_IN_PARAMS) {
      const value = asked.get(name);
      if (value !== null) query.set(name, value);
    }
    return `${login}?${query}`;
  };
}
