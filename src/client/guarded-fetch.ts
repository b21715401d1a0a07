/** `fetch` for requests to APIs: adds the CSRF header on the own origin, and handles refusals that a sign-in can resolve. */
import type { Events } from './events.ts';
import type { GatewayRequests } from './gateway-requests.ts';
import type { SessionState } from './session-state.ts';
import { singleFlight } from './single-flight.ts';
import { stepUpParams } from './step-up-params.ts';
import type { Client, ClientOptions, Page, Refusal, Session } from './types.ts';

/** The refusal in a response of the gateway. A 401 without the gateway's mark is from the API, whatever it says. */
async function refusalOf(
  response: Response,
  codeOf: GatewayRequests['codeOf'],
  loginUrl: string,
): Promise<Refusal | undefined> {
  const code = response.status === 401 ? codeOf(response) : undefined;
  if (code === 'unauthenticated') return { stepUp: false, loginUrl };
  if (code !== 'step_up_required') return undefined;
  const problem: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const query = String(new URLSearchParams(stepUpParams(Object(problem))));
  // Without parameters (a response to HEAD has no body) a sign-in would not meet the rule, and the next request would ask again.
  return query ? { stepUp: true, loginUrl: `${loginUrl}?${query}` } : undefined;
}

export function createGuardedFetch(
  onUnauthenticated: Required<ClientOptions>['onUnauthenticated'],
  { location, fetch }: Pick<Page, 'location' | 'fetch'>,
  { codeOf, csrfName, loginPath }: GatewayRequests,
  { readSession, knownSession }: SessionState,
  { emitEvent }: Events,
  login: Client['login'],
): Client['fetch'] {
  /** Requests that are refused at the same time share one sign-in. */
  const signIn = singleFlight(async (refusal: Refusal): Promise<boolean> => {
    if (onUnauthenticated === 'event') return false;
    if (typeof onUnauthenticated === 'function') return onUnauthenticated(refusal);
    return login({ loginUrl: refusal.loginUrl, popup: onUnauthenticated === 'popup' });
  });

  /** Undefined when the gateway is unavailable: the refusal is then returned. */
  const tryRead = () => readSession().catch(() => undefined);

  /** Whether to send the request again: the same user is signed in, and the body can be sent again. */
  async function mayRetry(refusal: Refusal, earlier: Session | undefined, init?: RequestInit): Promise<boolean> {
    if (refusal.stepUp) emitEvent('stepup', refusal);
    // Another tab may have signed in already; otherwise this read emits that the session ended.
    const session = await tryRead();
    if (!session) return false;
    if ((refusal.stepUp || !session.authenticated) && !(await signIn(refusal))) return false;
    const now = await tryRead();
    if (!now?.authenticated || init?.body instanceof ReadableStream) return false;
    // A request of one user is never sent as another.
    return !earlier?.authenticated || earlier.sub === now.sub;
  }

  return async function guardedFetch(input, init) {
    const earlier = knownSession().catch(() => undefined);
    const attempt = () => {
      const request = new Request(input instanceof Request ? input.clone() : new URL(input, location.href), init);
      if (new URL(request.url).origin === location.origin) request.headers.set(csrfName, '1');
      return fetch(request);
    };
    const response = await attempt();
    const refusal = await refusalOf(response, codeOf, loginPath);
    if (!refusal || !(await mayRetry(refusal, await earlier, init))) return response;
    return attempt();
  };
}
