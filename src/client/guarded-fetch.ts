/** `fetch` for requests to APIs: adds the headers of the gateway, and handles refusals that a sign-in can resolve. */
import type { Events } from './base/events.ts';
import type { Client, ClientOptions, Page, Refusal, Session } from './base/types.ts';
import { BINDING_HEADER } from './gateway-header.ts';
import type { GatewayRequests } from './gateway-requests.ts';
import { waitWithSignal } from './patient-signal.ts';
import { type Answer, createQuestions } from './question.ts';
import type { SessionState } from './session-state.ts';
import { stepUpParams } from './step-up-params.ts';

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

/** Asks for the sign-in that a refusal requires. */
function createAsk(
  onUnauthenticated: Required<ClientOptions>['onUnauthenticated'],
  { sessionSince, readCount, signOutGuard }: SessionState,
  { emitEvent }: Events,
  login: Client['login'],
) {
  async function signIn(refusal: Refusal): Promise<boolean> {
    if (typeof onUnauthenticated === 'function') return onUnauthenticated(refusal);
    if (onUnauthenticated === 'event' || signOutGuard.isBarred()) return false;
    const popup = onUnauthenticated === 'popup';
    const signedIn = await login({ loginUrl: refusal.loginUrl, popup });
    // A request that was abandoned for a navigation is not sent long after, when the user comes back to the page.
    return popup && signedIn;
  }

  return async function ask(refusal: Refusal, begun: number, finished: number): Promise<Answer> {
    /** Undefined when the gateway is unavailable: the refusal is then returned. */
    const tryRead = (since: number) => sessionSince(since).catch(() => undefined);
    if (refusal.stepUp) emitEvent('stepup', refusal);
    // Another tab may have signed in already; otherwise this read emits that the session ended.
    const session = await tryRead(finished);
    // A read that had begun before the request may not know that the session ended.
    if (session?.authenticated && !refusal.stepUp) return tryRead(begun);
    if (!session) return undefined;
    const before = readCount();
    return (await signIn(refusal)) ? tryRead(before) : undefined;
  };
}

export function createGuardedFetch(
  onUnauthenticated: Required<ClientOptions>['onUnauthenticated'],
  page: Page,
  { codeOf, csrfName, loginPath, gatewayOrigin }: GatewayRequests,
  state: SessionState,
  events: Events,
  login: Client['login'],
): Client['fetch'] {
  const { firstBelieved, bindingOf, readCount, finishedCount, sessionSince, signOutGuard } = state;
  const { answerCount, answerTo } = createQuestions(createAsk(onUnauthenticated, state, events, login));

  function send(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const request = new Request(input instanceof Request ? input.clone() : new URL(input, page.document.baseURI), init);
    if (new URL(request.url).origin !== gatewayOrigin) return page.fetch(request);
    request.headers.set(csrfName, '1');
    const binding = bindingOf();
    if (binding) request.headers.set(BINDING_HEADER, binding);
    return page.fetch(new Request(request, { credentials: 'include' }));
  }

  return async function guardedFetch(input, init) {
    const begun = readCount();
    const finished = finishedCount();
    const noted = answerCount();
    const earlier = firstBelieved().catch(() => undefined);
    const response = await send(input, init);
    const refusal = await refusalOf(response, codeOf, loginPath);
    const changed = codeOf(response) === 'session_changed';
    if (!(refusal || changed) || signOutGuard.isLeaving()) return response;
    const answer = refusal ? answerTo(refusal, noted, begun, finished) : sessionSince(begun).catch(() => undefined);
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const { value: now, next } = await waitWithSignal(answer, signal);
    if (!now?.authenticated || init?.body instanceof ReadableStream || !isSameUser(await earlier, now)) return response;
    return send(input, next ? { ...init, signal: next } : init);
  };
}

/** A request of one user is never sent as another. */
function isSameUser(earlier: Session | undefined, now: Session & { authenticated: true }): boolean {
  return !earlier?.authenticated || earlier.sub === now.sub;
}
