/** Sends a person who opens a page without a session to the sign-in, and back to the page afterwards. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../base/errors.ts';
import { endpointPaths } from '../../config/schema/endpoints.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import { isTopLevelNavigation } from '../../policy/navigation.ts';
import { MAX_LENGTH } from '../../policy/return-url.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { RequestTarget } from '../../routing/target.ts';
import type { Arrivals } from '../../session/arrivals.ts';

/** Parameters of a sign-in that an error may ask for: those of a step-up (RFC 9470 section 3), and the provider. */
const SIGN_IN_PARAMS = ['provider', 'acr_values', 'max_age'] as const;

/** Whether a window waits for the page: a script, image or frame gets the 401 itself, and so does a program with a token. */
function mayRedirect({ method, headers }: IncomingMessage, csrfHeader: string): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return headers.authorization === undefined && isTopLevelNavigation(headers, 'GET', csrfHeader);
}

/** Creates the function that returns the address of the sign-in that an error asks for; undefined if none would help. */
function createSignInAddress(config: Config) {
  const { login } = endpointPaths(config.endpoints);
  return function signInAddress(
    { raw }: Pick<RequestTarget, 'raw'>,
    origin: string,
    error: GatewayError,
  ): string | undefined {
    if (error.code !== 'unauthenticated' && error.code !== 'step_up_required') return undefined;
    const query = new URLSearchParams();
    const returnTo = origin === config.publicUrl ? raw : origin + raw;
    // A longer address would be refused, and the sign-in with it: it ends at the start page.
    if (returnTo.length <= MAX_LENGTH) query.set('returnTo', returnTo);
    const asked = new URL(String(error.extensions.loginUrl ?? login), config.publicUrl).searchParams;
    for (const name of SIGN_IN_PARAMS) {
      const value = asked.get(name);
      if (value !== null) query.set(name, value);
    }
    return `${login}?${query}`;
  };
}

/** Returns where a refused request for a page continues: the path of the sign-in, or the error to respond with. */
export type SignInAfter = (
  context: Pick<RequestContext, 'req' | 'target'>,
  route: CompiledRoute,
  error: GatewayError,
  /** Origin of the page; `publicUrl` by default. */
  origin?: string,
) => string | GatewayError;

/**
 * Creates the function. A navigation that was refused because it has no session leads to the sign-in, unless a sign-in has just
 * ended in this browser: another one would end the same way.
 */
export function createSignInAfter(config: Config, arrivals: Pick<Arrivals, 'isRecent'>): SignInAfter {
  const signInAddress = createSignInAddress(config);
  return function signInAfter({ req, target }, { config: route }, error, origin = config.publicUrl) {
    if (route.kind !== 'page' || !mayRedirect(req, config.csrf.header)) return error;
    const location = signInAddress(target, origin, error);
    if (location === undefined) return error;
    if (error.code === 'unauthenticated' && arrivals.isRecent(req.headers.cookie))
      return new GatewayError('session_not_kept', { cause: error });
    return location;
  };
}
