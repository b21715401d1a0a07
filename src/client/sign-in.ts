/** Sign-in from the page: by navigation, or in a popup. */
import type { Events } from './events.ts';
import type { GatewayRequests } from './gateway-requests.ts';
import type { SessionState } from './session-state.ts';
import { stepUpParamsOf } from './step-up-params.ts';
import type { Client, Page } from './types.ts';

/** Navigates away. Never resolves, so that the caller does not show an error before the page is left. */
export function leave(location: Page['location'], url: string): Promise<never> {
  location.assign(url);
  return new Promise<never>(() => {});
}

export function createSignIn(
  page: Page,
  { loginPath, signedInPath }: GatewayRequests,
  { readSession }: SessionState,
  { addListener }: Events,
): Client['login'] {
  const { location } = page;

  /** The provider's pages cut the link between popup and page, so the page detects the end by its effect on the session. */
  function inPopup(url: string): Promise<boolean> {
    return new Promise((resolve) => {
      if (!page.open(url, '_blank', 'popup,width=480,height=720')) return resolve(false);
      const finish = (signedIn: boolean) => {
        off();
        page.removeEventListener('focus', onFocus);
        resolve(signedIn);
      };
      const off = addListener('signedin', () => finish(true));
      // The user came back without a sign-in, unless the read emits one.
      const giveUp = () => finish(false);
      const onFocus = () => readSession().then(giveUp, giveUp);
      page.addEventListener('focus', onFocus);
    });
  }

  return async function login({ returnTo, popup, loginUrl, ...params } = {}) {
    const url = new URL(loginPath, location.href);
    for (const [name, value] of Object.entries({
      ...(loginUrl && stepUpParamsOf(loginUrl, url)),
      ...params,
      returnTo: popup ? signedInPath : (returnTo ?? location.href.slice(location.origin.length)),
    }))
      url.searchParams.set(name, value);
    return popup ? inPopup(url.href) : leave(location, url.href);
  };
}
