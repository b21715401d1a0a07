/** Navigates away, and detects that the page stayed after all. */
import type { Page } from '../base/types.ts';
import { listen } from './listen.ts';

/** A navigation that has not replaced the page by then counts as failed, in browsers that do not report it. */
const STAYED_MS = 30_000;

/**
 * Navigates to `url`. Resolves only if the page is still there: the user stopped the navigation or chose to stay, it led to
 * no page, or the page was restored from the back-forward cache. Also resolves when the client is closed meanwhile.
 */
export function leavePage(page: Page, url: string, closeSignal: AbortSignal): Promise<void> {
  const { navigation } = page;
  return new Promise((resolve) => {
    let begun = false;
    const stayed = () => {
      clearTimeout(timer);
      stopListening();
      resolve();
    };
    const stopListening = listen(
      [
        [navigation, 'navigate'],
        // Reports a stopped navigation, also one that a `beforeunload` dialog stopped.
        [navigation, 'navigateerror'],
        [page, 'pageshow'],
        // Without that report: the user goes on with this page.
        [page, 'pointerdown'],
        [page, 'keydown'],
        [closeSignal, 'abort'],
      ],
      (event) => {
        if (event.type === 'navigate') begun = true;
        // An error before that is of an earlier navigation; another `pageshow` belongs to the page that is still loading.
        else if (begun && (event.type !== 'pageshow' || (event as Event & { persisted?: boolean }).persisted)) stayed();
      },
    );
    const timer = setTimeout(stayed, STAYED_MS);
    // A `beforeunload` dialog is shown, and answered, within this call.
    page.location.assign(url);
    begun = true;
  });
}
