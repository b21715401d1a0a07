/** Connects the tabs of a browser: each notifies the others of a change, and checks again when the user returns to it. */
import type { Page } from '../base/types.ts';
import { listen } from './listen.ts';

/**
 * The messages between tabs; any other message is the mark of the session in the tab that sends it. `SIGN_OUT` is followed by the
 * mark of the session that ends; a new page asks for it with `LOADED`.
 */
export const SIGN_OUT = '!out';
export const STILL_SIGNED_IN = '!in';
export const LOADED = '!new';

/** Events of one return to the tab, such as its visibility and its focus, are this close, unless the user leaves it in between. */
const SAME_RETURN_MS = 1_000;

/** The part of a PageTransitionEvent that is used; other events have no `persisted`. */
type PageEvent = Event & { persisted?: boolean };

export type TabSync = ReturnType<typeof createTabSync>;

/**
 * `onMessage` gets the messages of other tabs of the app, which `basePath` names; `onReturn` is called when the user, or the network,
 * returns to this tab.
 */
export function createTabSync(
  page: Page,
  basePath: string,
  onMessage: (message: string) => void,
  onReturn: () => void,
) {
  const { document } = page;
  let channel = page.BroadcastChannel && new page.BroadcastChannel(`bff-gateway${basePath}`);
  let returnedAt = 0;

  const stopListening = listen(
    [
      [document, 'visibilitychange'],
      [page, 'pageshow'],
      [page, 'focus'],
      [page, 'blur'],
      [page, 'online'],
    ],
    (event) => {
      const now = Date.now();
      const blurred = event.type === 'blur';
      const left = blurred || document.visibilityState !== 'visible';
      // The document keeps the focus when it moves to a frame of the page.
      if (left && !(blurred && document.hasFocus())) returnedAt = 0;
      // A page from the back-forward cache has missed everything since, however short that was, and may not be visible yet.
      if (!(event as PageEvent).persisted && (left || Math.abs(now - returnedAt) < SAME_RETURN_MS)) return;
      returnedAt = now;
      onReturn();
    },
  );
  channel?.addEventListener('message', (event) => onMessage((event as MessageEvent).data));

  return {
    notifyTabs: (message: string) => channel?.postMessage(message),
    closeTab() {
      stopListening();
      channel?.close();
      channel = undefined;
    },
  };
}
