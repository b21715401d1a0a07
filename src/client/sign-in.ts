/** Sign-in from the page: by navigation, or in a popup. */
import type { Events } from './base/events.ts';
import { singleFlight } from './base/single-flight.ts';
import type { Client, Page, Popup, Session } from './base/types.ts';
import type { GatewayRequests } from './gateway-requests.ts';
import { markOf } from './known-session.ts';
import type { SessionState } from './session-state.ts';
import { stepUpParamsOf } from './step-up-params.ts';
import { leavePage } from './window/departure.ts';
import { openPopup, watchPopup } from './window/popup.ts';

export function createSignIn(
  page: Page,
  { loginAddress, signedInPath, gatewayOrigin }: GatewayRequests,
  { closeSignal, knownSession, readSession, sessionMark, signOutGuard }: SessionState,
  { addListener }: Events,
): Client['login'] {
  const { location } = page;
  let popup: Popup | undefined;

  const isSignedIn = (isChanged: (session: Session) => boolean) =>
    readSession().then(
      (session) => session.authenticated && isChanged(session),
      () => false,
    );

  /** Resolves when the session changes, or when the popup is closed without that. */
  function untilDone(opened: Popup): Promise<boolean> {
    return new Promise((resolve) => {
      let before = sessionMark();
      // Without this read, a sign-in of a client that was not used before would not count as a change.
      if (before === undefined)
        knownSession().then(
          (session) => {
            before ??= markOf(session);
          },
          () => undefined,
        );
      const finish = (signedIn: boolean) => {
        off();
        stopWatching();
        popup = undefined;
        resolve(signedIn);
      };
      const off = addListener('signedin', () => finish(true));
      closeSignal.addEventListener('abort', () => finish(false));
      const stopWatching = watchPopup(page, opened, () => {
        void isSignedIn((session) => markOf(session) !== before).then(finish);
      });
    });
  }

  const inPopup = singleFlight<string, boolean>(async (url) => {
    popup = openPopup(page, url);
    return popup ? untilDone(popup) : false;
  });

  return async function login({ returnTo, popup: asPopup, loginUrl, ...params } = {}) {
    const url = new URL(loginAddress);
    const here = location.origin === gatewayOrigin ? location.href.slice(gatewayOrigin.length) : location.href;
    for (const [name, value] of Object.entries({
      ...(loginUrl && stepUpParamsOf(loginUrl, url)),
      ...params,
      returnTo: asPopup ? signedInPath : (returnTo ?? here),
    }))
      if (typeof value === 'string') url.searchParams.set(name, value);
    // The sign-in would stop the navigation to the sign-out of the provider.
    if (signOutGuard.isLeaving()) return false;
    if (asPopup) {
      popup?.focus?.();
      return inPopup(url.href);
    }
    await leavePage(page, url.href, closeSignal);
    return isSignedIn(() => true);
  };
}
