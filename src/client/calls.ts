/** Calls of the API: the CSRF header on the own origin, and what a refusal for want of a sign-in leads to. */
import { askedIn } from './login-url.ts';
import type { State } from './state.ts';
import type { Client, ClientOptions, Page, Refusal, Session } from './types.ts';

export function createCalls(
  { base = '', csrfHeader = 'X-CSRF', onUnauthenticated = 'event' }: ClientOptions,
  { location, fetch }: Pick<Page, 'location' | 'fetch'>,
  state: State,
  login: Client['login'],
): Client['fetch'] {
  let asking: Promise<boolean> | undefined;

  async function ask(refusal: Refusal): Promise<boolean> {
    if (onUnauthenticated === 'event') return false;
    if (typeof onUnauthenticated === 'function') return onUnauthenticated(refusal);
    return login({ loginUrl: refusal.loginUrl, popup: onUnauthenticated === 'popup' });
  }

  /** Whether the user is signed in well enough now. Calls that are refused together ask once. */
  async function settled(refusal: Refusal): Promise<boolean> {
    asking ??= ask(refusal).finally(() => {
      asking = undefined;
    });
    return asking;
  }

  /** What the gateway refused before the API saw it; a 401 without the gateway's mark is the API's own, whatever it says. */
  async function refusalOf(answer: Response): Promise<Refusal | undefined> {
    const code = answer.status === 401 ? state.codeOf(answer) : undefined;
    if (code === 'unauthenticated') return { stepUp: false, loginUrl: `${base}/login` };
    if (code !== 'step_up_required') return undefined;
    const read: unknown = await answer
      .clone()
      .json()
      .catch(() => undefined);
    const query = String(new URLSearchParams(askedIn(Object(read))));
    // Without them (a response to HEAD has no body) a sign-in would not meet the rule, and the next call would ask again.
    return query ? { stepUp: true, loginUrl: `${base}/login?${query}` } : undefined;
  }

  /** Undefined while the gateway cannot tell: then the refusal stands. */
  const look = () => state.read().catch(() => undefined);

  /** Whether the call may be made once more: the same user is there, and nothing of it is used up. */
  async function mayRepeat(refusal: Refusal, earlier: Session | undefined, init?: RequestInit): Promise<boolean> {
    if (refusal.stepUp) state.emit('stepup', refusal);
    // Another tab may have signed in already; if none has, this tells the application that its session is over.
    const found = await look();
    if (!found) return false;
    if ((refusal.stepUp || !found.authenticated) && !(await settled(refusal))) return false;
    const now = await look();
    if (!now?.authenticated || init?.body instanceof ReadableStream) return false;
    // What one user wrote is never sent as another.
    return !earlier?.authenticated || earlier.sub === now.sub;
  }

  return async function guarded(input, init) {
    const earlier = state.known().catch(() => undefined);
    const attempt = () => {
      const request = new Request(input instanceof Request ? input.clone() : new URL(input, location.href), init);
      if (new URL(request.url).origin === location.origin) request.headers.set(csrfHeader, '1');
      return fetch(request);
    };
    const answer = await attempt();
    const refusal = await refusalOf(answer);
    if (!refusal || !(await mayRepeat(refusal, await earlier, init))) return answer;
    return attempt();
  };
}
