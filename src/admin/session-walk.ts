/** Walks over the sessions of several apps: one walk over the store, in which each app opens the keys with its tag. */
import { tagOf } from '../base/tagged-name.ts';
import type { ActiveSession } from '../session/session-types.ts';
import { ALL_APPS, type KeyPage, type Store } from '../store/port/store.ts';
import type { AppSessions, SessionSelector } from './app-sessions.ts';

/** Some sessions of one app. */
export interface AppBatch {
  readonly app: AppSessions;
  readonly sessions: readonly ActiveSession[];
}

export interface SessionWalk {
  /** The sessions of a page of the store, and the cursor of the next page; undefined after the last page. */
  page(cursor: string | undefined, count: number): Promise<{ batches: AppBatch[]; cursor: string | undefined }>;
  /** The selected sessions. Between two batches other requests run. */
  select(selector: SessionSelector): AsyncIterable<AppBatch>;
  /** All sessions. */
  all(): AsyncIterable<AppBatch>;
}

/** Keys per step of a walk over all sessions; Redis counts keys of every type. */
const SCAN_SIZE = 500;

/** Creates the walks over apps. Sessions of other apps, such as those of another gateway on the same store, are left alone. */
export function createSessionWalk(apps: readonly AppSessions[], { index }: Pick<Store, 'index'>): SessionWalk {
  const byTag = new Map(apps.map((entry) => [entry.app.tag, entry]));
  const [first, ...further] = apps;
  const tag = first && further.length === 0 ? first.app.tag : ALL_APPS;

  async function* open({ keys }: KeyPage): AsyncIterable<AppBatch> {
    for (const [ofTag, own] of Map.groupBy(keys, tagOf)) {
      const app = byTag.get(ofTag);
      if (app) for await (const sessions of app.withKeys(own)) yield { app, sessions };
    }
  }

  return {
    async page(cursor, count) {
      const page = await index.scan(cursor, count, tag);
      return { batches: await Array.fromAsync(open(page)), cursor: page.cursor };
    },
    async *select(selector) {
      const [name, value] = selector;
      const owner = byTag.get(tagOf(value));
      // The key of a session names its app.
      const searched = name !== 'id' ? apps : owner ? [owner] : [];
      for (const app of searched) for await (const sessions of app.select(selector)) yield { app, sessions };
    },
    async *all() {
      let cursor: string | undefined;
      do {
        const page = await index.scan(cursor, SCAN_SIZE, tag);
        yield* open(page);
        cursor = page.cursor;
      } while (cursor !== undefined);
    },
  };
}
