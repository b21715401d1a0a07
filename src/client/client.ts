/** The client of the gateway for front ends: session, sign-in, sign-out and guarded requests, in step over all tabs. Never a token. */
import { createEvents } from './base/events.ts';
import { createMemory } from './base/memory.ts';
import type { Client, ClientOptions, Page, User } from './base/types.ts';
import { createGatewayRequests } from './gateway-requests.ts';
import { createGuardedFetch } from './guarded-fetch.ts';
import { createInertClient } from './inert-client.ts';
import { createSessionState } from './session-state.ts';
import { createSignIn } from './sign-in.ts';
import { leavePage } from './window/departure.ts';

export type * from './base/types.ts';

/** Creates a client. It sends no request until it is used. */
export function createClient(
  { base = '', csrfHeader = 'X-CSRF', expiringBefore = 60, onUnauthenticated = 'event' }: ClientOptions = {},
  page: Page = globalThis as unknown as Page,
): Client {
  const { location } = page;
  // A sandboxed frame has the origin `null`, and none of its requests carries the session cookie.
  if (!page.document || !location.origin.startsWith('http')) return createInertClient(page, base, csrfHeader);
  const requests = createGatewayRequests(base, csrfHeader, page);
  const events = createEvents();
  const memory = createMemory(page, requests.basePath);
  const state = createSessionState(page, requests, events, memory, expiringBefore);
  const { signOutGuard } = state;
  const signIn = createSignIn(page, requests, state, events);
  let profile: { profileMark: string | undefined; profileClaims: Promise<User | undefined> } | undefined;

  async function readProfile(): Promise<User | undefined> {
    const response = await requests.sendRequest('/profile');
    if (requests.codeOf(response) === 'unauthenticated') return void (await state.readSession());
    return requests.jsonOf<User>(response);
  }

  /** Ends the session; returns where the browser continues. */
  async function endSession(): Promise<string> {
    const response = await requests.sendRequest('/logout', { method: 'POST' });
    const body = await requests.jsonOf<{ location: string }>(response);
    // The gateway's own address leads on to the provider, so one on another origin is an error.
    const next = new URL(body.location, requests.loginAddress);
    if (next.origin !== requests.gatewayOrigin) throw new Error('location', { cause: response });
    return next.href;
  }

  return {
    session: () => state.readSession().then(state.acknowledge),
    on: events.addListener,
    close: state.closeState,
    fetch: createGuardedFetch(onUnauthenticated, page, requests, state, events, signIn),
    login(options) {
      signOutGuard.allowSignIn();
      return signIn(options);
    },
    async user() {
      const { authenticated } = await state.knownSession().then(state.acknowledge);
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
      if ((await state.readSession().then(state.acknowledge)).authenticated) {
        memory.clearAsked();
        return true;
      }
      // Without a memory the page would be left each time it is loaded.
      if (memory.wasAsked() || !memory.setAsked()) return false;
      return signIn({ prompt: 'none', returnTo });
    },
    async logout() {
      signOutGuard.beginSignOut();
      const next = await endSession().catch((error: unknown) => {
        signOutGuard.cancelSignOut();
        throw error;
      });
      state.notifySignOut();
      await leavePage(page, next, state.closeSignal);
      state.resume();
    },
    async keepAlive() {
      await requests.sendRequest('/profile');
      return state.readSession().then(state.acknowledge);
    },
  };
}
