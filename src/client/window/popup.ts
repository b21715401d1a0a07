/** Watches a popup until its sign-in ends or the user closes it. */
import type { Page, Popup } from '../base/types.ts';

/** A second sign-in of this page uses the same window. */
const NAME = 'bff-sign-in';
const FEATURES = 'popup,width=480,height=720';
const CHECK_MS = 250;
/** How soon after a popup is closed the page has the focus. */
const RETURNING_MS = 2 * CHECK_MS;
/** How long the page has the focus, without a visible popup, until the popup counts as closed. */
const RETURNED_MS = 5_000;

/** Opens the popup; undefined if the browser blocks it. */
export const openPopup = (page: Page, url: string): Popup | undefined => page.open(url, NAME, FEATURES) ?? undefined;

/**
 * Calls `onClosed` once the popup is closed; returns the function that stops watching. Any page in the popup may have a
 * Cross-Origin-Opener-Policy, which cuts the link to the popup (HTML section 7.1.3): it then looks closed while the user types a
 * password. A user who closes it gets back to this page in that moment; otherwise this page must have had the focus for a while.
 */
export function watchPopup(page: Page, popup: Popup, onClosed: () => void): () => void {
  /** The page had no focus when the popup was last seen open. */
  let away = false;
  let closed = 0;
  let present = 0;
  const timer = setInterval(() => {
    const focused = page.document.hasFocus();
    if (!popup.closed) {
      away = !focused;
      return;
    }
    closed += CHECK_MS;
    present = focused ? present + CHECK_MS : 0;
    const returned = away && focused && closed <= RETURNING_MS;
    if (!returned && present < RETURNED_MS) return;
    clearInterval(timer);
    onClosed();
  }, CHECK_MS);
  return () => clearInterval(timer);
}
