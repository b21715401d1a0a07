/** Sends a person who opens a page without a session to the sign-in, and back to the page afterwards. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { GatewayError } from '../../base/errors.ts';
import { endpointPaths } from '../../config/schema/endpoints.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import { isTopLevelNavigation } from '../../policy/navigation.ts';
import { MAX_LENGTH } from '../../policy/return-url.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { Arrivals, AskedSignIn } from '../../session/arrivals.ts';

/** Parameters of a sign-in that an error may ask for: those of a step-up (RFC 9470 section 3), and the provider. */
const SIGN_IN_PARAMS = ['provider', 'acr_values', 'max_age'] as const;

/** A program sends a token, or credentials without fetch metadata. A browser keeps the password of a site and sends it with each navigation. */
const isProgram = ({ authorization, 'sec-fetch-mode': mode }: IncomingHttpHeaders): boolean =>
  authorization !== undefined && (mode === undefined || /^(?:bearer|dpop)\b/i.test(authorization));

/** Whether a window waits for the response, to a link or a form: a script, image or frame gets the 401 itself, and so does a program with credentials. */
export const isForWindow = ({ headers }: IncomingMessage, csrfHeader: string): boolean =>
  !isProgram(headers) && isTopLevelNavigation(headers, 'GET', csrfHeader);

/** Whether the request may be repeated after a sign-in: what a form sent is lost. */
const isSafe = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

/** Whether a sign-in is the answer. One at another provider is offered by a link alone: the user would lose the present session. */
const isForSignIn = ({ code }: GatewayError) => code === 'unauthenticated' || code === 'step_up_required';

/** The parameters of the sign-in that a step-up requires. */
const askedBy = ({ extensions: { acr_values, max_age } }: GatewayError): AskedSignIn => ({
  acrValues: acr_values === undefined ? undefined : String(acr_values),
  maxAge: max_age === undefined ? undefined : String(max_age),
});

/** The page to return to: for a form the page that it is on, because the address that it is sent to may be no page. */
function pageOf({ req, target }: Pick<RequestContext, 'req' | 'target'>, origin: string): string {
  const { referer } = req.headers;
  const isOwn = referer?.startsWith(`${origin}/`) === true;
  return !isSafe(req) && isOwn ? referer.slice(origin.length) : target.raw;
}

/** Creates the function that returns the address of the sign-in that an error asks for; undefined if none would help. */
export function createSignInAddress(config: Config) {
  const { login } = endpointPaths(config.endpoints);
  return function signInAddress(
    context: Pick<RequestContext, 'req' | 'target'>,
    origin: string,
    error: GatewayError,
  ): string | undefined {
    if (!isForSignIn(error) && error.extensions.loginUrl === undefined) return undefined;
    const query = new URLSearchParams();
    const page = pageOf(context, origin);
    const returnTo = origin === config.publicUrl ? page : origin + page;
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
  return function signInAfter(context, { config: route }, error, origin = config.publicUrl) {
    const { req } = context;
    if (route.kind !== 'page' || !isSafe(req) || !isForWindow(req, config.csrf.header)) return error;
    if (!isForSignIn(error)) return error;
    const location = signInAddress(context, origin, error);
    if (location === undefined) return error;
    const { cookie } = req.headers;
    if (error.code === 'step_up_required' && arrivals.isRecent(cookie, askedBy(error))) return error;
    if (error.code === 'unauthenticated' && arrivals.isRecent(cookie))
      return new GatewayError('session_not_kept', { cause: error });
    return location;
  };
}
