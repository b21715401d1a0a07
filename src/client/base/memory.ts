/** What this tab remembers across its pages; a browser may refuse access to its storage. */
import type { Page } from './types.ts';

/** Set after this tab tried a silent sign-in, or the user signed out: it does not try again on its own. */
const ASKED = 'bff-asked';

export type Memory = ReturnType<typeof createMemory>;

export function createMemory(page: Page) {
  const attempt = <Value>(action: () => Value): Value | undefined => {
    try {
      return action();
    } catch {
      return undefined;
    }
  };
  return {
    wasAsked: () => attempt(() => page.sessionStorage.getItem(ASKED)) != null,
    /** Returns whether the next page will know. */
    setAsked: () =>
      attempt(() => {
        page.sessionStorage.setItem(ASKED, '1');
        return true;
      }) ?? false,
    clearAsked: () => attempt(() => page.sessionStorage.removeItem(ASKED)),
  };
}
