/** The cookie of a browser's session at the development provider. */
import type { ProviderRequest } from './http.ts';
import type { BrowserSession, ProviderState } from './state.ts';
import { randomText } from './state.ts';

/** Cookies belong to a host, whatever its port: two providers on one host need different names. */
const nameOf = ({ issuer }: ProviderState) => `bff-development-provider-${new URL(issuer).port}`;

/** Value of the cookie of this browser. */
function cookieValue(state: ProviderState, { headers }: ProviderRequest): string | undefined {
  const start = `${nameOf(state)}=`;
  const pair = headers.cookie?.split(/; */).find((each) => each.startsWith(start));
  return pair?.slice(start.length);
}

/** The session of this browser. */
export function browserSession(state: ProviderState, request: ProviderRequest): BrowserSession | undefined {
  const value = cookieValue(state, request);
  return value === undefined ? undefined : state.sessions.get(value);
}

/** Starts a session in this browser, which ends the previous one here; returns the `Set-Cookie` header. */
export function startSession(state: ProviderState, request: ProviderRequest, session: BrowserSession): string {
  const previous = cookieValue(state, request);
  if (previous !== undefined) state.sessions.delete(previous);
  const value = randomText();
  state.sessions.put(value, session, state.settings.lifetimes.session);
  // No Secure: the provider has no TLS. No expiry: the session ends with the browser.
  return `${nameOf(state)}=${value}; Path=/; HttpOnly; SameSite=Lax`;
}

/** Ends the session of this browser; returns the `Set-Cookie` header. */
export function endSession(state: ProviderState, request: ProviderRequest): string {
  const value = cookieValue(state, request);
  if (value !== undefined) state.sessions.delete(value);
  return `${nameOf(state)}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`;
}
