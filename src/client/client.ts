/** The client of the gateway for front ends: session, sign-in, sign-out and guarded requests, in step over all tabs. Never a token. */
import { createEvents } from './events.ts';
import { createGatewayRequests } from './gateway-requests.ts';
import { createGuardedFetch } from './guarded-fetch.ts';
import { createSessionState } from './session-state.ts';
import { createSignIn, leave } from './sign-in.ts';
import type { Client, ClientOptions, Page, User } from './types.ts';

export type * from './types.ts';

/** Set after this tab tried a silent sign-in or signed out: it does not try again on its own. */
const ASKED = 'bff-asked';

/** Creates a client. It sends no request until it is used. */
export function createClient(
  { base = '', csrfHeader = 'X-CSRF', expiringBefore = 60, onUnauthenticated = 'event' }: ClientOptions = {},
  page: Page = globalThis as unknown as Page,
): Client {
  const { location, sessionStorage } = page;
  const requests = createGatewayRequests(base, csrfHeader, page);
  const events = createEvents();
  const state = createSessionState(page, requests, events, expiringBefore);
  const login = createSignIn(page, requests, state, events);
  let profile: { profileMark: string | undefined; profileClaims: Promise<User | undefined> } | undefined;

  async function readProfile(): Promise<User | undefined> {
    const response = await requests.sendRequest('/profile');
    if (requests.codeOf(response) === 'unauthenticated') return void (await state.readSession());
    return requests.jsonOf<User>(response);
  }

  return {
    session: state.readSession,
    on: events.addListener,
    close: state.closeState,
    fetch: createGuardedFetch(onUnauthenticated, page, requests, state, events, login),
    login,
    async user() {
      const { authenticated } = await state.knownSession();
      if (!authenticated) return undefined;
      const mark = state.sessionMark();
      const current =
        profile && profile.profileMark === mark ? profile : { profileMark: mark, profileClaims: readProfile() };
      profile = current;
      return current.profileClaims.catch((error: unknown) => {
        if (profile === current) profile = undefined;
        throw error;
      });
    },
    async silentLogin(returnTo) {
      if ((await state.readSession()).authenticated) {
        sessionStorage.removeItem(ASKED);
        return true;
      }
      if (sessionStorage.getItem(ASKED)) return false;
      sessionStorage.setItem(ASKED, '1');
      return login({ prompt: 'none', returnTo });
    },
    async logout() {
      const response = await requests.sendRequest('/logout', { method: 'POST' });
      const body = await requests.jsonOf<{ location: string }>(response);
      sessionStorage.setItem(ASKED, '1');
      state.notifySignOut();
      // The gateway's own address leads on to the provider, so one on another origin is an error.
      const next = new URL(body.location, location.href);
      if (next.origin !== location.origin) throw requests.errorOf(response);
      await leave(location, next.href);
    },
    async keepAlive() {
      await requests.sendRequest('/profile');
      return state.readSession();
    },
  };
}
