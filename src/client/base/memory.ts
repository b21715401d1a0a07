/** What this tab remembers across its pages; a browser may refuse access to its storage. */
import type { Page } from './types.ts';

/** Set after this tab tried a silent sign-in, or the user signed out: it does not try again on its own. */
const ASKED = 'bff-asked';

export type Memory = ReturnType<typeof createMemory>;

export function createMemory(page: Page) {
  function attempt<Value>(action: (storage: Page['sessionStorage']) => Value): Value | undefined {
    try {
      return action(page.sessionStorage);
    } catch {
      return undefined;
    }
  }
  return {
    wasAsked: () => Boolean(attempt((storage) => storage.getItem(ASKED))),
    /** Returns whether the next page will know. */
    setAsked: () =>
      Boolean(
        attempt((storage) => {
          storage.setItem(ASKED, '1');
          return storage.getItem(ASKED);
        }),
      ),
    clearAsked: () => attempt((storage) => storage.removeItem(ASKED)),
  };
}
