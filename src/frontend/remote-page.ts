/** Keeps a copy of an index page that is published elsewhere: loads it, revalidates it, and keeps it while its server is down. */
import { messageOf } from '../base/errors.ts';
import { describeError, type Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import type { FetchPage } from './fetch-page.ts';
import { type IndexPage, readIndexPage } from './index-page.ts';
import type { HeldCopy } from './page-copies.ts';

export type PageState = { ready: true } | { ready: false; reason: string };

export interface RemotePage {
  /** The copy that browsers get; undefined until the first one was loaded. */
  latest(): IndexPage | undefined;
  /** Ready with a copy, however old. */
  state(): PageState;
  /** Starts to load and revalidate. Resolves after the first attempt, or at once with a copy of an earlier gateway. */
  start(): Promise<void>;
  stop(): void;
}

export interface RemotePageOptions {
  readonly url: string;
  /** Milliseconds between two revalidations. */
  readonly refresh: number;
  readonly maxSize: number;
  readonly fetchPage: FetchPage;
  readonly copy: HeldCopy;
  /** Files that a page loads from the gateway, which does not serve them. */
  readonly localReferences: (body: Buffer) => readonly string[];
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'countIndexPage'>;
  readonly clock: () => number;
}

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;

/** The address for logs, without the query, which may hold a signature. */
function plainAddress(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** Creates the page; nothing is requested before `start`. One request at a time is sent. */
export function createRemotePage(options: RemotePageOptions): RemotePage {
  const { refresh, maxSize, fetchPage, copy, metrics, clock } = options;
  const log = options.log.child({ url: plainAddress(options.url) });
  let reason = 'it was not loaded yet';
  let failures = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  /** Loads the page, or confirms the copy. */
  async function load(): Promise<'loaded' | 'unchanged'> {
    const known = copy.latest();
    const response = await fetchPage(known?.validators ?? []);
    if (response.status === 304 && known) return 'unchanged';
    if (response.status !== 200) throw new Error(`its server responded with status ${response.status}`);
    const page = await readIndexPage(response, maxSize, clock());
    copy.replace(page);
    return page.etag === known?.etag ? 'unchanged' : 'loaded';
  }

  function logLoaded(): void {
    const body = copy.latest()?.body ?? Buffer.alloc(0);
    log.info({ bytes: body.length }, 'index page loaded');
    const files = options.localReferences(body);
    if (files.length > 0)
      log.warn(
        { files },
        'the index page loads files from the gateway, which serves none: build it with the URL of their folder',
      );
  }

  function succeed(outcome: 'loaded' | 'unchanged'): void {
    metrics.countIndexPage(outcome);
    if (outcome === 'loaded') logLoaded();
    else if (failures > 0) log.info({}, 'index page confirmed by its server again');
    failures = 0;
    schedule(refresh);
  }

  function fail(error: unknown): void {
    metrics.countIndexPage('failed');
    reason = messageOf(error);
    const known = copy.latest();
    const retryInMs = known ? refresh : Math.min(refresh, RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10));
    failures += 1;
    const consequence = known ? `serving the copy of ${new Date(known.loadedAt).toISOString()}` : 'pages get 503';
    log.warn({ err: describeError(error), retryInMs }, `failed to load the index page; ${consequence}`);
    schedule(retryInMs);
  }

  function schedule(delayMs: number): void {
    if (!stopped) timer = setTimeout(() => void attempt(), delayMs).unref();
  }

  const attempt = () => load().then(succeed, fail);

  return {
    latest: copy.latest,
    state: () =>
      copy.latest() ? { ready: true } : { ready: false, reason: `the index page is unavailable: ${reason}` },
    async start() {
      const first = attempt();
      if (!copy.latest()) await first;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      copy.release();
    },
  };
}
