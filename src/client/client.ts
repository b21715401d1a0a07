/** The client of the gateway for front ends: session, sign-in, sign-out and guarded requests, in step over all tabs. Never a token. */
import { createEvents } from './events.ts';
import { OK } from './gateway-header.ts';
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
  const login = createSignIn(base, page, state, events);
  let profile: { mark: string; claims: Promise<User | undefined> } | undefined;

  async function readProfile(): Promise<User | undefined> {
    const response = await requests.sendRequest('/profile');
    const code = requests.codeOf(response);
    if (code === OK) return response.json() as Promise<User>;
    if (code === 'unauthenticated') return void (await state.readSession());
    throw requests.errorOf(response);
  }

  return {
    session: state.readSession,
    on: events.addListener,
    close: state.closeState,
    fetch: createGuardedFetch({ base, csrfHeader, onUnauthenticated }, page, requests, state, events, login),
    login,
    async user() {
      const { authenticated } = await state.knownSession();
      if (!authenticated) return undefined;
      const mark = state.sessionMark();
      if (profile?.mark !== mark) profile = { mark, claims: readProfile() };
      const current = profile;
      return current.claims.catch((error: unknown) => {
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
      return login({ prompt: 'none', ...(returnTo !== undefined && { returnTo }) });
    },
    async logout() {
      const response = await requests.sendRequest('/logout', { method: 'POST' });
      if (requests.codeOf(response) !== OK) throw requests.errorOf(response);
      sessionStorage.setItem(ASKED, '1');
      state.notifySignOut();
      // The gateway's own address leads on to the provider, so one on another origin is an error.
      const next = new URL(((await response.json()) as { location: string }).location, location.href);
      if (next.origin !== location.origin) throw requests.errorOf(response);
      await leave(location, next.href);
    },
    async keepAlive() {
      await requests.sendRequest('/profile');
      return state.readSession();
    },
  };
}
