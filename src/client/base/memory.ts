/** What this tab remembers across its pages; a browser may refuse access to its storage. */
import type { Page } from './types.ts';

/** Set after this tab tried a silent sign-in, or the user signed out: it does not try again on its own. */
const ASKED_KEY = 'bff-asked';

export type Memory = ReturnType<typeof createMemory>;

/** `basePath` separates the apps of one origin, which share the storage. */
export function createMemory(page: Page, basePath: string) {
  const asked = ASKED_KEY + basePath;

  function attempt<Value>(action: (storage: Page['sessionStorage']) => Value): Value | undefined {
    try {
      return action(page.sessionStorage);
    } catch {
      return undefined;
    }
  }
  return {
    wasAsked: () => Boolean(attempt((storage) => storage.getItem(asked))),
    /** Returns whether the next page will know. */
    setAsked: () =>
      Boolean(
        attempt((storage) => {
          storage.setItem(asked, '1');
          return storage.getItem(asked);
        }),
      ),
    clearAsked: () => attempt((storage) => storage.removeItem(asked)),
  };
}
