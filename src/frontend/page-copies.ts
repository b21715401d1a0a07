/** Copies of index pages that outlive a reload of the configuration: while a server is down, the next gateway serves the same. */
import type { IndexPage } from './index-page.ts';

/** The copy of one URL, for one user of it. */
export interface HeldCopy {
  /** Undefined until a page was loaded. */
  latest(): IndexPage | undefined;
  replace(page: IndexPage): void;
  /** The copy is dropped when its last user released it. */
  release(): void;
}

export interface PageCopies {
  hold(url: string): HeldCopy;
}

/** Creates the copies of a process. */
export function createPageCopies(): PageCopies {
  const entries = new Map<string, { page: IndexPage | undefined; users: number }>();
  return {
    hold(url) {
      const entry = entries.get(url) ?? { page: undefined, users: 0 };
      entries.set(url, entry);
      entry.users += 1;
      let released = false;
      return {
        latest: () => entry.page,
        replace(page) {
          entry.page = page;
        },
        release() {
          if (released) return;
          released = true;
          entry.users -= 1;
          if (entry.users === 0) entries.delete(url);
        },
      };
    },
  };
}
