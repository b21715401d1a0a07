/** Watches a popup until its sign-in ends or the user closes it. */
import type { Page, Popup } from '../base/types.ts';

/** A second sign-in of this page uses the same window. */
const NAME = 'bff-sign-in';
const FEATURES = 'popup,width=480,height=720';
const CHECK_MS = 250;
/** How long the page has the focus, without a visible popup, until the popup counts as closed. */
const RETURNED_MS = 5_000;

/** Opens the popup; undefined if the browser blocks it. */
export const openPopup = (page: Page, url: string): Popup | undefined => page.open(url, NAME, FEATURES) ?? undefined;

/** Whether the popup shows a page of another origin that this page may still observe. */
function isElsewhere(popup: Popup): boolean {
  try {
    return popup.location?.href === undefined;
  } catch {
    return true;
  }
}

/**
 * Calls `onClosed` once the popup is closed; returns the function that stops watching. A page with a
 * Cross-Origin-Opener-Policy cuts the link to the popup (HTML section 7.1.3), which then looks closed while the user types a
 * password. Only a popup whose link outlasted the change to the provider is known to be closed; for any other one, this page
 * must have had the focus for a while.
 */
export function watchPopup(page: Page, popup: Popup, onClosed: () => void): () => void {
  let linked = false;
  let present = 0;
  const timer = setInterval(() => {
    if (!popup.closed) {
      linked ||= isElsewhere(popup);
      return;
    }
    present = page.document.hasFocus() ? present + CHECK_MS : 0;
    if (!linked && present < RETURNED_MS) return;
    clearInterval(timer);
    onClosed();
  }, CHECK_MS);
  return () => clearInterval(timer);
}
